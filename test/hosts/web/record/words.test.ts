/** Words for the short names of records: every name that the core can say has its words, and no other is invented. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MODES } from "../../../../hosts/core/verdict.ts";
import { DECISIONS, RECORD_ACTIONS } from "../../../../hosts/records/record.ts";
import * as words from "../../../../hosts/web/record/words.ts";
import { ROOT } from "../../../tools/component.ts";

const SIGNATURES = join(ROOT, "assembly/tables/source/signatures");
const TYPES = new Set(
  readdirSync(SIGNATURES).flatMap((file) => {
    const lines = readFileSync(join(SIGNATURES, file), "utf8").split("\n");
    return lines.flatMap((line) => (line.startsWith("#") || line === "" ? [] : [line.split("\t")[1] ?? ""]));
  }),
);

function namesIn(file: string, list: string): string[] {
  const source = readFileSync(join(ROOT, file), "utf8");
  const [, names = ""] = new RegExp(`${list}: string =\\s*"([^"]*)"`).exec(source) ?? [];
  return names.split(" ");
}

test("the core's sources are read", () => {
  expect(TYPES.size).toBeGreaterThan(20);
  expect(namesIn("assembly/decode/decoder.ts", "DECODER_NAMES")).toContain("base64");
});

test.each([
  ["types", [...TYPES], words.typeText],
  ["decoders", namesIn("assembly/decode/decoder.ts", "DECODER_NAMES"), words.layerText],
  ["limits", namesIn("assembly/abi/status.ts", "LIMIT_NAMES"), words.limitText],
  ["anomalies", namesIn("assembly/abi/status.ts", "ANOMALY_NAMES"), words.anomalyText],
  ["actions", RECORD_ACTIONS, words.actionText],
  ["decisions", DECISIONS, words.decisionText],
  ["modes", MODES, words.modeText],
])("%s all have words", (_, names, wordsOf) => {
  const wordless = names.filter((name) => wordsOf(name) === name && name !== "blocked");
  expect(wordless).toEqual([]);
});

test("what nobody knows is shown as it is, even where it is a word of the language", () => {
  for (const name of ["of-the-future", "constructor", "__proto__", "toString"]) {
    expect(words.typeText(name)).toBe(name);
    expect(words.typeHue(name)).toBe("grey");
    expect(words.layerText(name)).toBe(name);
  }
  expect(words.severityText(5)).toBe("critical");
  expect(words.severityText(9)).toBe("9");
});

test("a weakness leads to its catalogue; nothing else becomes an address", () => {
  expect(words.weaknessHref("CWE-89")).toBe("https://cwe.mitre.org/data/definitions/89.html");
  expect(words.weaknessHref("javascript:alert(1)")).toBeNull();
  expect(words.weaknessHref("CWE-89/../..")).toBeNull();
});
