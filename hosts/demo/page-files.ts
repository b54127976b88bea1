/**
 * The live page's files, bundled in memory when the demo starts: nothing is written, nothing is loaded from outside.
 */
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

/** One file as it is served. */
export interface PageFile {
  /** Its media type. */
  readonly type: string;
  readonly content: Uint8Array;
}
/** Files by path: `/index.html`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const PAGE = new URL("page/", import.meta.url);

/** Bundles the page; fails where its sources or the bundler are not there, as in an installation without them. */
export async function bundlePage(): Promise<PageFiles> {
  const { outputFiles } = await build({
    entryPoints: [new URL("main.tsx", PAGE).pathname],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "silent",
  });
  const script = outputFiles[0]?.contents ?? new Uint8Array();
  return new Map([
    ["/index.html", { type: "text/html; charset=utf-8", content: await readFile(new URL("index.html", PAGE)) }],
    ["/style.css", { type: "text/css; charset=utf-8", content: await readFile(new URL("style.css", PAGE)) }],
    ["/main.js", { type: "text/javascript; charset=utf-8", content: script }],
    ["/icon.svg", { type: "image/svg+xml", content: await readFile(new URL("icon.svg", PAGE)) }],
  ]);
}
