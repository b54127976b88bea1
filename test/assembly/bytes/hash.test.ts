/** Hashes: words as the policy's compiler and the table generator hash them, values apart from their neighbours. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { hashWord } from "../../../hosts/policy/hash.ts";
import { ROOT } from "../../tools/component.ts";
import { Core } from "../core.ts";
import { bytesOf, put } from "../scratch.ts";

const WORDS = join(ROOT, "assembly/tables/source/words");
const core = new Core("test");

beforeEach(() => void core.call("arenaReset")());

test.each(["", "a", "Authorization", "x-api-key", "ÿþ", "a".repeat(300)])("the word %j", (word) => {
  const bytes = Buffer.from(word, "utf8");
  expect(core.call("hashWord")(put(core, bytes), bytes.length)).toBe(hashWord(word));
  const upper = Buffer.from(
    word.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
    "utf8",
  );
  expect(core.call("hashWord")(put(core, upper), upper.length)).toBe(hashWord(word));
});

test("every word of the tables is found by its hash, in any case, and alone", () => {
  const rows = readdirSync(WORDS).flatMap((file) => readFileSync(join(WORDS, file), "utf8").split("\n"));
  const words = rows
    .filter((row) => row !== "" && !row.startsWith("#"))
    .flatMap((row) => row.split("\t")[2]?.split(" "));
  expect(words.length).toBeGreaterThan(20);
  for (const word of words) {
    const text = bytesOf(word ?? "");
    const payload = core.call("wordPayload")(put(core, text), text.length);
    expect(payload, word).not.toBe(0);
    const upper = put(core, bytesOf((word ?? "").toUpperCase()));
    expect(core.call("wordPayload")(upper, text.length), word).toBe(payload);
    const odd = put(core, bytesOf(`${word}qz`));
    expect(core.call("wordPayload")(odd, text.length + 2), `${word}qz`).toBe(0);
    core.call("arenaReset")();
  }
});
