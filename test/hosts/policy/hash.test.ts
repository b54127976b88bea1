/** The hash of names: the same as the core's, which is compiled here by itself and asked. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { hashWord } from "../../../hosts/policy/hash.ts";

const ROOT = join(import.meta.dirname, "../../..");
const AT = 1024;

let ofCore: (word: string) => number;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "merlon-hash-"));
  try {
    const file = join(folder, "hash.wasm");
    const options = ["--baseDir", ROOT, "--outFile", file, "--runtime", "stub", "--use", "abort=", "--noAssert"];
    const { error } = await asc.main(["assembly/bytes/hash.ts", ...options, "--initialMemory", "2"], {});
    if (error !== null) throw error;
    const { instance } = await WebAssembly.instantiate(readFileSync(file));
    const { memory, hashWord: hash } = instance.exports;
    if (!(memory instanceof WebAssembly.Memory) || typeof hash !== "function") throw new Error("no hash in the module");
    ofCore = (word) => hash(AT, Buffer.from(memory.buffer).write(word, AT, "utf8")) >>> 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

describe("hashWord is the core's", () => {
  test.each(["", "a", "password", "PassWord", "x-api-key", "sqli-union", "größe", "@[`{", "\u0000"])(
    "for %j",
    (word) => {
      expect(hashWord(word)).toBe(ofCore(word));
    },
  );

  test("for any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (word) => hashWord(word) === ofCore(word)));
  });

  test("and folds the case of ASCII alone", () => {
    expect(hashWord("Password")).toBe(hashWord("password"));
    expect(hashWord("GRÖSSE")).not.toBe(hashWord("grösse"));
    expect(hashWord("@")).not.toBe(hashWord("`"));
  });
});
