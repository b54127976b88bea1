/**
 * Which lexers run is chosen by gates; fuzz/prefilter.test.ts proves that they hide nothing, this that they save work.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { ROOT } from "../../tools/component.ts";
import { lookedAt } from "../looked.ts";

test("values without a sign of an attack are given to no lexer", () => {
  const engine = Engine.load({ wasm: readFileSync(join(ROOT, "build/merlon.wasm")) });
  const { entries } = engine.trace(() => {
    const transaction = engine.begin("", 0);
    transaction.raw(Buffer.from("GET /shop?page=twelve&name=Ada+Lovelace HTTP/1.1\r\nHost: shop.example\r\n\r\n"));
    transaction.end();
    transaction.free();
  });
  const pairs = entries.filter(({ place }) => place === "query");
  expect(pairs.map(({ point }) => point)).toEqual(["query.page", "query.name"]);
  for (const { lexers, point } of pairs) expect(lexers, point).toEqual([]);
});

test("every layer of a value is looked at", () => {
  const looked = lookedAt({ target: "/?a=%2526lt%253Bx" }).filter(({ place }) => place === "query");
  expect(looked.map(({ text }) => text)).toEqual(["%26lt%3Bx", "&lt;x", "<x"]);
});
