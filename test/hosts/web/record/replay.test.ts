/** Requests as text to copy: what a shell makes of them is what was recorded, and neutralised they hold no payload. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AttackRecord } from "../../../../hosts/records/record.ts";
import { curlCommand, rawRequest, shellWord } from "../../../../hosts/web/record/replay.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";

type Request = AttackRecord["request"];

function recordOf(request: Partial<Request>, fields: Partial<AttackRecord> = {}): AttackRecord {
  const before = sampleRecord(fields);
  return { ...before, request: { ...before.request, ...request } };
}

function bodyOf(text: string, size = text.length): NonNullable<Request["body"]> {
  return { size, inspected: size, truncated: false, excerpt_b64: Buffer.from(text, "latin1").toString("base64") };
}

/** What bash hands to a program for these words. */
function wordsOf(command: string): string[] {
  const script = `${command.replace(/^curl/, "set --")}; for w in "$@"; do printf '%s\\0' "$w"; done`;
  return execFileSync("bash", ["-c", script], { encoding: "latin1" }).split("\0").slice(0, -1);
}

test("a word is read by a shell as exactly its bytes", () => {
  const character = fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code));
  const word = fc.string({ unit: character, maxLength: 24 });
  fc.assert(
    fc.property(word, (text) => {
      expect(wordsOf(`curl ${shellWord(text)}`)).toEqual([text]);
    }),
    { numRuns: 60 },
  );
});

describe("a command", () => {
  test("sends method, address, headers and body as they were", () => {
    const body = bodyOf(`a=1';\n$(id)\xff`);
    const headers: Request["headers"] = [
      ["user-agent", "it's"],
      ["x-empty", ""],
      ["content-length", "9"],
    ];
    const { text } = curlCommand(recordOf({ method: "PUT", path: "/a b", query: "q='", headers, body }), false);
    const words = wordsOf(text);
    expect(words).toEqual([
      ...["--path-as-is", "--globoff", "-X", "PUT", "https://shop.example/a b?q='"],
      ...["-H", "user-agent: it's", "-H", "x-empty;", "--data-raw", `a=1';\n$(id)\xff`],
    ]);
  });

  test.each([
    ["a body that names a file", { body: bodyOf("@/etc/passwd") }, ["--data-raw", "@/etc/passwd"]],
    ["a header that names a file", { headers: [["@/etc/passwd", "x"]] as Request["headers"] }, []],
    ["a method that is an option", { method: "--config=/x" }, ["-X", "--config=/x"]],
  ])("reads nothing of the reader's machine: %s", (_, request, wanted) => {
    const words = wordsOf(curlCommand(recordOf({ headers: [], ...request }), false).text);
    expect(words.join("\n")).toContain(wanted.join("\n"));
    expect(words).not.toContain("--data-binary");
    expect(words.some((word, at) => words[at - 1] === "-H" && word.startsWith("@"))).toBe(false);
  });

  test("says what is missing of the request", () => {
    const record = recordOf({ body: bodyOf("a\0b", 18_231) }, { masked: ["header.AUTHORIZATION"] });
    const { text, notes } = curlCommand(record, false);
    expect(wordsOf(text).at(-1)).toBe("ab");
    expect(notes).toEqual([
      "the body is an excerpt: 3 of 18231 bytes",
      "masked, their bytes are *: header.AUTHORIZATION",
      "NUL bytes of the body are left out",
    ]);
  });
});

test("raw, a request is HTTP/1.1 with its host", () => {
  const record = recordOf({
    headers: [
      ["Host", "other"],
      ["accept", "*/*"],
    ],
    body: bodyOf("x=1"),
    query: "",
  });
  expect(rawRequest(record, false).text).toBe(
    "GET /articles/7 HTTP/1.1\r\nhost: shop.example\r\naccept: */*\r\n\r\nx=1",
  );
});

describe("neutralised", () => {
  const layer = { as: "raw", span: [2, 7] as [number, number], excerpt_at: 0 };
  const excerpt_b64 = Buffer.from("1 UNION%20 SELECT").toString("base64");
  const hits = [sampleHit({ layers: [{ ...layer, excerpt_b64 }] })];

  test("what matched is taken out wherever it stands, and the host leads nowhere", () => {
    const record = recordOf({ query: "id=1 UNION%20", headers: [["referer", "x?UNION"]] }, { hits });
    for (const { text, notes } of [rawRequest(record, true), curlCommand(record, true)]) {
      expect(text).not.toContain("UNION");
      expect(text).toContain("REMOVED");
      expect(text).toContain("host.invalid");
      expect(text).not.toContain("shop.example");
      expect(notes.at(-1)).toContain("REMOVED");
    }
  });

  test("where it cannot be found, all that could hold it is left out", () => {
    const headers: Request["headers"] = [["x-a", "secret"]];
    const record = recordOf({ query: "id=%55NION", headers, body: bodyOf("a=%55NION") }, { hits });
    const { text, notes } = rawRequest(record, true);
    expect(text).toBe("GET /articles/7 HTTP/1.1\r\nhost: host.invalid\r\n\r\n");
    expect(notes.at(-1)).toContain("left out");
  });
});
