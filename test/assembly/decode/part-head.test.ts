/** Names of files in the heads of parts, in each way that some reader has. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { lookedAt } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const TYPE = "multipart/form-data; boundary=XyZ";

function send(head: string, content = "hello") {
  return { method: "POST", type: TYPE, body: `--XyZ\r\n${head}\r\n\r\n${content}\r\n--XyZ--\r\n` };
}

function names(parameters: string): string[] {
  const looked = lookedAt(send(`Content-Disposition: form-data; name="v"; ${parameters}`));
  return looked.filter(({ place }) => place === "filename").map(({ text }) => text);
}

const FIRST = `"${ATTACK.slice(0, 9)}"`;
const REST = `"${ATTACK.slice(9)}"`;

test.each([
  [`filename="${ATTACK}"`, ATTACK, "one"],
  [`filename="a.png"; FILENAME="${ATTACK}"`, ATTACK, "a second one"],
  [`a="; filename="${ATTACK}"`, ATTACK, "one behind a quote that stays open"],
  [`filename*=UTF-8''${ATTACK}`, ATTACK, "one with a character set"],
  [`filename*0=${FIRST}; filename*1=${REST}`, ATTACK, "pieces"],
  [`filename*1=${REST}; filename*0=${FIRST}`, ATTACK, "pieces in another order"],
  [`filename*0*=utf-8'en'..%2f..%2f; filename*1*=..%2fetc`, "..%2f..%2f..%2fetc", "encoded pieces"],
  [`filename="=?utf-8?Q?=2E=2E/a?="`, "../a", "an encoded word"],
])("%s", (parameters, name) => {
  expect(names(parameters)).toContain(name);
});

test("words that end in it are no names of files", () => {
  expect(names('myfilename="summer one.png"; filename-b="b c.png"')).toEqual([]);
});

test("a field that the head's length cuts is found in its next piece", () => {
  const room = core.number("PART_HEAD_BYTES_MAX");
  const long = `X-Long: ${"a".repeat(room)}\r\n`;
  const given = ask(core, send(`${long}Content-Disposition: form-data; name="v"; filename="${ATTACK}"`));
  expect(given.points).toEqual(["post.multipart.filename"]);
  expect(given.limits).toEqual(["part_head"]);
  expect(given.anomalies).toEqual(["multipart"]);
});

test("the part is read as it came and without its quoted-printable", () => {
  const head = 'Content-Disposition: form-data; name="v"\r\nContent-Transfer-Encoding: Quoted-Printable';
  const points = (content: string): readonly string[] => ask(core, send(head, content)).points;
  expect(points(ATTACK.replaceAll(".", "=2E"))).toEqual(["post.multipart.v"]);
  expect(points(ATTACK)).toEqual(["post.multipart.v"]);
  expect(points("10 =3D 20/2, more or less")).toEqual([]);
});

test("a part in UTF-7 is told", () => {
  const head = 'Content-Disposition: form-data; name="v"\r\nContent-Type: text/plain; charset=utf-7';
  expect(ask(core, send(head)).anomalies).toEqual(["content_type"]);
});
