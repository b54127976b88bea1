/** Excerpts with carets: they stand below what they mean, whatever the bytes are. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explainInWords, markSpan } from "../../../../hosts/cli/explanation/tree.ts";
import type { TraceEntry } from "../../../../hosts/core/trace.ts";
import type { Verdict } from "../../../../hosts/core/verdict.ts";

describe("a marked excerpt", () => {
  test.each([
    { name: "a word", bytes: "id=1 union x", from: 0, span: [5, 10], text: "id=1 union x", carets: "     ^^^^^" },
    {
      name: "bytes that are escaped",
      bytes: "a\n\u0000b",
      from: 0,
      span: [1, 3],
      text: "a\\n\\x00b",
      carets: " ^^^^^^",
    },
    { name: "an excerpt from the middle", bytes: "abc", from: 100, span: [101, 102], text: "…abc", carets: "  ^" },
    { name: "all of it", bytes: "abc", from: 0, span: [0, 3], text: "abc", carets: "^^^" },
    { name: "an end beyond it", bytes: "abc", from: 0, span: [1, 900], text: "abc", carets: " ^^" },
    { name: "nothing", bytes: "", from: 0, span: [0, 0], text: "", carets: "" },
    {
      name: "a span far from the begin",
      bytes: `${"x".repeat(60)}HERE`,
      from: 0,
      span: [60, 64],
      text: `…${"x".repeat(32)}HERE`,
      carets: `${" ".repeat(33)}^^^^`,
    },
    {
      name: "a span that is cut",
      bytes: "y".repeat(120),
      from: 0,
      span: [0, 120],
      text: `${"y".repeat(96)}…`,
      carets: "^".repeat(97),
    },
  ] as const)("shows $name", ({ bytes, from, span, text, carets }) => {
    expect(markSpan(Buffer.from(bytes, "latin1"), from, span)).toEqual({ text, carets });
  });

  test("marks the same characters that it shows, for any bytes and span", () => {
    const place = fc.nat(200);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 128 }), fc.nat(1000), place, place, (bytes, from, a, b) => {
        const { text, carets } = markSpan(bytes, from, [from + Math.min(a, b), from + Math.max(a, b)]);
        expect(text).toMatch(/^[\x20-\x7e…]*$/);
        expect(carets).toMatch(/^( *\^+)?$/);
        expect(carets.length).toBeLessThanOrEqual(text.length);
        expect(text.length).toBeLessThanOrEqual(98);
      }),
    );
  });
});

const VERDICT: Verdict = {
  action: "pass",
  wouldAction: "pass",
  mode: "monitoring",
  shadowAction: null,
  matches: [],
  matchesDropped: 0,
  limits: [],
  anomalies: [],
  incident: false,
  clientIp: "192.0.2.1",
  inspectedBytes: 0,
  failed: false,
};
const ENTRY: TraceEntry = {
  point: "query.q",
  place: "query",
  decoders: ["raw"],
  nest: 1,
  offset: 0,
  size: 3,
  excerpt: Buffer.from("a%2"),
  words: 0,
  lexers: [],
  found: 0,
  work: 3,
};

function words(verdict: Partial<Verdict>, entries: readonly TraceEntry[] = [], dropped = 0): string {
  const inspected = {
    request: "GET / HTTP/1.1",
    bytes: 18,
    verdict: { ...VERDICT, ...verdict },
    trace: { entries, dropped },
  };
  return explainInWords(inspected, "built-in", ["a note"]);
}

describe("an explanation", () => {
  test.each([
    { verdict: {}, says: /^passes\n/ },
    { verdict: { mode: "off" as const }, says: /^passes — nobody looks in mode off\n/ },
    { verdict: { wouldAction: "block" as const }, says: /^passes in mode monitoring — mode block would stop it\n/ },
    { verdict: { action: "block" as const, wouldAction: "block" as const }, says: /^blocked\n/ },
    { verdict: { failed: true, action: "block" as const }, says: /^not inspected — .* policy says block\n/ },
    { verdict: { limits: ["depth"], anomalies: ["json"] }, says: /limits reached: depth .*\n.*different ways: json\n/ },
    { verdict: { matchesDropped: 3 }, says: /and 3 more matches/ },
  ])("of $verdict", ({ verdict, says }) => {
    const text = words(verdict);
    expect(text).toMatch(says);
    expect(text).toContain("  GET / HTTP/1.1\n  policy built-in, mode");
    expect(text).toContain("client 192.0.2.1");
    expect(text).toContain("  note: a note\n");
    expect(text).toContain("nothing was looked at");
  });

  test("puts readings of one value together, and values of one name apart", () => {
    const deeper: TraceEntry = { ...ENTRY, decoders: ["raw", "percent"], words: 1, lexers: ["xss", "path"], found: 2 };
    const later: TraceEntry = { ...ENTRY, offset: 30_720, size: 1 };
    const text = words({}, [ENTRY, deeper, ENTRY, later], 5);
    expect(text).toContain("looked at, 9 readings\n");
    expect(text.match(/^ {2}query\.q \(query\)$/gm)).toHaveLength(2);
    expect(text).toContain("  query.q (query, from byte 30720)\n    raw  a%2\n      1 byte\n");
    expect(text).toContain("    raw > percent  a%2\n      3 bytes · 1 known word · lexers xss, path · 2 matches\n");
    expect(text).toContain("  and 5 more\n");
  });

  test("marks the span in every layer of a match", () => {
    const layers = [
      { as: "raw", span: [0, 6] as const, excerpt: Buffer.from("%3Cb%3E"), excerptAt: 0 },
      { as: "percent", span: [0, 2] as const, excerpt: Buffer.from("<b>"), excerptAt: 0 },
    ];
    const match = {
      type: "xss",
      stamp: "xss-tag",
      cwe: ["79"],
      severity: 5,
      point: "query.q",
      reason: "A tag.",
      counts: true,
      exception: 0,
      layers,
    };
    expect(words({ matches: [match] })).toContain(
      [
        "\n  xss  xss-tag  severity 5  CWE-79",
        "  in query.q",
        "  A tag.",
        "    raw      %3Cb%3E",
        "             ^^^^^^",
        "    percent  <b>",
        "             ^^\n",
      ].join("\n"),
    );
  });
});
