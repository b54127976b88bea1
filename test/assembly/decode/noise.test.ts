/** What is noise: random bytes are, and nothing that has a text in it or that people write. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { bytesOf, dropAll, put } from "../scratch.ts";

/** Bytes of a generator that repeats: no text anywhere, like those of a compressed file. */
function randomBytes(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

function isNoise(core: Core, bytes: Uint8Array): boolean {
  const opaque = bytes.filter((byte) => byte >= 0x80 || (byte < 32 && (byte < 9 || byte > 13))).length;
  const noise = core.call("isNoise")(put(core, bytes), bytes.length, opaque) === 1;
  dropAll(core);
  return noise;
}

test("random bytes are noise", () => {
  const core = new Core("test");
  for (const size of [256, 1000, 8192, 32_768]) expect(isNoise(core, randomBytes(size)), `${size}`).toBe(true);
});

test("random bytes around a text are none, wherever it stands", () => {
  const core = new Core("test");
  const text = bytesOf("%252527%252520or%2525201=1");
  for (const at of [0, 1, 999, 4000]) {
    const bytes = randomBytes(4096);
    bytes.set(text, at);
    expect(isNoise(core, bytes), `${at}`).toBe(false);
  }
});

test("what people write is none, in any script", () => {
  const core = new Core("test");
  for (const text of [
    "a plain sentence of ASCII",
    "подозрительно",
    "请求参数不能为空，请检查后重试",
    "ありがとうございます",
  ]) {
    expect(isNoise(core, new TextEncoder().encode(text.repeat(40))), text).toBe(false);
  }
  expect(isNoise(core, randomBytes(100)), "too short to tell").toBe(false);
});
