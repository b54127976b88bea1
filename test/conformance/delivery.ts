/**
 * The ways in which the same request reaches the core: raw or as head and body, whole or cut anywhere. Whatever the
 * way, the answer is to be the same.
 */
import { type Core, type Pair, STATUS } from "../assembly/core.ts";
import { createRandom, type Random } from "../bench/random.ts";
import type { Message } from "./message.ts";

/** What the core said of a request. */
export interface Outcome {
  readonly line: string;
  /** The whole result record. */
  readonly record: Buffer;
}

/** Where a message is cut: offsets between 0 and its size, ascending. */
export type Cuts = readonly number[];

/** Hands over the raw request, cut at these offsets. */
export function deliverRaw(core: Core, raw: Buffer, cuts: Cuts): Outcome {
  const handle = open(core);
  for (const piece of pieces(raw, cuts, core.inputMax)) expectAnswer(core.piece("tx_raw", handle, piece));
  return close(core, handle);
}

/** Hands over head, body and trailers, the body cut at these offsets. */
export function deliverParts(core: Core, message: Message, cuts: Cuts): Outcome {
  const handle = open(core);
  expectAnswer(core.pairs("tx_head", handle, headOf(message)));
  for (const piece of pieces(message.body, cuts, core.inputMax)) expectAnswer(core.piece("tx_body", handle, piece));
  if (message.trailers.length > 0) expectAnswer(core.pairs("tx_trailers", handle, message.trailers));
  return close(core, handle);
}

/** The head as a proxy has it: pseudo fields first, framing fields gone. */
export function headOf(message: Message): Pair[] {
  const framing = /^(?:host|content-length|transfer-encoding)$/i;
  return [
    [":method", message.method],
    [":path", message.target],
    [":authority", message.authority],
    [":scheme", "http"],
    ...message.fields.filter(([name]) => !framing.test(name)),
  ];
}

function open(core: Core): number {
  const handle = core.begin("203.0.113.7");
  if (handle === 0) throw new Error("the core refused a transaction");
  return handle;
}

function expectAnswer(status: number): void {
  if (status !== STATUS.pass && status !== STATUS.block) throw new Error(`the core answered ${status}`);
}

function close(core: Core, handle: number): Outcome {
  expectAnswer(core.end(handle));
  const outcome = { line: core.line(handle), record: core.record(handle) };
  core.free(handle);
  return outcome;
}

function* pieces(bytes: Buffer, cuts: Cuts, most: number): Generator<Buffer> {
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    for (; from < to; from = Math.min(from + most, to)) yield bytes.subarray(from, Math.min(from + most, to));
  }
}

/** Up to this size a message is cut everywhere and comes byte by byte; a larger one where something could break. */
const EVERYWHERE_BYTES_MAX = 3000;
const RANDOM_CUTS = 40;
const RANDOM_SINGLE_CUTS = 60;
/** Borders inside the core: decision points, windows of a value and their overlap, blocks of a chain. */
const BORDERS = [16384, 32768, 30720, 61440, 49152, 4092, 8184];
const BORDER_REACH = 3;

/**
 * All cuts to try on a message of that size: none, each single one, every byte, and random ones from the seed.
 * @param landmarks offsets in the message from which the core's borders count, such as the body's begin
 */
export function* cutsOf(size: number, seed: number, landmarks: readonly number[] = []): Generator<Cuts> {
  yield [];
  const random = createRandom(seed);
  if (size <= EVERYWHERE_BYTES_MAX) {
    for (let at = 1; at < size; at++) yield [at];
  } else {
    for (const at of singleCuts(size, random, landmarks)) yield [at];
  }
  yield Array.from({ length: Math.max(size - 1, 0) }, (_, index) => index + 1);
  for (let round = 0; round < RANDOM_CUTS && size > 1; round++) yield randomCuts(random, size);
}

function singleCuts(size: number, random: Random, landmarks: readonly number[]): number[] {
  const cuts = new Set<number>();
  for (const landmark of landmarks) {
    for (const border of [0, ...BORDERS]) {
      for (let off = -BORDER_REACH; off <= BORDER_REACH; off++) cuts.add(landmark + border + off);
    }
  }
  for (let round = 0; round < RANDOM_SINGLE_CUTS; round++) cuts.add(1 + random(size - 1));
  return [...cuts].filter((at) => at > 0 && at < size);
}

/** Some ascending offsets inside a message of at least two bytes. */
export function randomCuts(random: Random, size: number): number[] {
  const count = 1 + random(Math.min(12, size - 1));
  const cuts = Array.from({ length: count }, () => 1 + random(size - 1));
  return [...new Set(cuts)].sort((a, b) => a - b);
}
