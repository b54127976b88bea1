/** The pages that the console serves. */
import { expect, test } from "vitest";
import { consoleFiles, plainFiles } from "../../../../hosts/cli/console/console-files.ts";

test("are the console's own, bundled", { timeout: 60_000 }, async () => {
  expect([...(await consoleFiles()).keys()]).toEqual(expect.arrayContaining(["/index.html", "/main.js", "/main.css"]));
});

test("or one page that says that there are none, without a script", () => {
  const page = new TextDecoder().decode(plainFiles().get("/index.html")?.content);
  expect(page).toContain("API is up");
  expect(page).not.toContain("<script");
});
