/** The console's files: whole, small, and made for the content policy that they are served with. */
import { expect, test } from "vitest";
import { bundleConsole, CONSOLE_CONTENT_POLICY } from "../../../hosts/web/page-files.ts";

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

test("forbid inline code, foreign loads, frames and types that would make text code", () => {
  const rules = new Map(CONSOLE_CONTENT_POLICY.split("; ").map((rule) => [rule.split(" ")[0], rule]));
  expect(rules.get("default-src")).toBe("default-src 'none'");
  expect(rules.get("script-src")).toBe("script-src 'self'");
  expect(rules.get("frame-ancestors")).toBe("frame-ancestors 'none'");
  expect(rules.get("trusted-types")).toBe("trusted-types 'none'");
  expect(CONSOLE_CONTENT_POLICY).not.toContain("unsafe");
});
