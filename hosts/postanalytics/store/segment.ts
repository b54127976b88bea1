/**
 * How entries lie in a file of the log: a header, then for each entry its length, a checksum and its bytes. What a
 * power cut leaves behind, an entry cut short or bytes that were never written, is told apart from what was whole and
 * has rotted: after the first there is nothing, after the second come entries that are whole.
 *
 *     header  "MERLOG01", number of the segment (u64)
 *     entry   length (u32), CRC-32 of length and bytes (u32), bytes              all numbers little-endian
 */
import { crc32 } from "node:zlib";

/** Bytes of the header. */
export const SEGMENT_HEADER_BYTES = 16;
/** Bytes before an entry's own. */
export const FRAME_BYTES = 8;
/** An entry is never longer; a length beyond it is damage. */
export const ENTRY_BYTES_MAX = 64 * 1024;

const MAGIC = "MERLOG01";

/** An entry and where it begins in its segment. */
export interface SegmentEntry {
  readonly at: number;
  readonly bytes: Buffer;
}

/** What some bytes of a segment hold. */
export interface SegmentScan {
  readonly entries: readonly SegmentEntry[];
  /** Offset behind the last entry that is whole. */
  readonly end: number;
  /** Places where bytes have changed since they were written, with whole entries behind them. */
  readonly damaged: number;
  /** Whether what stands at `end` is no entry, and none follows in these bytes. */
  readonly broken: boolean;
}

/** The header of a segment. */
export function segmentHeader(number: number): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  header.write(MAGIC, "latin1");
  header.writeBigUInt64LE(BigInt(number), MAGIC.length);
  return header;
}

/** @returns whether these are the first bytes of that segment */
export function isSegmentHeader(bytes: Buffer, number: number): boolean {
  return bytes.subarray(0, SEGMENT_HEADER_BYTES).equals(segmentHeader(number));
}

/** Entries as they are written, one after another. */
export function frameEntries(entries: readonly Uint8Array[]): Buffer {
  const frames = Buffer.allocUnsafe(entries.reduce((sum, { length }) => sum + FRAME_BYTES + length, 0));
  let at = 0;
  for (const entry of entries) {
    frames.writeUInt32LE(entry.length, at);
    frames.set(entry, at + FRAME_BYTES);
    frames.writeUInt32LE(checksum(frames, at, entry.length), at + 4);
    at += FRAME_BYTES + entry.length;
  }
  return frames;
}

/**
 * Reads entries.
 * @param bytes part of a segment that begins with an entry
 * @param at its offset in the segment
 * @param last whether no bytes follow these, so that an entry cut short is none
 */
export function scanEntries(bytes: Buffer, at: number, last: boolean): SegmentScan {
  const entries: SegmentEntry[] = [];
  let [here, damaged] = [0, 0];
  for (;;) {
    const size = wholeEntryAt(bytes, here);
    if (typeof size === "number") {
      entries.push({ at: at + here, bytes: bytes.subarray(here + FRAME_BYTES, here + size) });
      here += size;
      continue;
    }
    if (here === bytes.length || (size === "short" && !last))
      return { entries, end: at + here, damaged, broken: false };
    const next = nextEntry(bytes, here + 1);
    if (next === undefined) return { entries, end: at + here, damaged, broken: true };
    damaged++;
    here = next;
  }
}

/**
 * Looks for an entry behind damage. Entries are JSON, which has no NUL; a length always has one, so hardly any place is
 * worth a checksum, and what a client sent cannot pass for an entry.
 */
function nextEntry(bytes: Buffer, from: number): number | undefined {
  for (let at = from; at + FRAME_BYTES < bytes.length; at++) {
    if (bytes[at + 3] === 0 && typeof wholeEntryAt(bytes, at) === "number") return at;
  }
  return undefined;
}

/** @returns the size of the entry with its frame; "short" where more bytes are needed, "bad" where none would do */
function wholeEntryAt(bytes: Buffer, at: number): number | "short" | "bad" {
  if (at + FRAME_BYTES > bytes.length) return "short";
  const length = bytes.readUInt32LE(at);
  if (length === 0 || length > ENTRY_BYTES_MAX) return "bad";
  if (at + FRAME_BYTES + length > bytes.length) return "short";
  return checksum(bytes, at, length) === bytes.readUInt32LE(at + 4) ? FRAME_BYTES + length : "bad";
}

function checksum(bytes: Buffer, at: number, length: number): number {
  const ofLength = crc32(bytes.subarray(at, at + 4));
  return crc32(bytes.subarray(at + FRAME_BYTES, at + FRAME_BYTES + length), ofLength);
}
