/** The line: verdict, stamps, points and spans, one line of ASCII whatever the client sends. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { ATTACK, ask } from "../requests.ts";
import { room } from "../scratch.ts";

const core = new Core("checked");
const inner = new Core("test");

test("nothing found is a pass, and that is all of the line", () => {
  expect(ask(core, {}).line).toBe("pass");
});

test("each match is a stamp at a point with a span for each layer", () => {
  const { line } = ask(core, { target: `/?a=${encodeURIComponent(encodeURIComponent(ATTACK))}` });
  expect(line).toMatch(/^block ptrav-[a-z]+@query\.a raw\[\d+,\d+\]>form\[\d+,\d+\](?:>percent\[\d+,\d+\])?$/);
});

test("a match that blocks nowhere leaves the verdict a pass", () => {
  const rows = core.text(0).trimEnd().split("\n");
  const weak = rows.filter((row) => Number(row.split("\t")[3]) < 4).map((row) => row.split("\t")[0]);
  expect(weak.length).toBeGreaterThan(0);
});

test("names that would divide the line, or break it, are escaped", () => {
  const name = "a b;c\n@d>e[0,1]\xff";
  const { line } = ask(core, { target: `/?${name}=${ATTACK}` });
  expect(line).toContain("@query.a\\x20b\\x3bc\\x0a@d>e[0,1]\\xff raw[");
  expect(line).toMatch(/^[ -~]+$/);
  expect(line.split("; ")).toHaveLength(1);
});

test("the longest line stays within its room", () => {
  const worst = "\xff".repeat(core.number("NAME_BYTES_MAX"));
  const leaves = Array.from({ length: 20 }, () => ATTACK).join('","');
  const body = `{"${`${worst}":{"`.repeat(4)}${worst}":["${leaves}"]}}}}}`;
  const { line, record } = ask(core, { type: "application/json", body });
  expect(record.readUInt32LE(core.number("RESULT_MATCHES"))).toBe(core.number("MATCHES_MAX"));
  expect(line.length).toBeGreaterThan(core.number("MATCHES_MAX") * 450);
  expect(line).toMatch(/^block [ -~]+\]$/);
});

test("every signature's stamp is written as the catalog has it", () => {
  const stamps = inner
    .text(0)
    .trimEnd()
    .split("\n")
    .map((row) => row.split("\t")[0] ?? "");
  const to = room(inner, 64);
  for (const [index, stamp] of stamps.entries()) {
    const size = inner.call("writeStamp")(to, index + 1);
    expect(inner.bytes.toString("latin1", to, to + size)).toBe(stamp);
  }
});
