/** Writes header pairs as the ABI has them: their number, sizes of all names and values, and then the bytes. */
import { writeLiteral } from "../../../assembly/bytes/ascii";

const FIELDS_MAX: u32 = 12;
const SIZES_BYTES: u32 = FIELDS_MAX * 8 + 4;
/** Room for all of them: names are ours, and values have at most 255 bytes. */
const block: usize = memory.data(4096, 16);

let to: usize = 0;
let fields: u32 = 0;
let valueFrom: usize = 0;

/** Begins a block. */
export function pairsBegin(): void {
  fields = 0;
  to = block + <usize>SIZES_BYTES;
}

/** Begins a field; its value follows by `pairsText` and `pairsBytes`. */
export function pairsName(name: string): void {
  const size = writeLiteral(to, name);
  store<u32>(block + 4 + <usize>(fields << 3), size);
  to += <usize>size;
  store<u8>(to++, 0);
  valueFrom = to;
}

/** Adds to the value. */
export function pairsText(text: string): void {
  to += <usize>writeLiteral(to, text);
}

/** Adds to the value. @param size at most 255 */
export function pairsBytes(at: usize, size: u32): void {
  memory.copy(to, at, <usize>size);
  to += <usize>size;
}

/** Ends the field. */
export function pairsEnd(): void {
  store<u32>(block + 8 + <usize>(fields << 3), <u32>(to - valueFrom));
  store<u8>(to++, 0);
  fields++;
}

/** Ends the block. @returns its bytes, from `pairsAt()` on */
export function pairsSize(): u32 {
  const from = block + <usize>SIZES_BYTES;
  const bytes = to - from;
  store<u32>(block, fields);
  memory.copy(block + 4 + <usize>(fields << 3), from, bytes);
  return <u32>bytes + 4 + (fields << 3);
}

/** Where the block lies. */
export function pairsAt(): usize {
  return block;
}
