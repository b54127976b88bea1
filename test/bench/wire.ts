/**
 * How the benchmark talks to an engine in its own process: the same bytes for the Go program and for the Node ones.
 * All integers are little-endian.
 *
 *     to the engine    u32 count, then `count` frames: u32 size, then method, target, u32 headers,
 *                      (name, value)*, body; each field is u32 size and its bytes
 *                      then orders: u32 from, u32 to, u32 repeat
 *     from the engine  once ready: u32 size and its name with version
 *                      per order: u64 CPU nanoseconds of all repeats, then per request of the range
 *                      u64 nanoseconds and u8 verdict (1 = would block)
 *
 * Requests are sent once and kept, so that an order costs no copying inside what is measured.
 */
import { readSync, writeSync } from "node:fs";
import { MerlonError } from "../../hosts/core/error.ts";
import type { BenchRequest } from "./mix.ts";

/** One batch to run: requests `from` … `to`-1 of the mix, all of them `repeat` times. */
export interface Order {
  readonly from: number;
  readonly to: number;
  readonly repeat: number;
}

/** What a batch cost. */
export interface Reply {
  /** CPU time of the calling thread for all repeats. */
  readonly cpuNs: number;
  /** For each request of the range, once. Wall time in Node, whose clock of CPU time is too coarse for one request. */
  readonly requestNs: Float64Array;
  readonly blocked: Uint8Array;
}

/** What the process side of an engine does with one request in the form that it wants. */
export interface EngineBody<Prepared> {
  readonly name: string;
  /** Once per request before any order; what it returns is given to `inspect`. Not measured. */
  prepare(request: BenchRequest): Prepared;
  /** The measured call. */
  inspect(prepared: Prepared): void;
  /** The verdict, asked outside of what is measured. */
  blocks(prepared: Prepared): boolean;
}

const ORDER_BYTES = 12;
const REPLY_REQUEST_BYTES = 9;
/** A frame above this is a mistake of ours: the mix holds no larger request. */
const FRAME_BYTES_MAX = 8 << 20;

/** Writes the whole mix as the engine reads it. */
export function encodeMix(requests: readonly BenchRequest[]): Buffer {
  const parts: Buffer[] = [u32(requests.length)];
  for (const request of requests) {
    const fields = [field(request.method), field(request.target), u32(request.rawHeaders.length / 2)];
    for (const part of request.rawHeaders) fields.push(field(part));
    fields.push(u32(request.body.length), Buffer.from(request.body));
    const frame = Buffer.concat(fields);
    parts.push(u32(frame.length), frame);
  }
  return Buffer.concat(parts);
}

/** Writes one order. */
export function encodeOrder(order: Order): Buffer {
  return Buffer.concat([u32(order.from), u32(order.to), u32(order.repeat)]);
}

/** Bytes of the reply to an order. */
export function replySize(order: Order): number {
  return 8 + (order.to - order.from) * REPLY_REQUEST_BYTES;
}

/** Reads the reply to `order`, which must be whole. */
export function decodeReply(order: Order, bytes: Buffer): Reply {
  const count = order.to - order.from;
  const requestNs = new Float64Array(count);
  const blocked = new Uint8Array(count);
  for (let at = 0; at < count; at++) {
    requestNs[at] = Number(bytes.readBigUInt64LE(8 + at * REPLY_REQUEST_BYTES));
    blocked[at] = bytes[16 + at * REPLY_REQUEST_BYTES] ?? 0;
  }
  return { cpuNs: Number(bytes.readBigUInt64LE(0)), requestNs, blocked };
}

/**
 * The engine's side in Node: reads the mix from standard input, then answers orders until the input ends.
 * Synchronous on purpose: nothing else may run on the measured thread.
 */
export function serve<Prepared>(engine: EngineBody<Prepared>): void {
  const requests = readMix();
  const prepared = requests.map((request) => engine.prepare(request));
  writeAll(Buffer.concat([u32(engine.name.length), Buffer.from(engine.name, "latin1")]));
  for (let bytes = readExactly(ORDER_BYTES); bytes !== null; bytes = readExactly(ORDER_BYTES)) {
    const order = { from: bytes.readUInt32LE(0), to: bytes.readUInt32LE(4), repeat: bytes.readUInt32LE(8) };
    writeAll(runOrder(engine, prepared.slice(order.from, order.to), order.repeat));
  }
}

function runOrder<Prepared>(engine: EngineBody<Prepared>, prepared: readonly Prepared[], repeat: number): Buffer {
  const reply = Buffer.alloc(8 + prepared.length * REPLY_REQUEST_BYTES);
  const before = threadCpuNs();
  for (let turn = 0; turn < repeat; turn++) {
    for (const request of prepared) engine.inspect(request);
  }
  reply.writeBigUInt64LE(BigInt(threadCpuNs() - before), 0);
  let at = 8;
  for (const request of prepared) {
    const start = performance.now();
    engine.inspect(request);
    const spent = Math.max(0, Math.round((performance.now() - start) * 1e6));
    reply.writeBigUInt64LE(BigInt(spent), at);
    reply[at + 8] = engine.blocks(request) ? 1 : 0;
    at += REPLY_REQUEST_BYTES;
  }
  return reply;
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * CPU time of this thread so far. The kernel brings a running thread's figure up to date at a tick (4 ms) or when the
 * thread leaves the CPU, so the thread sleeps for a moment first: that makes the figure exact to a microsecond, for
 * some 50 microseconds of cost, which is nothing beside a batch.
 */
export function threadCpuNs(): number {
  Atomics.wait(sleeper, 0, 0, 0.02);
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1000;
}

function readMix(): BenchRequest[] {
  const count = readExactly(4)?.readUInt32LE(0) ?? 0;
  const requests: BenchRequest[] = [];
  for (let index = 0; index < count; index++) {
    const size = readExactly(4)?.readUInt32LE(0) ?? 0;
    const frame = size <= FRAME_BYTES_MAX ? readExactly(size) : null;
    if (frame === null) throw new MerlonError("MERLON_INPUT", `request ${index} of the mix is cut off or too large`);
    requests.push(decodeFrame(index, frame));
  }
  return requests;
}

function decodeFrame(index: number, frame: Buffer): BenchRequest {
  let at = 0;
  const next = (): Buffer => {
    const size = frame.readUInt32LE(at);
    at += 4 + size;
    return frame.subarray(at - size, at);
  };
  const method = next().toString("latin1");
  const target = next().toString("latin1");
  const headers = frame.readUInt32LE(at);
  at += 4;
  const rawHeaders = Array.from({ length: 2 * headers }, () => next().toString("latin1"));
  const body = new Uint8Array(next());
  return { id: String(index), attack: false, method, target, rawHeaders, body, wireBytes: frame.length };
}

/** @returns null where the input ended before the first byte */
function readExactly(size: number): Buffer | null {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const got = readSync(0, bytes, at, size - at, null);
    if (got === 0 && at === 0) return null;
    if (got === 0) throw new MerlonError("MERLON_INPUT", "the benchmark closed the pipe inside a message");
    at += got;
  }
  return bytes;
}

function writeAll(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function field(text: string): Buffer {
  return Buffer.concat([u32(text.length), Buffer.from(text, "latin1")]);
}
