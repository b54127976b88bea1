/** Paths that servers read in two ways: both readings are matched, and the stricter one counts. */
import { expect, test } from "vitest";
import { MODES } from "../../../hosts/core/verdict.ts";
import { Core } from "../core.ts";
import { useObjects } from "../policy-image.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");

function modeOf(target: string): string | undefined {
  return MODES[ask(core, { target }).record.readUInt32LE(core.number("RESULT_MODE"))];
}

test.each([
  ["/strict/../weak", "block"],
  ["/weak/../strict", "block"],
  ["/weak/%2e%2e/strict", "block"],
  ["/weak/..%2fstrict", "block"],
  ["/weak\\..\\strict", "block"],
  ["//strict", "block"],
  ["/weak/./x", "monitoring"],
  ["/weak/x/..", "monitoring"],
  [`/weak${"/x".repeat(50)}${"/..".repeat(51)}/strict`, "block"],
])("a path that servers read in two ways has the stricter mode of both: %s", (target, mode) => {
  const scopes = [
    { match: { path: "/strict/**" }, mode: "block" },
    { match: { path: "/weak/**" }, mode: "monitoring" },
  ] as const;
  useObjects(core, { mode: "off" }, { scopes });
  expect(modeOf(target)).toBe(mode);
});

test("a long path costs no more than its bytes, and deep segments fit only what is open", () => {
  const scopes = [{ match: { path: `${"/a".repeat(32)}/**` }, mode: "block" }] as const;
  useObjects(core, { mode: "off" }, { scopes });
  expect(modeOf("/a".repeat(32))).toBe("block");
  expect(modeOf("/a".repeat(50_000))).toBe("block");
  expect(modeOf("/a".repeat(31))).toBe("off");
  expect(modeOf(`${"/a".repeat(31)}/b${"/a".repeat(40)}`)).toBe("off");
});

test("names that a scope masks stay hidden on every reading of its path", () => {
  useObjects(core, {}, { scopes: [{ match: { path: "/a/**" }, mask: ["nickname"] }] });
  const shows = (path: string): boolean =>
    ask(core, { target: `${path}?nickname=${ATTACK}` }).record.includes("etc/passwd");
  expect(["/a", "//a", "/b/../a", "/a/../b", "/%2fa"].map(shows)).toEqual([false, false, false, false, false]);
  expect(["/b", "//b"].map(shows)).toEqual([true, true]);
});
