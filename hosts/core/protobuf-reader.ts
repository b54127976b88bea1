/**
 * Protocol Buffers read field by field where they lie: what a host wants of a message is little, and a library makes an
 * object of everything. Attackers control the bytes: nothing is copied or nested before it is asked for.
 * @see https://protobuf.dev/programming-guides/encoding/
 */

/**
 * Walks over the fields of a message. What does not fit makes all readers of the message stop.
 * @example while (reader.next()) if (reader.field === 1 && reader.isBytes) name = reader.text();
 */
export class ProtobufReader {
  readonly bytes: Buffer;
  readonly #end: number;
  readonly #root: { bad: boolean };
  #at: number;
  field = 0;
  /** Value of a varint; capped, since none that is looked at is large. */
  number = 0;
  isBytes = false;
  /** Where the bytes of a length-delimited field lie. */
  from = 0;
  to = 0;

  constructor(bytes: Buffer, at: number, end: number, root: { bad: boolean } = { bad: false }) {
    this.bytes = bytes;
    this.#at = at;
    this.#end = end;
    this.#root = root;
  }

  /** Whether the bytes were no message. */
  get bad(): boolean {
    return this.#root.bad;
  }

  /** Makes all readers of the message stop. */
  fail(): void {
    this.#root.bad = true;
  }

  /** Goes to the next field. @returns false at the end, and after an error */
  next(): boolean {
    if (this.#root.bad || this.#at >= this.#end) return false;
    const tag = this.#varint();
    const type = tag % 8;
    this.field = Math.floor(tag / 8);
    this.isBytes = type === 2;
    this.number = 0;
    if (type === 0) this.number = this.#varint();
    else if (type === 2) this.#range(this.#varint());
    else if (type === 5) this.#range(4);
    else if (type === 1) this.#range(8);
    else this.fail();
    return !this.#root.bad;
  }

  /** Walks over the bytes of this field as a message of their own. */
  inner(): ProtobufReader {
    return new ProtobufReader(this.bytes, this.from, this.to, this.#root);
  }

  /** The field's bytes, one a character. */
  text(): string {
    return this.bytes.toString("latin1", this.from, this.to);
  }

  #range(size: number): void {
    this.from = this.#at;
    this.to = this.#at + size;
    this.#at = this.to;
    if (this.to > this.#end) this.fail();
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < 10; read++) {
      if (this.#at >= this.#end) break;
      const byte = this.bytes[this.#at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    this.fail();
    return 0;
  }
}
