/**
 * Whatever a real parser reads of a request, the core has seen: where a parser finds the attack in an odd body, query
 * or cookie, the request is blocked, or at least told as one that readers disagree about. The same with a harmless
 * value is not blocked.
 */
import { describe, expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { requireOrSkip } from "../../tools/component.ts";
import { ask } from "../attack.ts";
import { bodyOf, CASES, requestOf, typeOf, VALUES } from "./cases.ts";
import { LANGUAGES } from "./readers.ts";

/** Cases in which a language must find the attack, so that a parser that reads nothing shows. */
const FOUND_MIN = 20;
const engine = Engine.load();
const ALL = CASES.flatMap((one) => VALUES.map((values) => ({ ...values, one, title: `${one.kind}, ${one.name}` })));

describe.each(LANGUAGES)("what $name reads", ({ open }) => {
  test("is seen", { timeout: 120_000 }, async (context) => {
    const reader = requireOrSkip(context, await open());
    const lost: string[] = [];
    let found = 0;
    for (const { one, title, attack } of ALL) {
      const values = await reader.read(one.kind, typeOf(one, attack), bodyOf(one, attack));
      if (!values.some((value) => value.includes(attack))) continue;
      found++;
      const { blocked, anomalies } = ask(engine, requestOf(one, attack));
      if (!blocked && !(one.told === true && anomalies.length > 0)) lost.push(`${title}: ${attack}`);
    }
    reader.close();
    expect(lost).toEqual([]);
    expect(found).toBeGreaterThan(FOUND_MIN);
  });
});

describe("what other back ends read", () => {
  test.each(ALL.filter(({ one }) => one.readBy !== undefined))("is seen: $title, $attack", ({ one, attack }) => {
    const { blocked, anomalies } = ask(engine, requestOf(one, attack));
    expect(blocked || (one.told === true && anomalies.length > 0), one.readBy).toBe(true);
  });
});

describe("a harmless value", () => {
  test.each(ALL.filter(({ one }) => one.suspect !== true))("passes: $title, $harmless", ({ one, harmless }) => {
    const { blocked, stamps } = ask(engine, requestOf(one, harmless));
    expect({ blocked, stamps }).toEqual({ blocked: false, stamps: [] });
  });
});

test("every case has a name of its own", () => {
  const names = CASES.map(({ kind, name }) => `${kind} ${name}`);
  expect(new Set(names).size).toBe(names.length);
});
