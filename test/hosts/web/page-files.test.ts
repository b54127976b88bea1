/** The console's files: whole, small, and nothing in them that a content policy would have to allow. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { buildConsole, bundleConsole } from "../../../hosts/web/page-files.ts";

/** Both together are less than one picture of a shop. */
const SCRIPT_BYTES_MAX = 256 * 1024;

test("are one page, one script, one style sheet and one icon, nothing inline and nothing from elsewhere", async () => {
  const files = await bundleConsole();
  expect([...files.keys()].sort()).toEqual(["/icon.svg", "/index.html", "/main.css", "/main.js"]);
  const text = (path: string): string => Buffer.from(files.get(path)?.content ?? "").toString();
  expect(text("/index.html")).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+=/);
  expect(text("/index.html")).not.toMatch(/(?:src|href)="(?!\/)/);
  expect(text("/main.css")).not.toMatch(/@import|url\(/);
  expect(text("/main.css")).toContain(".uplot");
  expect(text("/main.js").length).toBeGreaterThan(10_000);
  expect(text("/main.js").length).toBeLessThan(SCRIPT_BYTES_MAX);
  expect(text("/main.js")).not.toMatch(/\beval\(|new Function\(|insertAdjacentHTML|document\.write/);
});

test("are those that an image brought along, and those of the sources where one of them is missing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "merlon-pages-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const brought = pathToFileURL(`${folder}/`);
  for (const name of ["index.html", "main.js", "main.css"]) writeFileSync(join(folder, name), name);
  expect(await bundleConsole(brought)).toEqual(await buildConsole());
  writeFileSync(join(folder, "icon.svg"), "icon.svg");
  const files = await bundleConsole(brought);
  expect(Buffer.from(files.get("/main.js")?.content ?? "").toString()).toBe("main.js");
  expect(files.get("/main.css")?.type).toBe("text/css; charset=utf-8");
});
