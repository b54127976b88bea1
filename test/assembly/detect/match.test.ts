/** Findings: each signature once a value, at the tightest bytes, with what the catalog says of it. */
import { expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { ATTACK } from "../requests.ts";

const engine = Engine.load();

test("a match carries the catalog's words", () => {
  const transaction = engine.begin("", 0);
  transaction.raw(Buffer.from(`GET /?a=${ATTACK}&b=${ATTACK} HTTP/1.1\r\n\r\n`));
  transaction.end();
  const { matches } = transaction.verdict();
  transaction.free();
  expect(matches.map(({ point }) => point)).toEqual(["query.a", "query.b"]);
  for (const { stamp, type, cwe, severity, reason } of matches) {
    const known = engine.signatures.find((one) => one.stamp === stamp);
    expect({ stamp, type, cwe, severity, reason }).toEqual(known);
  }
});

test("every signature of the catalog is complete", () => {
  for (const { stamp, type, cwe, severity, reason } of engine.signatures) {
    expect(stamp.startsWith(`${type.replaceAll("_", "-")}-`), stamp).toBe(true);
    expect(cwe.every((number) => /^CWE-\d+$/.test(number)) && cwe.length > 0, stamp).toBe(true);
    expect(severity).toBeGreaterThanOrEqual(1);
    expect(severity).toBeLessThanOrEqual(5);
    expect(reason.length, stamp).toBeGreaterThan(10);
  }
});
