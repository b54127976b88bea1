/** The console's pages, or, where this installation has neither their sources nor a bundler, a page that says so. */
import type { PageFile } from "../../postanalytics/api/app.ts";

const PLAIN = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Merlon</title>
<h1>Merlon's API is up</h1><p>This installation has no pages. See <a href="/api/openapi.json">the API</a>, or use
<code>merlon attacks</code>.</p></html>`;

/** @returns the pages by path */
export async function consoleFiles(): Promise<ReadonlyMap<string, PageFile>> {
  try {
    const { bundleConsole } = await import("../../web/page-files.ts");
    return await bundleConsole();
  } catch {
    return plainFiles();
  }
}

/** @returns the page that says that there are none */
export function plainFiles(): ReadonlyMap<string, PageFile> {
  return new Map([["/index.html", { type: "text/html; charset=utf-8", content: new TextEncoder().encode(PLAIN) }]]);
}
