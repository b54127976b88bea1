/**
 * Which transaction belongs to which of the host's stream contexts: an open-addressed table by context id. Envoy counts
 * ids up, so that neighbours rarely meet.
 */
import { TRANSACTIONS_MAX } from "../../../assembly/abi/limits";

/** One stream. */
@unmanaged
export class Stream {
  context: u32;
  /** Handle of its transaction. */
  handle: u32;
  /** Body bytes of the host's buffer that were read. */
  read: u32;
  /** Body bytes seen at all. */
  bytes: u32;
  /** Held bytes were let go: from now on the host's buffer has only what is new. */
  released: u32;
  /** Body bytes that wait for the verdict. */
  hold: u32;
}

const CAPACITY: u32 = TRANSACTIONS_MAX * 2;
const table: usize = memory.data(CAPACITY * 24, 16);

function at(slot: u32): Stream {
  return changetype<Stream>(table + <usize>((slot & (CAPACITY - 1)) * offsetof<Stream>()));
}

/** @returns the context's stream, or null */
export function streamOf(context: u32): Stream {
  for (let slot = context; slot - context < CAPACITY; slot++) {
    const stream = at(slot);
    if (stream.context == context) return stream;
    if (!stream.context) break;
  }
  return changetype<Stream>(0);
}

/** Adds a stream; there are never more than TRANSACTIONS_MAX, since each has a transaction. */
export function streamAdd(context: u32, handle: u32): Stream {
  let slot = context;
  while (at(slot).context) slot++;
  const stream = at(slot);
  stream.context = context;
  stream.handle = handle;
  stream.read = 0;
  stream.bytes = 0;
  stream.released = 0;
  stream.hold = 0;
  return stream;
}

/** Removes a stream and moves those that probing put behind it (Knuth, TAOCP 3, 6.4 R). */
export function streamRemove(stream: Stream): void {
  let hole = <u32>((changetype<usize>(stream) - table) / <usize>offsetof<Stream>());
  at(hole).context = 0;
  for (let slot = hole + 1; at(slot).context; slot++) {
    const moved = at(slot);
    const home = moved.context & (CAPACITY - 1);
    const distance = (slot - home) & (CAPACITY - 1);
    if (distance < ((slot - hole) & (CAPACITY - 1))) continue;
    memory.copy(changetype<usize>(at(hole)), changetype<usize>(moved), offsetof<Stream>());
    moved.context = 0;
    hole = slot;
  }
}
