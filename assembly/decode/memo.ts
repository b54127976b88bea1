/**
 * Header values that were looked at before and showed nothing. Browsers and clients send the same few values of
 * `user-agent`, `accept` and the like with every request, so most of them need no second look.
 *
 * Guarantee: a value is only passed over if the same bytes, under the same name, were looked at before without a match
 * or a limit. Whole bytes are compared, never hashes alone, which an attacker could make collide; a look depends on
 * nothing else but the work that is left, which it is charged for as before. See test/assembly/decode/memo.test.ts.
 */

import { copyBytes } from "../bytes/guard";
import { hashBytes } from "../bytes/hash";
import { sameBytes } from "../bytes/scan";

/** Longest value that is remembered. */
const VALUE_MAX: u32 = 240;
/** Work that the look at the value found last has cost, in units. */
export let knownUnits: i32 = 0;
const SLOTS: u32 = 128;
const SLOT_BYTES: u32 = 256;
const table: usize = memory.data(SLOTS * SLOT_BYTES, 16);

/** One remembered value; its bytes follow. */
@unmanaged
class Known {
  name: u32;
  hash: u32;
  size: u32;
  /** What its look has cost. */
  units: i32;
}

let slot: Known = changetype<Known>(0);
let hash: u32 = 0;

/**
 * Whether the value was looked at before and is harmless. If not, `rememberValue` may be called after the look.
 * @param name the field's `FieldName`
 */
export function isKnownValue(name: u32, at: usize, size: u32): bool {
  if (size > VALUE_MAX) {
    slot = changetype<Known>(0);
    return false;
  }
  hash = hashBytes(at, size) ^ name;
  slot = changetype<Known>(table + <usize>((hash & (SLOTS - 1)) * SLOT_BYTES));
  if (slot.hash != hash || slot.name != name || slot.size != size) return false;
  knownUnits = slot.units;
  return sameBytes(changetype<usize>(slot) + offsetof<Known>(), at, size);
}

/**
 * Remembers the value of the last `isKnownValue`, in place of the one that had its slot.
 * @param units work that the look has cost
 */
export function rememberValue(name: u32, at: usize, size: u32, units: i32): void {
  if (!slot) return;
  slot.name = name;
  slot.hash = hash;
  slot.size = size;
  slot.units = units;
  copyBytes(changetype<usize>(slot) + offsetof<Known>(), at, size);
}
