/** Multipart documents that no head announces: in a body, behind a part's own head, around the declared parts. */
import { describe, expect, test } from "vitest";
import { Core } from "../core.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const FIELD = 'Content-Disposition: form-data; name="v"';

function parts(boundary: string, content: string, head = FIELD): string {
  return `--${boundary}\r\n${head}\r\n\r\n${content}\r\n--${boundary}--\r\n`;
}

function pointsOf(type: string | undefined, body: string): readonly string[] {
  return ask(core, { method: "POST", body, ...(type === undefined ? {} : { type }) }).points;
}

describe.each([
  ["a body without a type", undefined, (value: string) => parts("b", value)],
  ["a body of another type", "text/plain", (value: string) => parts("b", value)],
  ["a boundary that the head does not name", "multipart/form-data; boundary=a", (value: string) => parts("b", value)],
  ["parts behind the end", "multipart/form-data; boundary=a", (value: string) => parts("a", "x") + parts("b", value)],
  ["parts behind a text", "multipart/form-data; boundary=a", (value: string) => `hello\n${parts("b", value)}`],
  ["parts in a part", "multipart/form-data; boundary=a", (value: string) => parts("a", parts("b", value))],
  ["bare line feeds", undefined, (value: string) => parts("b", value).replaceAll("\r", "")],
] as const)("%s", (_title, type, body) => {
  test("is read, with the values in it", () => {
    expect(pointsOf(type, body(ATTACK)).at(-1)).toMatch(/\.multipart\.v$/);
  });

  test("is no attack for its form", () => {
    expect(pointsOf(type, body("holiday.png"))).toEqual([]);
  });
});

test("file names are read there, too", () => {
  const body = parts("b", "hello", `Content-Disposition: attachment; filename="${ATTACK}"`);
  expect(pointsOf(undefined, body)).toEqual(["post.multipart.filename"]);
});

test("a long document is read in windows", () => {
  const filler = Array.from({ length: 100 }, () => parts("b", "lorem ipsum ".repeat(60)).replace(/--b--\r\n$/, ""));
  expect(pointsOf(undefined, `${filler.join("")}${parts("b", ATTACK)}`)).toEqual(["post.multipart.v"]);
});

test.each([
  "-- \r\nContent is king: ../../a",
  "--option\n--other: of a program",
  "a list -- of things:\n-- one: ../../a\n-- two",
])("%j is a text", (text) => {
  expect(pointsOf("text/plain", text)).toEqual([]);
});

test("text on a delimiter's line is looked at", () => {
  const body = `--a\r\n${FIELD}\r\n\r\nx\r\n--a <script>alert(1)</script>\r\n--a--\r\n`;
  const given = ask(core, { method: "POST", type: "multipart/form-data; boundary=a", body });
  expect(new Set(given.points)).toEqual(new Set(["post.multipart"]));
  expect(given.anomalies).toEqual(["multipart"]);
});
