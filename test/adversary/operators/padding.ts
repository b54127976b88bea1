/** Operators that bury an attack in harmless bytes, 64 KiB and 1 MiB of them, and cut the message into other pieces. */
import { escapePercent, type PlaceName, place } from "../../../fuzz/placement.ts";
import type { Pair } from "../../assembly/core.ts";
import { pick, type Random } from "../../bench/random.ts";
import type { Message } from "../../conformance/message.ts";
import type { Attack, Mutant } from "../attack.ts";
import { bearsText, isMovable, type Operator } from "../operator.ts";
import { leavingOf } from "./sql-text.ts";

/** Types whose attacks leave a text that may be of any length. */
const LEAVING = ["sqli", "xss", "ldapi", "xpath", "nosqli"];
const KIB = 1024;
const SIZES = [
  ["3 KiB", 3 * KIB, 0.5],
  ["64 KiB", 64 * KIB, 0.1],
  ["1 MiB", KIB * KIB, 0.01],
] as const;
const FILLER = "The quick brown fox jumps over the lazy dog and goes home. ";
const WORDS = "lorem ipsum dolor sit amet consetetur sadipscing elitr ";

function fill(size: number): string {
  return FILLER.repeat(Math.ceil(size / FILLER.length)).slice(0, size);
}

/** Harmless members around the attack: pairs, leaves or fields. */
function members(size: number): Pair[] {
  const text = WORDS.repeat(10);
  return Array.from({ length: Math.ceil(size / (text.length + 12)) }, (_, index) => [`field${index}`, text]);
}

function around(where: PlaceName, value: string, size: number, before: boolean): Message {
  const attack: Pair = ["v", value];
  const all = before ? [...members(size), attack] : [attack, ...members(size)];
  if (where === "json") {
    const text = all.map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one)}`).join(",");
    return { ...place("json", ""), body: Buffer.from(`{${text}}`, "latin1") };
  }
  if (where === "multipart") {
    const part = ([name, one]: Pair) => `--XyZ\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${one}\r\n`;
    return { ...place("multipart", ""), body: Buffer.from(`${all.map(part).join("")}--XyZ--\r\n`, "latin1") };
  }
  const text = all.map(([name, one]) => `${name}=${escapePercent(one)}`).join("&");
  return { ...place("form", ""), body: Buffer.from(text, "latin1") };
}

/** Short pairs, more of them than are taken apart. */
function manyPairs(value: string, size: number): Message {
  const text = Array.from({ length: Math.ceil(size / 8) }, (_, index) => `k${index % 1000}=${index % 10}`).join("&");
  return { ...place("form", ""), body: Buffer.from(`${text}&v=${escapePercent(value)}`, "latin1") };
}

/** The attack behind fields of the head, within what a head holds. */
function headed(value: string, size: number): Message {
  const message = place("query", value);
  const fields = Array.from({ length: Math.ceil(size / 400) }, (_, index): Pair => [`x-pad-${index}`, fill(380)]);
  return { ...message, fields: [...fields, ...message.fields] };
}

/** Harmless text before the attack in one value, where the attack begins by leaving a string or with markup. */
function textBefore(attack: Attack, size: number): string | undefined {
  const { type, value } = attack;
  if (!bearsText(attack)) return undefined;
  const leaves =
    type === "xss" ? /^[<"']/.test(value) : leavingOf(value) !== "" || (type === "ldapi" && /^\*?\)/.test(value));
  return leaves ? fill(size).replaceAll("'", "") + value : undefined;
}

/** Harmless text behind the attack, where a comment or markup ends it. */
function textBehind(attack: Attack, size: number): string | undefined {
  const { type, value } = attack;
  if (!bearsText(attack)) return undefined;
  const ends = { xss: />$/, sqli: /(?:-- |#)$/, nosqli: /\/\/$/, ldapi: /=[a-z*]*$/i }[type]?.test(value) === true;
  return ends ? value + fill(size) : undefined;
}

function sized(
  name: string,
  types: Operator["types"],
  places: readonly PlaceName[],
  make: (attack: Attack, size: number) => Message | undefined,
): Operator[] {
  return SIZES.map(([label, size, share]) => ({
    name: `${name}, ${label}`,
    types,
    places,
    share,
    apply: (attack) => {
      const message = make(attack, size);
      return message === undefined ? undefined : { message };
    },
  }));
}

function framed(name: string, frame: (random: Random) => Omit<Mutant, "message">): Operator {
  const places: readonly PlaceName[] = ["form", "json"];
  return {
    name,
    types: "all",
    places,
    apply: ({ value, where }, random) => ({ message: place(where, value), ...frame(random) }),
  };
}

/** Operators that pad. */
export const PADDING_OPERATORS: readonly Operator[] = [
  ...sized("parameters before", "all", ["form"], ({ value }, size) => around("form", value, size, true)),
  ...sized("parameters behind", "all", ["form"], ({ value }, size) => around("form", value, size, false)),
  ...sized("leaves before", "all", ["json"], ({ value }, size) => around("json", value, size, true)),
  ...sized("leaves behind", "all", ["json"], ({ value }, size) => around("json", value, size, false)),
  ...sized("multipart fields before", "all", ["form"], (attack, size) =>
    isMovable(attack) ? around("multipart", attack.value, size, true) : undefined,
  ),
  ...sized("short parameters before", "all", ["form"], ({ value }, size) => manyPairs(value, size)),
  ...sized("text before", LEAVING, ["form", "json"], (attack, size) => {
    const text = textBefore(attack, size);
    return text === undefined ? undefined : place(attack.where, text);
  }),
  ...sized("text behind", LEAVING, ["form", "json"], (attack, size) => {
    const text = textBehind(attack, size);
    return text === undefined ? undefined : place(attack.where, text);
  }),
  {
    name: "fields of the head before, 64 KiB",
    types: "all",
    places: ["query"],
    share: 0.1,
    apply: ({ value }) => ({ message: headed(value, 64 * KIB) }),
  },
];

/** Operators that cut. */
export const FRAMING_OPERATORS: readonly Operator[] = [
  framed("chunks of one byte", () => ({ chunks: [1] })),
  framed("chunks of some bytes", (random) => ({ chunks: [1 + random(5), 1 + random(9), 1 + random(40)] })),
  framed("pieces of one byte", () => ({ pieces: [1] })),
  framed("pieces and chunks", (random) => ({ chunks: [1 + random(7)], pieces: [pick(random, [1, 3, 7, 64])] })),
];
