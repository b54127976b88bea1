/**
 * All decoders as one: what comes out is never longer than what went in, decoding says whether it changed anything, and
 * `locate` names the bytes that a span came from.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { DECODERS, decode, joinPieces, locate, originOf, type Piece, textOf } from "./encodings.ts";

const core = new Core("checked");
const inner = new Core("test");
const RUNS = 400;
const NAMES = DECODERS.filter((name) => name !== "raw" && name !== "joined");

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");
const code = fc.integer({ min: 0, max: 127 });
const asPiece = (write: (code: number) => string): fc.Arbitrary<Piece> =>
  code.map((value) => ({ encoded: write(value), decoded: String.fromCharCode(value) }));
const fixed = (encoded: string, decoded: string): fc.Arbitrary<Piece> => fc.constant({ encoded, decoded });

const percentPieces = [asPiece((value) => `%${hex(value, 2)}`), asPiece((value) => `%u${hex(value, 4)}`)];
const scriptPieces = [
  asPiece((value) => `\\x${hex(value, 2)}`),
  asPiece((value) => `\\u${hex(value, 4)}`),
  asPiece((value) => `\\u{${hex(value, 1)}}`),
  asPiece((value) => `\\${value.toString(8).padStart(3, "0")}`),
  fixed("\\n", "\n"),
  fixed("\\\\", "\\"),
  fixed("\\\n", ""),
];
/** Letters and signs of code page 037; there no byte stands for itself. */
const EBCDIC: readonly Piece[] = [
  { encoded: "\x81", decoded: "a" },
  { encoded: "\xe9", decoded: "Z" },
  { encoded: "\xf1", decoded: "1" },
  { encoded: "\x4b", decoded: "." },
  { encoded: "\x61", decoded: "/" },
  { encoded: "\x4c", decoded: "<" },
];
const GENERATORS: readonly { readonly name: string; readonly pieces: fc.Arbitrary<readonly Piece[]> }[] = [
  { name: "percent", pieces: textOf(...percentPieces, fixed("+", "+")) },
  { name: "form", pieces: textOf(...percentPieces, fixed("+", " ")) },
  { name: "escape", pieces: textOf(...scriptPieces) },
  { name: "json_string", pieces: textOf(...scriptPieces) },
  {
    name: "htmlentity",
    pieces: textOf(
      asPiece((value) => `&#${value};`),
      asPiece((value) => `&#x${hex(value, 2)};`),
      fixed("&lt;", "<"),
    ),
  },
  { name: "utf8", pieces: textOf(asPiece((value) => String.fromCharCode(0xc0 | (value >> 6), 0x80 | (value & 63)))) },
  {
    name: "quoted_printable",
    pieces: textOf(
      asPiece((value) => `=${hex(value, 2)}`),
      fixed("=\r\n", ""),
    ),
  },
  { name: "utf16", pieces: textOf(fixed("\0", "")) },
  { name: "ebcdic", pieces: fc.array(fc.constantFrom(...EBCDIC), { maxLength: 60 }) },
];

test("there is a generator or a test of its own for every decoder", () => {
  expect([...GENERATORS.map(({ name }) => name), "base64"].sort()).toEqual([...NAMES].sort());
});

describe.each(GENERATORS)("$name", ({ name, pieces }) => {
  test("undoes every escape", () => {
    check(
      fc.property(pieces, (parts) => {
        const { encoded, decoded } = joinPieces(parts);
        expect(decode(inner, name, encoded)).toEqual({ text: decoded, changed: encoded !== decoded });
      }),
      RUNS,
    );
  });

  test("names the escapes that a span came from", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    check(
      fc.property(pieces, share, share, (parts, where, much) => {
        const { encoded, decoded } = joinPieces(parts);
        if (decoded === "") return;
        const start = Math.min(Math.floor(where * decoded.length), decoded.length - 1);
        const end = start + 1 + Math.floor(much * (decoded.length - start - 1));
        expect(locate(inner, name, encoded, start, end)).toEqual(originOf(parts, start, end));
      }),
      RUNS,
    );
  });
});

test("base64 names the groups that a span came from", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  check(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), share, share, (bytes, where, much) => {
      const text = Buffer.from(bytes).toString("base64");
      const start = Math.min(Math.floor(where * bytes.length), bytes.length - 1);
      const end = start + 1 + Math.floor(much * (bytes.length - start - 1));
      const [from, to] = locate(inner, "base64", text, start, end);
      expect(from).toBe(Math.floor(start / 3) * 4);
      expect([Math.ceil(end / 3) * 4, text.replace(/=+$/, "").length]).toContain(to);
    }),
    RUNS,
  );
});

test.each(NAMES)("%s never writes more than it reads, and says truly whether it changed anything", (name) => {
  check(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."%u+\\x&#;<0a1{}=\xc0\xe2\x80\xbc\xef\nZ"), maxLength: 80 }),
      (text) => {
        const answer = decode(inner, name, text);
        expect(answer.text.length).toBeLessThanOrEqual(text.length);
        if (!answer.changed) expect(answer.text).toBe(text);
        for (let start = 0; start < answer.text.length; start += 5) {
          const [from, to] = locate(inner, name, text, start, start + 1);
          expect(from).toBeLessThan(to);
          expect(to).toBeLessThanOrEqual(text.length);
        }
      },
    ),
    RUNS,
  );
});

test("in a request every layer is named with its span", () => {
  const handle = core.begin();
  core.piece("tx_raw", handle, Buffer.from("GET /?a=%26%6ct%3bscript>alert(1)%26lt;/script> HTTP/1.1\r\n\r\n"));
  core.end(handle);
  expect(core.line(handle)).toMatch(/ xss-script@query\.a raw\[0,\d+\]>form\[0,\d+\]>htmlentity\[0,\d+\]/);
  core.free(handle);
});
