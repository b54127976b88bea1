/**
 * Entries of a spool's segments: a head of 16 bytes (size, checksum, number), then the record. The checksum covers the
 * number and the record, so that a torn or damaged entry is known for what it is.
 *
 *     0        4        8                16
 *     | size   | crc32  | number         | record, `size` bytes …      all little endian
 */
import { crc32 } from "node:zlib";
import { RECORD_BYTES_MAX } from "../record.ts";

/** What every segment begins with. */
export const SEGMENT_MAGIC: Buffer = Buffer.from("MRLNSPL1", "latin1");
/** Bytes before an entry's record. */
export const ENTRY_HEAD_BYTES = 16;

/** An entry that was read. */
export interface Entry {
  readonly seq: number;
  readonly record: Buffer;
}

/** @returns the entry as it stands in a segment */
export function encodeEntry(seq: number, record: Buffer): Buffer {
  const entry = Buffer.allocUnsafe(ENTRY_HEAD_BYTES + record.length);
  entry.writeUInt32LE(record.length, 0);
  entry.writeBigUInt64LE(BigInt(seq), 8);
  record.copy(entry, ENTRY_HEAD_BYTES);
  entry.writeUInt32LE(crc32(entry.subarray(8)), 4);
  return entry;
}

/** What stands at a place: an entry, one that is damaged and can be stepped over, or nothing that is known. */
export type Found =
  | { readonly kind: "entry"; readonly entry: Entry; readonly size: number }
  | { readonly kind: "damaged"; readonly size: number }
  | { readonly kind: "cut" };

/** Reads the entry at an offset; `cut` where the bytes end before it does, or its size cannot be true. */
export function readEntry(bytes: Buffer, at: number): Found {
  if (bytes.length - at < ENTRY_HEAD_BYTES) return { kind: "cut" };
  const length = bytes.readUInt32LE(at);
  const size = ENTRY_HEAD_BYTES + length;
  if (length === 0 || length > RECORD_BYTES_MAX || bytes.length - at < size) return { kind: "cut" };
  if (crc32(bytes.subarray(at + 8, at + size)) !== bytes.readUInt32LE(at + 4)) return { kind: "damaged", size };
  const seq = Number(bytes.readBigUInt64LE(at + 8));
  return { kind: "entry", entry: { seq, record: bytes.subarray(at + ENTRY_HEAD_BYTES, at + size) }, size };
}
