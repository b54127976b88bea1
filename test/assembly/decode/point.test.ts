/** Names of points: segments joined by dots, on one line of ASCII, within their bound. */
import { beforeEach, expect, test } from "vitest";
import { Core } from "../core.ts";
import { bytesOf, put, room } from "../scratch.ts";

const core = new Core("test");
const WORDS = { query: 2, header: 3, post: 5, jsonDoc: 8, hash: 9 } as const;

beforeEach(() => {
  core.call("arenaReset")();
  core.call("pointTruncate")(0);
});

function name(text: string): [number, number] {
  return [put(core, bytesOf(text)), text.length];
}

function written(): string {
  const to = room(core, core.number("POINT_TEXT_BYTES_MAX"));
  const size = core.call("writePoint")(to);
  return core.bytes.toString("latin1", to, to + size);
}

test("words and names are joined by dots, header names in upper case", () => {
  core.call("pushWord")(WORDS.header);
  core.call("pushHeaderName")(...name("x-Api-key9_z"));
  core.call("pushWord")(WORDS.query);
  core.call("pushName")(...name("Id"));
  expect(written()).toBe("header.X-API-KEY9_Z.query.Id");
  core.call("pointTruncate")(2);
  expect(written()).toBe("header.X-API-KEY9_Z");
  expect(core.call("pointDepth")()).toBe(2);
});

test("every byte of a name is one of printable ASCII, and dots inside are told from those between", () => {
  core.call("pushName")(...name("a.b\\c\n\x00\xff\x7f é"));
  expect(written()).toBe("a\\.b\\\\c\\x0a\\x00\\xff\\x7f \\xe9");
});

test("the innermost name is the one that masks ask for", () => {
  expect(core.call("findLastName")()).toBe(0);
  core.call("pushWord")(WORDS.post);
  core.call("pushName")(...name("outer"));
  core.call("pushName")(...name("inner"));
  core.call("pushWord")(WORDS.hash);
  expect(core.call("findLastName")()).toBe(1);
  const at = core.number("lastNameAt");
  expect(core.bytes.toString("latin1", at, at + core.number("lastNameSize"))).toBe("inner");
  expect(core.call("findName")(1)).toBe(1);
  const outer = core.number("lastNameAt");
  expect(core.bytes.toString("latin1", outer, outer + core.number("lastNameSize"))).toBe("outer");
  expect(core.call("findName")(2)).toBe(0);
});

test("long names and many segments end at the bound", () => {
  const most = core.number("POINT_TEXT_BYTES_MAX");
  core.call("pushName")(...name("\n".repeat(2000)));
  expect(written().length).toBeLessThanOrEqual(most);
  core.call("pointTruncate")(0);
  for (let count = 0; count < 1000; count++) core.call("pushWord")(WORDS.jsonDoc);
  expect(written().length).toBeLessThanOrEqual(most);
  expect(core.call("pointDepth")()).toBe(1000);
  core.call("pointTruncate")(0);
  expect(written()).toBe("");
});
