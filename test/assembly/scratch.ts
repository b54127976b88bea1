/** Bytes in the core's arena, for tests that call its internals: placed, sealed as values are, and dropped again. */
import { createRandom } from "../bench/random.ts";
import type { Core } from "./core.ts";

/** Text of one byte a character as bytes. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** Puts bytes into the arena as a value with its padding. @returns their address */
export function put(core: Core, content: Uint8Array): number {
  const at = core.call("arenaAllocValue")(content.length);
  if (at === 0) throw new RangeError(`${content.length} bytes do not fit the arena`);
  core.bytes.set(content, at);
  core.call("sealValue")(at, content.length);
  return at;
}

/** Room in the arena. @returns its address */
export function room(core: Core, size: number): number {
  const at = core.call("arenaAlloc")(size);
  if (at === 0) throw new RangeError(`${size} bytes do not fit the arena`);
  return at;
}

/** Drops everything in the arena. */
export function dropAll(core: Core): void {
  core.call("arenaReset")();
}

/** Bytes that a seed gives. */
export function randomBytes(seed: number, size: number): Buffer {
  const random = createRandom(seed);
  return Buffer.from(Array.from({ length: size }, () => random(256)));
}
