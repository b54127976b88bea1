/**
 * The console's files: one script, one style sheet, one page, one icon; nothing is loaded from outside, and nothing in
 * them is inline. They are bundled in memory when the server starts; an image brings them along instead.
 */
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

/** One file as it is served. */
export interface ConsoleFile {
  /** Its media type. */
  readonly type: string;
  readonly content: Uint8Array<ArrayBuffer>;
}
/** Files by path: `/index.html`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

const TYPES = {
  "/index.html": "text/html; charset=utf-8",
  "/main.js": "text/javascript; charset=utf-8",
  "/main.css": "text/css; charset=utf-8",
  "/icon.svg": "image/svg+xml",
} as const;
type Path = keyof typeof TYPES;

const HERE = new URL("./", import.meta.url);
/** Where an image has them: from this file's place, and from that of the bundled command line, it is the same way. */
const BROUGHT = new URL("../web/bundle/", import.meta.url);

/**
 * The files that an image brings along, else those of the sources.
 * @throws Error where there are neither, or no bundler
 */
export async function bundleConsole(brought: URL = BROUGHT): Promise<ConsoleFiles> {
  return (await readBundle(brought)) ?? (await buildConsole());
}

async function readBundle(folder: URL): Promise<ConsoleFiles | null> {
  try {
    return await filesOf((path) => readFile(new URL(`.${path}`, folder)));
  } catch {
    return null;
  }
}

/** Bundles the sources. @throws Error where they or the bundler are not there, as in an installation without them */
export async function buildConsole(): Promise<ConsoleFiles> {
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
  return await filesOf(async (path) => {
    const made = outputFiles.find((file) => file.path.endsWith(path));
    return made?.contents ?? (await readFile(new URL(`.${path}`, HERE)));
  });
}

async function filesOf(read: (path: Path) => Promise<Uint8Array>): Promise<ConsoleFiles> {
  const file = async (path: Path): Promise<[string, ConsoleFile]> => {
    return [path, { type: TYPES[path], content: new Uint8Array(await read(path)) }];
  };
  return new Map(await Promise.all([file("/index.html"), file("/main.js"), file("/main.css"), file("/icon.svg")]));
}
