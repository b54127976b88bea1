/** Operators on how a value is written: what its place undoes, what applications undo behind it, and stacks of both. */
import { escapePercent, type PlaceName, place } from "../../../fuzz/placement.ts";
import { chance, pick, type Random } from "../../bench/random.ts";
import type { Message } from "../../conformance/message.ts";
import type { Attack } from "../attack.ts";
import { isMovable, MOVABLE, type Operator, rewriting } from "../operator.ts";

function hex(c: string): string {
  return c.charCodeAt(0).toString(16).padStart(2, "0");
}

function percentAll(text: string): string {
  return text.replace(/[\s\S]/g, (c) => `%${hex(c)}`);
}

/** Whether every byte is a character of ASCII: of other bytes the character set is not known. */
function isAscii(value: string): boolean {
  return [...value].every((c) => c > "\0" && c < "\x80");
}

/** Base64 of a text; of less no reader can tell. */
function base64(value: string, alphabet: "base64" | "base64url"): string {
  return value.length < 8 || !isAscii(value) ? value : Buffer.from(value, "latin1").toString(alphabet);
}

/** A query or form that holds the value as it is written here. */
function written(where: PlaceName, text: string): Message {
  const body = Buffer.from(`page=2&v=${text}&sort=name`, "latin1");
  const message = { authority: "shop.example", fields: [], trailers: [] };
  if (where === "query") {
    return { ...message, method: "GET", target: `/shop/list?${body.toString("latin1")}`, body: Buffer.alloc(0) };
  }
  const fields = [["content-type", "application/x-www-form-urlencoded"]] as const;
  return { ...message, method: "POST", target: "/shop/list", fields, body };
}

function percent(name: string, write: (value: string, random: Random) => string): Operator {
  return {
    name,
    types: "all",
    places: ["query", "form"],
    apply: ({ value, where }, random) => {
      /* One that is encoded already would be encoded more often than anybody decodes. */
      if (/%[0-9a-f]{2}/i.test(value)) return undefined;
      return { message: written(where, write(value, random)) };
    },
  };
}

function json(name: string, write: (c: string, random: Random) => string): Operator {
  return {
    name,
    types: "all",
    places: ["json"],
    apply: ({ value }, random) => {
      const text = [...value].map((c) => (c < "\u0080" ? write(c, random) : c)).join("");
      const body = Buffer.from(`{"page":2,"v":"${text}"}`, "latin1");
      return { message: { ...place("json", ""), body } };
    },
  };
}

function move(where: PlaceName): Operator {
  return {
    name: `place ${where}`,
    types: MOVABLE,
    places: ["query"],
    apply: (attack) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has no way to write these.
      const unwritable = /[\0-\x08\x0b-\x1f]/.test(attack.value) || !isAscii(attack.value);
      return unwritable || !isMovable(attack) ? undefined : { message: place(where, attack.value) };
    },
  };
}

/** The value inside a document, inside a parameter. */
const jsonInForm: Operator = {
  name: "JSON in a parameter",
  types: MOVABLE.filter((type) => type !== "ptrav"),
  places: ["query", "form"],
  apply: ({ value, where }: Attack) => ({ message: place(where, `{"id":7,"v":${JSON.stringify(value)}}`) }),
};

/** Operators on encodings. */
export const ENCODING_OPERATORS: readonly Operator[] = [
  percent("percent every byte", percentAll),
  percent("percent upper case", (value) => percentAll(value).toUpperCase()),
  percent("percent some bytes", (value, random) =>
    value.replace(/[\s\S]/g, (c) => (chance(random, 0.3) || !/\w/.test(c) ? `%${hex(c)}` : c)),
  ),
  percent("percent twice", (value) => percentAll(escapePercent(value))),
  percent("percent three times", (value) => escapePercent(escapePercent(escapePercent(value)))),
  percent("percent u", (value) => value.replace(/[^\w]/g, (c) => (c < "\u0080" ? `%u00${hex(c)}` : `%${hex(c)}`))),
  rewriting("base64", MOVABLE, (value) => base64(value, "base64")),
  rewriting("base64 of the URL alphabet", MOVABLE, (value) => base64(value, "base64url")),
  json("JSON escapes", (c) => `\\u00${hex(c)}`),
  json("JSON escapes of some", (c, random) =>
    chance(random, 0.4) || c < " " || /["\\]/.test(c) ? `\\u00${pick(random, [hex(c), hex(c).toUpperCase()])}` : c,
  ),
  json("JSON escaped slash", (c) => (c === "/" ? "\\/" : JSON.stringify(c).slice(1, -1))),
  jsonInForm,
  ...(["multipart", "xml", "attribute", "gzip", "grpc", "utf16"] as const).map(move),
];
