/** Multipart bodies as `FormData` writes them, and as nobody should. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { lookedAt, valuesIn } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const TYPE = "multipart/form-data; boundary=XyZ";

function body(...parts: readonly string[]): string {
  return `${parts.map((part) => `--XyZ\r\n${part}\r\n`).join("")}--XyZ--\r\n`;
}

function part(name: string, content: string, more = ""): string {
  return `Content-Disposition: form-data; name="${name}"${more}\r\n\r\n${content}`;
}

test("all parts are looked at under their names", () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  const content = fc.stringMatching(/^'[g-z]{1,6} [ g-z'"<>=\r\n-]{1,40}'$/);
  check(
    fc.property(fc.array(fc.tuple(name, content), { maxLength: 5 }), (parts) => {
      const looked = lookedAt({ type: TYPE, body: body(...parts.map(([key, text]) => part(key, text))) });
      const expected = parts.map(([key, text]) => `post.multipart.${key}=${text}`);
      expect(valuesIn(looked, ["part"], ["raw"])).toEqual(expected);
    }),
    300,
  );
});

test("what Node's FormData writes is read back", async () => {
  const data = new FormData();
  data.append("title", "it's <b>summer</b>");
  data.append("file", new Blob(["hello 'world'"], { type: "text/plain" }), "my 'file'.txt");
  const request = new Request("http://shop.example/", { method: "POST", body: data });
  const bytes = Buffer.from(await request.arrayBuffer());
  const looked = lookedAt({ type: request.headers.get("content-type") ?? "", body: bytes });
  expect(valuesIn(looked, ["part", "filename"], ["raw"])).toEqual([
    "post.multipart.title=it's <b>summer</b>",
    "post.multipart.filename=my 'file'.txt",
    "post.multipart.file=hello 'world'",
  ]);
});

interface Odd {
  readonly why: string;
  readonly type?: string;
  readonly body: string;
  readonly points: readonly string[];
  readonly anomalies?: readonly string[];
}

const PART = "post.multipart.a";
const CASES: readonly Odd[] = [
  {
    why: "a quoted boundary",
    type: 'multipart/mixed; boundary="X Z"',
    body: `--X Z\r\n${part("a", ATTACK)}\r\n--X Z--`,
    points: [PART],
  },
  {
    why: "the first of two boundaries",
    type: "multipart/form-data; boundary=XyZ; boundary=b",
    body: body(part("a", ATTACK)),
    points: [PART],
  },
  {
    why: "a name without quotes",
    body: body(`Content-Disposition: form-data; name=a\r\n\r\n${ATTACK}`),
    points: [PART],
  },
  {
    why: "a name in another case, with spaces",
    body: body(`content-disposition:form-data;  NAME = "a"\r\n\r\n${ATTACK}`),
    points: [PART],
  },
  { why: "a part without a name", body: body(`Content-Type: text/plain\r\n\r\n${ATTACK}`), points: ["post.multipart"] },
  { why: "a part without a head", body: body(`\r\n${ATTACK}`), points: ["post.multipart"] },
  {
    why: "no line end before the close",
    body: `--XyZ\r\n${part("a", ATTACK)}--XyZ--\r\n`,
    points: [PART],
    anomalies: ["multipart"],
  },
  { why: "spaces behind a delimiter", body: `--XyZ  \r\n${part("a", ATTACK)}\r\n--XyZ--`, points: [PART] },
  {
    why: "other text behind a delimiter",
    body: `--XyZabc\r\n${part("a", ATTACK)}\r\n--XyZ--`,
    points: [PART],
    anomalies: ["multipart"],
  },
  {
    why: "a line of the head without a colon",
    body: body(`no colon\r\n${part("a", ATTACK)}`),
    points: [PART],
    anomalies: ["multipart"],
  },
  {
    why: "a head without an end",
    body: `--XyZ\r\nX-A: ${ATTACK}`,
    points: ["post.multipart.header.X-A"],
    anomalies: ["multipart"],
  },
  { why: "an escaped quote in a name", body: body(part('a\\"b', ATTACK)), points: ['post.multipart.a\\\\"b'] },
];

test.each(CASES)("$why", ({ type = TYPE, body: content, points, anomalies = [] }) => {
  const given = ask(core, { method: "POST", type, body: content });
  expect(given.points).toEqual(points);
  expect(given.anomalies).toEqual(anomalies);
});

describe("limits", () => {
  test("a head has room for what any client sends", () => {
    const room = core.number("PART_HEAD_BYTES_MAX");
    const filler = (size: number): string => part("a", ATTACK, `; filename="${"f".repeat(size)}"`);
    expect(ask(core, { type: TYPE, body: body(filler(room - 200)) }).limits).toEqual([]);
    expect(ask(core, { type: TYPE, body: body(filler(room)) }).limits).toEqual(["part_head"]);
  });

  test("a boundary may be longer than the standard has it, up to a bound", () => {
    const most = core.number("BOUNDARY_BYTES_MAX");
    const at = (size: number): readonly string[] => {
      const boundary = "b".repeat(size);
      const content = `--${boundary}\r\n${part("a", ATTACK)}\r\n--${boundary}--`;
      return ask(core, { type: `multipart/form-data; boundary=${boundary}`, body: content }).points;
    };
    expect(at(most)).toEqual([PART]);
    expect(at(most + 1)).toEqual(["post"]);
  });
});
