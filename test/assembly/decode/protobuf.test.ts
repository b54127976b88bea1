/** Protocol Buffers: texts of messages are looked at under the numbers of their fields. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { deliverParts } from "../../conformance/delivery.ts";
import { Core } from "../core.ts";
import { lookedAt, valuesIn } from "../looked.ts";
import { doubleField, numberField, sizedField } from "../protobuf-writer.ts";
import { ATTACK, ask } from "../requests.ts";
import { randomBytes } from "../scratch.ts";

const core = new Core("checked");
const TYPE = "application/x-protobuf";
const SEED = 11;

interface Part {
  readonly bytes: Buffer;
  /** `way=text` of each text, in order. */
  readonly texts: readonly string[];
}

const field = fc.integer({ min: 1, max: 3000 });
/** Text that is no message and that the core looks at once and as it is. */
const text = fc.stringMatching(/^'[g-z]{1,6} [ g-z"/]{1,20}'$/);
const message = fc.letrec<{ part: Part; message: Part }>((tie) => ({
  message: fc.array(tie("part"), { minLength: 1, maxLength: 4 }).map((parts) => ({
    bytes: Buffer.concat([numberField(1, 5), ...parts.map(({ bytes }) => bytes)]),
    texts: parts.flatMap(({ texts }) => texts),
  })),
  part: fc.oneof(
    { maxDepth: 4 },
    fc
      .tuple(field, text)
      .map(([number, content]) => ({ bytes: sizedField(number, content), texts: [`.${number}=${content}`] })),
    fc.tuple(field, fc.nat()).map(([number, value]) => ({ bytes: numberField(number, value), texts: [] })),
    fc.tuple(field, fc.double()).map(([number, value]) => ({ bytes: doubleField(number, value), texts: [] })),
    fc.tuple(field, tie("message")).map(([number, { bytes, texts }]) => ({
      bytes: sizedField(number, bytes),
      texts: texts.map((one) => `.${number}${one}`),
    })),
  ),
}));

test("all texts are looked at under their numbers, and nothing else", () => {
  check(
    fc.property(message.message, ({ bytes, texts }) => {
      const looked = lookedAt({ method: "POST", type: TYPE, body: bytes });
      expect(valuesIn(looked, ["json"], ["raw"])).toEqual(texts.map((one) => `post.protobuf${one}`));
    }),
    300,
  );
});

function send(body: Uint8Array | string, type = TYPE) {
  return ask(core, { method: "POST", type, body });
}

describe("fields longer than a window", () => {
  const long = "x".repeat(40_000);
  const inner = Buffer.concat([sizedField(1, "alice"), sizedField(2, long), sizedField(3, sizedField(1, ATTACK))]);

  test("are followed as messages, in any number of levels", () => {
    expect(send(sizedField(5, inner)).points).toEqual(["post.protobuf.5.3.1"]);
    expect(send(sizedField(6, sizedField(5, inner))).points).toEqual(["post.protobuf.6.5.3.1"]);
  });

  test("are text where their first byte begins no field", () => {
    const { points, anomalies } = send(sizedField(7, `'${long} ${ATTACK} `));
    expect({ points, anomalies }).toEqual({ points: ["post.protobuf.7"], anomalies: [] });
  });

  test("that are none after all are of the body, and what follows is read", () => {
    const body = Buffer.concat([sizedField(7, `\x08\x01\x07${long}`), sizedField(8, ATTACK)]);
    expect(send(body).points).toEqual(["post.protobuf.8"]);
  });

  test("cuts do not show", () => {
    const fields = [["content-type", TYPE] as const];
    const body = sizedField(6, sizedField(5, inner));
    const one = { method: "POST", target: "/", authority: "shop.example", fields, body, trailers: [] };
    const whole = deliverParts(core, one, []);
    for (const at of [1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 30, 31, 32, 33, 34, 35, 36, 20_000, 32_768, body.length - 2]) {
      expect(deliverParts(core, one, [at]).record.equals(whole.record)).toBe(true);
    }
  });
});

test("keys and check sums are no paths", () => {
  const random = randomBytes(SEED, 24_000);
  for (let at = 0; at < random.length; at += 24) {
    const body = Buffer.concat([
      sizedField(1, random.subarray(at, at + 16)),
      sizedField(2, random.subarray(at + 16, at + 24)),
    ]);
    expect(send(body).line).toBe("pass");
  }
});

test("letters above ASCII are text", () => {
  for (const text of [`Привет ${ATTACK}`, `caf\u00e9 ${ATTACK}`]) {
    expect(send(sizedField(1, Buffer.from(text))).points).toContain("post.protobuf.1");
  }
});

test("a text that could be a message is both", () => {
  const content = `\n ${ATTACK.padEnd(32, " ")}`;
  expect(send(sizedField(1, content)).points).toEqual(["post.protobuf.1", "post.protobuf.1.1"]);
});

describe("limits", () => {
  function nested(depth: number): Buffer {
    let bytes = sizedField(1, ATTACK);
    for (let level = 1; level < depth; level++) bytes = Buffer.concat([numberField(1, 1), sizedField(1, bytes)]);
    return bytes;
  }

  test("messages inside messages", () => {
    const most = core.number("MESSAGES_NESTED_MAX");
    const way = (depth: number): string => `post.protobuf${".1".repeat(depth)}`;
    expect(send(nested(most))).toMatchObject({ points: [way(most)], limits: [] });
    const deeper = send(nested(most + 9));
    expect(deeper.limits).toEqual(["depth"]);
    expect(deeper.points).toHaveLength(1);
  });

  test("texts that could be messages, again and again", () => {
    let content = `' ${ATTACK}`.padEnd(40, " ");
    for (let level = 0; level < 9; level++) content = `"${String.fromCharCode(content.length)}${content}`;
    expect(send(sizedField(1, content)).limits).toEqual(["fuel"]);
  });
});

const ODD: readonly (readonly [body: string, why: string])[] = [
  ["\x08", "a number that is missing"],
  ["\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "a number of more than 64 bits"],
  ["\x00\x01", "field 0"],
  ["\x0b\x08\x01", "a group"],
  ["\x12\x09hello", "a length beyond the end"],
  ["\x12\xff\xff\xff\xff\xff\x01hello", "one beyond all ends"],
  ["\x09abc", "eight bytes of which three came"],
];

test.each(ODD)("%j is odd: %s", (body) => {
  expect(send(body).anomalies).toEqual(["protobuf"]);
});

describe("a wrapper of one text", () => {
  const statement = "DELETE FROM orders WHERE customer = 9 AND total = 515";
  const blocked = (value: Uint8Array | string) => send(sizedField(2, value)).line !== "pass";

  test("is looked at as what it holds, and not with its size glued to it", () => {
    expect(statement).toHaveLength("5".charCodeAt(0));
    expect(blocked(sizedField(1, statement))).toBe(false);
    expect(blocked(sizedField(1, "x' or 1=1 -- "))).toBe(true);
  });

  test("whose size is a mark that breaks out is looked at as a text as well", () => {
    expect(blocked(sizedField(1, statement.padEnd(";".charCodeAt(0))))).toBe(true);
  });
});
