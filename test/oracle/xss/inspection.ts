/** What the core says about a value as a parameter and as a leaf of JSON. */
import { place } from "../../../fuzz/placement.ts";
import type { Engine } from "../../../hosts/core/engine.ts";

/** The places that must all catch a value. */
const PLACES = ["query", "json"] as const;

/** Whether the value is caught in at least one place. */
export function isBlocked(engine: Engine, value: string): boolean {
  return passesIn(engine, value).length < PLACES.length;
}

/** @returns places in which the value passes; empty when it is caught everywhere */
export function passesIn(engine: Engine, value: string): string[] {
  const bytes = Buffer.from(value, "utf8").toString("latin1");
  return PLACES.filter((where) => {
    const { method, target, authority, fields, body } = place(where, bytes);
    const transaction = engine.begin("203.0.113.9", 0);
    transaction.head({ method, target, authority, scheme: "http", rawHeaders: fields.flat() });
    transaction.body(body);
    transaction.end();
    const { wouldAction } = transaction.verdict();
    transaction.free();
    return wouldAction !== "block";
  });
}
