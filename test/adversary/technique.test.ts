/**
 * Attacks by technique (test/data/technique), written from what the public literature teaches and not from any set:
 * each is stopped as a parameter and as a form field, but for those whose section in `missed.txt` says why not.
 *
 * A line is a value; `= ` begins a section, `# ` a comment. Pictures of control characters stand for them: ␀, ␊, ␍.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { place } from "../../fuzz/placement.ts";
import { Core } from "../assembly/core.ts";
import { deliverParts } from "../conformance/delivery.ts";
import { ROOT } from "../tools/component.ts";

const FOLDER = join(ROOT, "test/data/technique");
const MISSED = "missed.txt";
const PICTURES = 0x2400;
const core = new Core("release");

/** The values of a file, as bytes on a wire. */
function readValues(file: string): string[] {
  const lines = readFileSync(join(FOLDER, file), "utf8").split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("# ") && !line.startsWith("= ")).map(toBytes);
}

function toBytes(line: string): string {
  const text = line.replace(/[\u2400-\u241f]/g, (picture) => String.fromCharCode(picture.charCodeAt(0) - PICTURES));
  return Buffer.from(text, "utf8").toString("latin1");
}

function isStopped(value: string): boolean {
  return (["query", "form"] as const).every((where) =>
    deliverParts(core, place(where, value), []).line.startsWith("block"),
  );
}

describe.each(readdirSync(FOLDER).filter((file) => file !== MISSED))("%s", (file) => {
  test("holds only values that are stopped", () => {
    expect(readValues(file).filter((value) => !isStopped(value))).toEqual([]);
  });
});

test("what is known to be missed is missed still: else it belongs to its technique's file", () => {
  expect(readValues(MISSED).filter(isStopped)).toEqual([]);
});
