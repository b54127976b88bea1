/** The one pass over a layer against a slow one in TypeScript: no character and no word that is there goes unseen. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { ROOT } from "../../tools/component.ts";
import { Core } from "../core.ts";
import { bytesOf, dropAll, put } from "../scratch.ts";

const core = new Core("test");
const WORDS = join(ROOT, "assembly/tables/source/words");
/** Bits of `Has` in their order; the rest is by classes. */
const MARKS = ["'", '"', "`", "<", ">", "(", ")", "=", ";", "|", "&", "$", "{}", "[]", "\\", "/", ".", "#", "*", "-"];
const MORE = ["%", "+", ":", "!?@^~", "\n\r"];
const COMMA_BIT = 31;

const words = readdirSync(WORDS)
  .flatMap((file) => readFileSync(join(WORDS, file), "utf8").split("\n"))
  .filter((row) => row !== "" && !row.startsWith("#"))
  .flatMap((row) => row.split("\t")[2]?.split(" ") ?? []);

interface Profile {
  readonly has: number;
  readonly words: number;
  readonly wordCount: number;
  readonly opaque: number;
}

function profile(text: string): Profile {
  const bytes = bytesOf(text);
  const layer = core.call("layer_of")(put(core, bytes), bytes.length);
  core.call("profileLayer")(layer);
  const field = (name: string): number => core.bytes.readUInt32LE(layer + core.number(name));
  const found = {
    has: field("LAYER_HAS"),
    words: field("LAYER_WORDS"),
    wordCount: field("LAYER_WORD_COUNT"),
    opaque: field("LAYER_OPAQUE"),
  };
  dropAll(core);
  return found;
}

test("what lies behind a value changes nothing", () => {
  const text = fc.string({ unit: fc.constantFrom(..."select1_ '<(é\n".split("")), maxLength: 70 });
  check(
    fc.property(text, fc.nat(70), (content, cut) => {
      const bytes = bytesOf(content);
      const size = Math.min(cut, bytes.length);
      const at = put(core, bytes);
      const layer = core.call("layer_of")(at, size);
      core.call("profileLayer")(layer);
      const found = core.bytes.subarray(layer, layer + core.number("LAYER_BYTES")).toString("hex");
      core.bytes.fill(0, at + size, at + bytes.length);
      core.call("profileLayer")(layer);
      expect(core.bytes.subarray(layer, layer + core.number("LAYER_BYTES")).toString("hex")).toBe(found);
      dropAll(core);
    }),
    500,
  );
});

/** Bits that must be set for these characters. */
function hasOf(text: string): number {
  let has = 0;
  [...MARKS, ...MORE].forEach((marks, bit) => {
    if ([...marks].some((mark) => text.includes(mark))) has |= 1 << bit;
  });
  if ([...text].some(isControl)) has |= 1 << 25;
  if (/[\x80-\xff]/.test(text)) has |= 1 << 26;
  if (/[\xc0-\xff]/.test(text)) has |= 1 << 27;
  if (/[0-9]/.test(text)) has |= 1 << 28;
  if (/[A-Za-z_]/.test(text)) has |= 1 << 29;
  if (/[ \t\v\f\n\r]/.test(text)) has |= 1 << 30;
  if (text.includes(",")) has |= 1 << COMMA_BIT;
  return has >>> 0;
}

/** Control characters that are no white space. */
function isControl(character: string): boolean {
  const code = character.charCodeAt(0);
  return code === 127 || (code < 32 && (code < 9 || code > 13));
}

/** Payloads of all runs of letters, digits and underscores, without the digits in front. */
function wordsOf(text: string): Pick<Profile, "words" | "wordCount"> {
  let [all, count] = [0, 0];
  for (const [run] of text.matchAll(/[A-Za-z0-9_]+/g)) {
    const word = bytesOf(run.replace(/^[0-9]+/, ""));
    if (word.length < 2) continue;
    const payload = core.call("wordPayload")(put(core, word), word.length);
    dropAll(core);
    all |= payload;
    if (payload !== 0) count++;
  }
  return { words: all >>> 0, wordCount: Math.min(count, 255) };
}

test("each single byte has its class", () => {
  for (let byte = 0; byte < 256; byte++) {
    const text = String.fromCharCode(byte);
    // A byte of white space may count as control; that says "maybe", never "no".
    expect((profile(text).has & hasOf(text)) >>> 0, `byte ${byte}`).toBe(hasOf(text));
  }
});

test("texts of any bytes and words are profiled as a slow pass does it", () => {
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const piece = fc.oneof(
    fc.constantFrom(...words),
    fc.constantFrom(...words).map((word) => word.toUpperCase()),
    fc.string({ unit: byte, maxLength: 20 }),
    fc.constantFrom(" ", "_", "7", "'", "/**/", "x".repeat(40)),
  );
  check(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join("");
      const found = profile(text);
      expect((found.has & hasOf(text)) >>> 0).toBe(hasOf(text));
      expect(found).toMatchObject(wordsOf(text));
      expect(found.opaque).toBe(text.replace(/[\t-\r -\x7f]/g, "").length);
    }),
    1500,
  );
});

test("a word of two pieces is found as one", () => {
  expect(words).toContain("select");
  const at = put(core, bytesOf("sel/**/ect"));
  const whole = core.call("wordPayload")(put(core, bytesOf("select")), 6);
  expect(core.call("joinedWordPayload")(at, 3, at + 7, 3)).toBe(whole);
  expect(core.call("joinedWordPayload")(at, 10, at, 30)).toBe(0);
});
