/**
 * What a fuzz input is: calls of the core in an order that a host could make, with their bytes. Any bytes and any order
 * are allowed; the core answers each with a status and never traps.
 */
import { type Core, STATUS } from "../test/assembly/core.ts";

/** Calls that take bytes, and those that do not. */
export const CALLS = [
  ...(["tx_raw", "tx_head", "tx_body", "tx_trailers", "tx_end"] as const),
  ...(["tx_response_head", "tx_response_body", "tx_response_end"] as const),
] as const;
export type CallName = (typeof CALLS)[number];

/** One call. */
export interface Operation {
  readonly call: CallName;
  readonly bytes: Buffer;
}

/** Something that the core must never do, other than a trap. */
export class Violation extends Error {
  override readonly name = "Violation";
}

const PIECE_BYTES_MAX = 262_144;
const SHOWN_CHARACTERS_MAX = 200;
const KNOWN = new Set<number>([STATUS.pass, STATUS.block, STATUS.badPhase, STATUS.malformed, STATUS.limit]);

/**
 * Runs the calls in a transaction of their own.
 * @returns the line, and the record where `whole` is asked for, as one text to compare
 * @throws what the core throws when it traps; Violation where an answer is none that it may give
 */
export function run(core: Core, operations: readonly Operation[], whole = false): string {
  const handle = core.begin("198.51.100.9", 1_750_000_000);
  if (handle === 0) throw new Violation("the core refused a transaction although none is open");
  apply(core, handle, operations);
  return finish(core, handle, whole);
}

/** Makes the calls. */
export function apply(core: Core, handle: number, operations: readonly Operation[]): void {
  for (const { call, bytes } of operations) {
    const status = core.call(call)(handle, core.give(bytes));
    if (!KNOWN.has(status)) throw new Violation(`${call} answered ${status}`);
  }
}

/** Reads the answer, checks its form and closes the transaction. */
export function finish(core: Core, handle: number, whole: boolean): string {
  const line = core.line(handle);
  if (!/^(?:block|pass)(?: [ -~]+)?$/.test(line)) throw new Violation(`the line "${line}" is not one`);
  let answer = line;
  if (whole || line.length > 5) {
    const record = core.record(handle);
    checkRecord(core, record);
    if (whole) answer += `\n${record.toString("latin1")}`;
  }
  if (core.free(handle) !== STATUS.pass) throw new Violation("the transaction was not open at its end");
  return answer;
}

interface Layout {
  readonly head: number;
  readonly matches: number;
  readonly matchHead: number;
  readonly pointSize: number;
  readonly layers: number;
  readonly layerHead: number;
  readonly start: number;
  readonly end: number;
  readonly excerptAt: number;
  readonly excerptSize: number;
}

const layouts = new WeakMap<Core, Layout>();

function layoutOf(core: Core): Layout {
  let layout = layouts.get(core);
  if (layout === undefined) {
    layout = {
      head: core.number("RESULT_HEAD_BYTES"),
      matches: core.number("RESULT_MATCHES"),
      matchHead: core.number("MATCH_HEAD_BYTES"),
      pointSize: core.number("MATCH_POINT_SIZE"),
      layers: core.number("MATCH_LAYERS"),
      layerHead: core.number("LAYER_HEAD_BYTES"),
      start: core.number("LAYER_START"),
      end: core.number("LAYER_END"),
      excerptAt: core.number("LAYER_EXCERPT_AT"),
      excerptSize: core.number("LAYER_EXCERPT_SIZE"),
    };
    layouts.set(core, layout);
  }
  return layout;
}

/** Walks the record by its own sizes: they must fill it to the byte, and spans must lie the right way round. */
function checkRecord(core: Core, record: Buffer): void {
  const layout = layoutOf(core);
  let at = layout.head;
  for (let match = record.readUInt32LE(layout.matches); match > 0; match--) {
    const size = record.readUInt32LE(at);
    let next = at + layout.matchHead + record.readUInt32LE(at + layout.pointSize);
    for (let layer = record.readUInt32LE(at + layout.layers); layer > 0; layer--) {
      const [start, end] = [record.readUInt32LE(next + layout.start), record.readUInt32LE(next + layout.end)];
      if (start > end) throw new Violation(`a span goes from ${start} to ${end}`);
      if (record.readUInt32LE(next + layout.excerptAt) > start)
        throw new Violation("an excerpt begins behind its span");
      next += layout.layerHead + record.readUInt32LE(next + layout.excerptSize);
    }
    if (next !== at + size) throw new Violation(`a match of ${size} bytes has ${next - at}`);
    at = next;
  }
  if (at !== record.length) throw new Violation(`a record of ${record.length} bytes has ${at}`);
}

/** The same calls with neighbouring pieces of one stream joined: the core must answer both in the same way. */
export function join(operations: readonly Operation[]): Operation[] {
  const joined: Operation[] = [];
  for (const operation of operations) {
    const last = joined.at(-1);
    const stream = operation.call === "tx_raw" || operation.call.endsWith("_body");
    const size = operation.bytes.length + (last?.bytes.length ?? 0);
    if (last === undefined || !stream || last.call !== operation.call || size > PIECE_BYTES_MAX) joined.push(operation);
    else joined[joined.length - 1] = { call: last.call, bytes: Buffer.concat([last.bytes, operation.bytes]) };
  }
  return joined;
}

/**
 * Runs the calls as they are and joined.
 * @returns what is wrong with the answers, or undefined
 */
export function findFault(core: Core, operations: readonly Operation[]): string | undefined {
  try {
    const joined = join(operations);
    if (joined.length === operations.length) {
      run(core, operations);
      return undefined;
    }
    const [cut, whole] = [run(core, operations, true), run(core, joined, true)];
    return cut === whole ? undefined : `cuts: ${describe(cut)} but whole ${describe(whole)}`;
  } catch (error) {
    return describeError(error);
  }
}

/** What a thrown thing says, with the core's functions that were running. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const places = [...(error.stack ?? "").matchAll(/^ +at (assembly\/\S+)/gm)].map(([, place = ""]) => place);
  return `${error.name}: ${error.message}${places.length > 0 ? ` in ${places.slice(0, 6).join(" < ")}` : ""}`;
}

function describe(answer: string): string {
  return `"${answer.slice(0, Math.min(answer.indexOf("\n"), SHOWN_CHARACTERS_MAX))}"`;
}
