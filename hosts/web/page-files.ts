/**
 * The console's files, bundled in memory when the server starts: one script, one style sheet, one page, one icon.
 * Nothing is written, nothing is loaded from outside, and nothing in them is inline.
 */
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

/** One file as it is served. */
export interface ConsoleFile {
  /** Its media type. */
  readonly type: string;
  readonly content: Uint8Array;
}
/** Files by path: `/index.html`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

/**
 * The content policy that the files are made for; whoever serves them sends it with each. Own files only, nothing
 * inline, no frames, and no text becomes markup or script: the page needs no trusted type, so none may be made.
 */
export const CONSOLE_CONTENT_POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HERE = new URL("./", import.meta.url);

/** Bundles the console; fails where its sources or the bundler are not there, as in an installation without them. */
export async function bundleConsole(): Promise<ConsoleFiles> {
  const { outputFiles } = await build({
    entryPoints: ["main.tsx", "style/main.css"].map((file) => ({ in: new URL(file, HERE).pathname, out: "main" })),
    bundle: true,
    write: false,
    minify: true,
    outdir: "/",
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "silent",
  });
  const made = (name: string): Uint8Array => {
    const file = outputFiles.find(({ path }) => path.endsWith(name));
    if (file === undefined) throw new Error(`the bundler made no ${name}`);
    return file.contents;
  };
  return new Map([
    ["/index.html", { type: "text/html; charset=utf-8", content: await readFile(new URL("index.html", HERE)) }],
    ["/main.js", { type: "text/javascript; charset=utf-8", content: made("main.js") }],
    ["/main.css", { type: "text/css; charset=utf-8", content: made("main.css") }],
    ["/icon.svg", { type: "image/svg+xml", content: await readFile(new URL("icon.svg", HERE)) }],
  ]);
}
