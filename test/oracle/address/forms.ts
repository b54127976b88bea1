/** Addresses in every form that a reader may take, and in some that none does. */

/** A number from 0 to below its argument. */
export type Random = (below: number) => number;

const NETWORKS = [0x7f000001, 0x0a000001, 0xac100001, 0xc0a80001, 0xa9fea9fe, 0x64400001, 0, 0xffffffff] as const;

function pick<T>(random: Random, from: readonly T[]): T {
  const found = from[random(from.length)];
  if (found === undefined) throw new RangeError("nothing to pick from");
  return found;
}

function anyAddress(random: Random): number {
  return random(2) === 0 ? pick(random, NETWORKS) : random(0x10000) * 0x10000 + random(0x10000);
}

function writePart(random: Random, value: number): string {
  const zeros = "0".repeat(random(4) === 0 ? 1 + random(4) : 0);
  switch (random(4)) {
    case 0:
      return `0${zeros}${value.toString(8)}`;
    case 1:
      return `${pick(random, ["0x", "0X"])}${zeros}${value.toString(16)}`;
    case 2:
      return value.toString(10).padStart(random(3), "0");
    default:
      return value.toString(10);
  }
}

/** One to four parts, the last one filling the rest. */
function writeAddress(random: Random, address: number): string {
  const parts = 1 + random(4);
  const bytes = [24, 16, 8].slice(0, parts - 1).map((shift) => Math.floor(address / 2 ** shift) % 256);
  const rest = address % 2 ** (8 * (5 - parts));
  return [...bytes, rest].map((value) => writePart(random, value)).join(".");
}

const BREAKS: readonly ((text: string, random: Random) => string)[] = [
  (text) => `${text}.`,
  (text) => `${text}.1`,
  (text) => `.${text}`,
  (text, random) => text.replace(/\d/, String(8 + random(2))),
  (text) => text.replace(".", ".."),
  (text) => `${text}9999`,
  (text) => `${text}g`,
  (text) => text.replace(/\d+/, "256"),
  (text) => text.replace(/\d+/, "0x"),
  (text) => text.replace(/\d+/, "00"),
];

/** An IPv4 address in ASCII; one in four is damaged in some way. */
export function ipv4Form(random: Random): string {
  const text = writeAddress(random, anyAddress(random));
  return random(4) === 0 ? pick(random, BREAKS)(text, random) : text;
}

/** Where other digits begin in Unicode, from 0 on. */
const ZEROS = [0xff10, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x2080] as const;
const DOTS = ["。", "．", "｡", "."] as const;

function foldDigit(random: Random, digit: string): string {
  const value = Number(digit);
  switch (random(4)) {
    case 0:
      return digit;
    case 1:
      return value === 0 ? "⓪" : String.fromCodePoint(0x245f + value);
    case 2:
      return value === 0 ? "⁰" : ([..." ¹²³⁴⁵⁶⁷⁸⁹"][value] ?? digit);
    default:
      return String.fromCodePoint(pick(random, ZEROS) + value);
  }
}

/** An IPv4 address in characters that a resolver folds to ASCII, or drops. */
export function foldedForm(random: Random): string {
  return writeAddress(random, anyAddress(random))
    .replace(/\d/g, (digit) => foldDigit(random, digit))
    .replaceAll(".", () => pick(random, DOTS))
    .replace(/x/i, (letter) => pick(random, [letter, "ⓧ", "ｘ", "𝐱"]))
    .replace(/$/, () => pick(random, ["", "", "", "\u00ad"]));
}

function groups(address: number): string {
  return `${Math.floor(address / 65536).toString(16)}:${(address % 65536).toString(16)}`;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** An IPv6 address in brackets that carries an IPv4 address. */
export function ipv6Form(random: Random): { text: string; inner: number } {
  const inner = Math.max(anyAddress(random), 2);
  const tail = random(2) === 0 ? groups(inner) : dotted(inner);
  const texts = [
    `::ffff:${tail}`,
    `0:0:0:0:0:ffff:${tail}`,
    `::FFFF:0:${tail}`,
    `::${tail}`,
    `64:ff9b::${tail}`,
    `64:ff9b:1:1::${tail}`,
    `2002:${groups(inner)}::1`,
    `2001:db8::5efe:${tail}`,
    `2001:db8::200:5efe:${tail}`,
  ];
  return { text: `[${pick(random, texts)}]`, inner };
}
