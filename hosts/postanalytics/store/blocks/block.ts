/**
 * Blocks: the numbers of many records in a row of bytes. A database takes a second to look through a million rows of a
 * table; a block of sixty thousand is read in one piece, kept in memory, and looked through in a millisecond. What a
 * block holds of a record is what the `records` table holds, but for its id.
 *
 * A row is 28 bytes, big endian: time (8), finding, kind, client, path, n (4 each). The same can be written in SQL.
 */

/** Bytes of a record in a block. */
export const BLOCK_ROW_BYTES = 28;

/** A record in a block. */
export interface BlockRow {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly finding: number;
  readonly kind: number;
  readonly client: number;
  readonly path: number;
  /** Requests that it stands for. */
  readonly n: number;
}

/** A block's rows as arrays that all threads share. */
export interface Columns {
  readonly rows: number;
  readonly at: Float64Array;
  readonly finding: Int32Array;
  readonly kind: Int32Array;
  readonly client: Int32Array;
  readonly path: Int32Array;
  readonly n: Int32Array;
}

const NUMBERS = 5;
/** Ranks of rows are packed into one number for sorting: 16 bits each, below 2^53. */
const SORTED_ROWS_MAX = 65_536;
const RANK = 65_536;

/** Writes rows as a block's bytes. */
export function encodeRows(rows: readonly BlockRow[]): Buffer {
  const bytes = Buffer.alloc(rows.length * BLOCK_ROW_BYTES);
  let place = 0;
  for (const { at, finding, kind, client, path, n } of rows) {
    bytes.writeBigInt64BE(BigInt(at), place);
    place += 8;
    for (const number of [finding, kind, client, path, n]) place = bytes.writeInt32BE(number, place);
  }
  return bytes;
}

/** First and last time in a block's bytes, milliseconds since 1970; null where it is empty. */
export function spanOf(bytes: Buffer): readonly [first: number, last: number] | null {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let place = 0; place < bytes.length; place += BLOCK_ROW_BYTES) {
    const at = timeAt(bytes, place);
    if (at < first) first = at;
    if (at > last) last = at;
  }
  return bytes.length === 0 ? null : [first, last];
}

/** Time of the row that begins at a byte. */
function timeAt(bytes: Buffer, place: number): number {
  return bytes.readInt32BE(place) * 2 ** 32 + bytes.readUInt32BE(place + 4);
}

/** @returns the rows whose time passes */
export function keepTimes(bytes: Buffer, isKept: (at: number) => boolean): Buffer {
  return keepRows(bytes, (place) => isKept(timeAt(bytes, place)));
}

/**
 * Takes rows out, each as often as it is named. Rows with equal numbers are as good as each other.
 * @param rows by their bytes as Latin-1, with how often; what is found is counted down
 */
export function subtractRows(bytes: Buffer, rows: Map<string, number>): Buffer {
  return keepRows(bytes, (place) => {
    const key = bytes.toString("latin1", place, place + BLOCK_ROW_BYTES);
    const left = rows.get(key) ?? 0;
    if (left > 0) rows.set(key, left - 1);
    return left === 0;
  });
}

function keepRows(bytes: Buffer, isKept: (place: number) => boolean): Buffer {
  const kept = Buffer.alloc(bytes.length);
  let end = 0;
  for (let place = 0; place < bytes.length; place += BLOCK_ROW_BYTES) {
    if (!isKept(place)) continue;
    bytes.copy(kept, end, place, place + BLOCK_ROW_BYTES);
    end += BLOCK_ROW_BYTES;
  }
  return kept.subarray(0, end);
}

/**
 * Reads a block, sorted by client and kind: rows of a group lie beside each other, so that whoever groups looks for a
 * group once for several rows. A block that is larger than those that are made here stays as it is.
 */
export function decodeBlock(bytes: Buffer): Columns {
  const rows = Math.floor(bytes.length / BLOCK_ROW_BYTES);
  const columns = emptyColumns(rows);
  const { at, finding, kind, client, path, n } = columns;
  const order = orderOf(bytes, rows);
  for (let row = 0; row < rows; row++) {
    const place = (order === null ? row : (order[row] ?? 0) % RANK) * BLOCK_ROW_BYTES;
    at[row] = timeAt(bytes, place);
    finding[row] = bytes.readInt32BE(place + 8);
    kind[row] = bytes.readInt32BE(place + 12);
    client[row] = bytes.readInt32BE(place + 16);
    path[row] = bytes.readInt32BE(place + 20);
    n[row] = bytes.readInt32BE(place + 24);
  }
  return columns;
}

function emptyColumns(rows: number): Columns {
  const memory = new SharedArrayBuffer(rows * BLOCK_ROW_BYTES);
  const numbers = (place: number): Int32Array => new Int32Array(memory, rows * (8 + 4 * place), rows);
  const [finding, kind, client, path, n] = Array.from({ length: NUMBERS }, (_, place) => numbers(place));
  const none = new Int32Array(0);
  return {
    ...{ rows, at: new Float64Array(memory, 0, rows), finding: finding ?? none, kind: kind ?? none },
    ...{ client: client ?? none, path: path ?? none, n: n ?? none },
  };
}

/** Rows in their order, each packed behind the ranks that it is sorted by. */
function orderOf(bytes: Buffer, rows: number): Float64Array | null {
  if (rows > SORTED_ROWS_MAX) return null;
  const keys = new Float64Array(rows);
  const [kinds, clients] = [new Map<number, number>(), new Map<number, number>()];
  for (let row = 0; row < rows; row++) {
    const place = row * BLOCK_ROW_BYTES;
    const kind = rankIn(kinds, bytes.readInt32BE(place + 12));
    const client = rankIn(clients, bytes.readInt32BE(place + 16));
    keys[row] = (client * RANK + kind) * RANK + row;
  }
  return keys.sort();
}

function rankIn(ranks: Map<number, number>, number: number): number {
  const known = ranks.get(number);
  if (known !== undefined) return known;
  ranks.set(number, ranks.size);
  return ranks.size - 1;
}
