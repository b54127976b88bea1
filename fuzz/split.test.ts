/** However a request is cut and handed over, the core gives the same answer. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Core, type Pair } from "../test/assembly/core.ts";
import { deliverParts, deliverRaw, headOf } from "../test/conformance/delivery.ts";
import { type Message, readMessage } from "../test/conformance/message.ts";
import { FRAGMENTS } from "./fragments.ts";
import { PLACES, place } from "./placement.ts";
import { anyValue, check } from "./property.ts";

const RUNS = 1500;
const core = new Core("checked");
const value = anyValue(FRAGMENTS);
const name = fc.constantFrom("a", "id", "q", "file[]", "x y", "");
const pairs: fc.Arbitrary<Pair[]> = fc.array(fc.tuple(name, value), { maxLength: 4 });
const message = fc
  .tuple(fc.constantFrom(...PLACES), value, pairs)
  .map(([where, text, others]) => place(where, text, others));
/** Cuts as parts of the whole, so that shrinking a message keeps them inside. */
const cutParts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

function cutsIn(size: number, parts: readonly number[]): number[] {
  return parts.map((part) => Math.floor(part * size)).sort((a, b) => a - b);
}

function toRaw({ method, target, fields, body }: Message): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, "Host: shop.example", ...fields.map((field) => field.join(": "))];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

test("cuts of a body do not show", () => {
  check(
    fc.property(message, cutParts, (one, parts) => {
      const whole = deliverParts(core, one, []);
      const cut = deliverParts(core, one, cutsIn(one.body.length, parts));
      expect(cut.line).toBe(whole.line);
      expect(cut.record.equals(whole.record)).toBe(true);
    }),
    RUNS,
  );
});

test("cuts of a raw request do not show, even where it is damaged", () => {
  const damage = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 }));
  check(
    fc.property(message, fc.array(damage, { maxLength: 3 }), cutParts, (one, wounds, parts) => {
      const raw = toRaw(one);
      for (const [where, byte] of wounds) raw[Math.floor(where * (raw.length - 1))] = byte;
      const whole = deliverRaw(core, raw, []);
      const cut = deliverRaw(core, raw, cutsIn(raw.length, parts));
      expect(cut.line).toBe(whole.line);
      expect(cut.record.equals(whole.record)).toBe(true);
    }),
    RUNS,
  );
});

test("raw or in parts, as long as a strict reader takes it", () => {
  let compared = 0;
  check(
    fc.property(message, (one) => {
      const raw = toRaw(one);
      const read = readMessage(raw);
      if (typeof read === "string") return;
      compared++;
      expect(deliverParts(core, read, []).line).toBe(deliverRaw(core, raw, []).line);
    }),
    RUNS,
  );
  expect(compared).toBeGreaterThan(RUNS / 10);
});

test("case and position of field names do not show", () => {
  check(
    fc.property(message, fc.infiniteStream(fc.boolean()), (one, upper) => {
      const whole = deliverParts(core, one, []);
      const shout = (text: string): string =>
        [...text].map((letter) => (upper.next().value === true ? letter.toUpperCase() : letter)).join("");
      const fields = one.fields.map(([field, text]): Pair => [shout(field), text]);
      const other = deliverParts(core, { ...one, fields }, []);
      expect(headOf({ ...one, fields }).length).toBe(4 + fields.length);
      expect(other.line).toBe(whole.line);
    }),
    RUNS / 3,
  );
});
