/** What an exception would let in, by the core: its own stamp at its own point, and nothing beside. */
import { expect, test } from "vitest";
import { effectOf, printEffect, requestAt } from "../../../hosts/cli/exception-effect.ts";
import { Engine } from "../../../hosts/core/engine.ts";
import type { Exception } from "../../../hosts/policy/exception.ts";
import { parseTemplate } from "../../../hosts/policy/match.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";
import { Collector } from "./stage.ts";

function exceptionAt(point: string | undefined, ignore: Partial<Exception["ignore"]>, path = "/a/*/**"): Exception {
  const template = parseTemplate(path);
  if (typeof template === "string") throw new Error(template);
  return {
    ...{ name: "one", match: { path: template, host: "*.shop.example" }, point, reason: "a test" },
    ignore: { stamps: [], types: [], all: false, ...ignore },
    expiresAt: 4_000_000_000,
  };
}

test.each([
  "query.id",
  "header.X-NAME",
  "header.COOKIE.cookie.session",
  "post.form_urlencoded.text",
  "post.json_doc.hash.a.array.hash.body",
  "post.json_doc.**",
])("a text stands at %s", (point) => {
  const request = requestAt(exceptionAt(point, { all: true }), "1' OR '1'='1' -- ") ?? Buffer.alloc(0);
  const engine = Engine.load();
  const transaction = engine.begin("127.0.0.1", 1_800_000_000);
  transaction.raw(request);
  transaction.end();
  const { matches } = transaction.verdict();
  transaction.free();
  const names = point.replace(/\.\*\*$/, "").split(".");
  expect(
    matches
      .map((match) => match.point)[0]
      ?.split(".")
      .slice(0, names.length),
  ).toEqual(names);
});

test("one stamp admits its attacks, all of them everything, and a type what lies between", () => {
  const [stamp, type, all] = [{ stamps: ["sqli-union"] }, { types: ["sqli"] }, { all: true }].map((ignore) =>
    effectOf(defaultPolicy, [exceptionAt("all" in ignore ? "query.**" : "query.id", ignore)]),
  );
  expect(stamp?.admitted.length).toBeGreaterThan(0);
  expect(stamp?.admitted.every(({ type: own }) => own === "sqli")).toBe(true);
  expect(type?.admitted.length).toBeGreaterThan(stamp?.admitted.length ?? 0);
  expect(all?.admitted.length).toBe(all?.caught);
  expect(all?.caught).toBeGreaterThan(100);
});

test("an effect is printed with its attacks, and what was not tried out is said", () => {
  const stderr = new Collector();
  const io = { stdin: process.stdin, stdout: stderr, stderr, interactive: false };
  printEffect(
    effectOf(defaultPolicy, [exceptionAt("query.**", { all: true }), exceptionAt("path.x", { all: true })]),
    io,
  );
  expect(stderr.text).toMatch(/lets pass (\d+) of \1 known attacks/);
  expect(stderr.text).toMatch(/and \d+ more\n$/);
  expect(stderr.text).toContain("what passes at path.x was not tried out");
});
