/**
 * What the instances of one Envoy share: values by keys, kept by the host for all workers with one `vm_id`, so that
 * they outlive a trap and the instance that a reload makes.
 */
import { writeLiteral } from "../../../assembly/bytes/ascii";
import { proxy_set_shared_data } from "./env";
import { askShared } from "./proxy";

/** What a value is; the letter is part of its key. */
export enum Shared {
  /** Which policy there is: number of the change, its pieces, its name. */
  HEAD = 0x68,
  /** A piece of an image. */
  PIECE = 0x70,
  /** Who asks the policy service, and until when. */
  LEASE = 0x6c,
  /** How many instances there were. */
  COUNTER = 0x6e,
  /** The name of this Envoy in reports. */
  NAME = 0x69,
}

const key: usize = memory.data(32, 16);

/** Writes a key of 20 bytes. @param source hash of the service that it is about, 0 for none */
function keyOf(kind: Shared, source: u64, index: u32): u32 {
  const size = writeLiteral(key, "merlon ");
  store<u8>(key + <usize>size, <u8>kind);
  store<u64>(key + 8, source);
  store<u32>(key + 16, index);
  return 20;
}

/** Reads a value; it is `answerAt` then. @returns false where there is none */
export function readShared(kind: Shared, source: u64, index: u32): bool {
  return askShared(key, keyOf(kind, source, index));
}

/** Writes a value. @param change 0, or the number that it had when it was read. @returns false where it has another */
export function writeShared(kind: Shared, source: u64, index: u32, at: usize, size: u32, change: u32): bool {
  return proxy_set_shared_data(key, keyOf(kind, source, index), at, size, change) == 0;
}
