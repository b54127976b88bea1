/** The live page's files: all that the page names is there, and nothing comes from outside. */
import { expect, test } from "vitest";
import { bundlePage } from "../../../hosts/demo/page-files.ts";

test("the page names its own files and no others", async () => {
  const files = await bundlePage();
  const index = Buffer.from(files.get("/index.html")?.content ?? "").toString();
  const named = [...index.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, path = ""]) => path);
  expect(new Set(["/index.html", ...named])).toEqual(new Set(files.keys()));
  expect(index).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|javascript:/i);
});

test("scripts and styles name no address but this machine and the namespaces of markup", async () => {
  const files = await bundlePage();
  const texts = [...files.values()].map(({ content }) => Buffer.from(content).toString());
  const hosts = texts
    .flatMap((text) => [...text.matchAll(/\b(?:https?|wss?):\/\/([^/"'`\s${]*)/g)])
    .map(([, host]) => host);
  expect(new Set(hosts)).toEqual(new Set(["127.0.0.1:", "www.w3.org"]));
});

test("each file has its type, and the bundle is small", async () => {
  const files = await bundlePage();
  expect([...files].map(([path, { type }]) => [path, type.split(";")[0]])).toEqual([
    ["/index.html", "text/html"],
    ["/style.css", "text/css"],
    ["/main.js", "text/javascript"],
    ["/icon.svg", "image/svg+xml"],
  ]);
  expect(files.get("/main.js")?.content.length).toBeLessThan(64 * 1024);
});
