/**
 * Cuts the bytes of a gRPC stream into messages: a flag, four bytes of size, the message. What comes in one piece is
 * handed on without a copy; what comes in many costs what it weighs and no more than a limit.
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import { BodyHold } from "./body-hold.ts";

const PREFIX_BYTES = 5;

/** Why a stream cannot be read any further. */
export type ReaderFault = "compressed" | "too_large";

/** The messages of one stream. */
export class MessageReader {
  readonly #bytesMax: number;
  readonly #parts = new BodyHold();
  #chunk: Buffer | null = null;
  #at = 0;
  /** Size of the message with its prefix, 0 where it is not known yet. */
  #wanted = 0;
  fault: ReaderFault | null = null;

  /** @param bytesMax size of the largest message that is taken */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that wait for the rest of their message. */
  get waiting(): number {
    return this.#parts.size;
  }

  /** Takes what was read; `next` is to be called until it gives null. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** @returns the next message without its prefix, or null where it is not there yet and after a fault */
  next(): Buffer | null {
    for (;;) {
      const chunk = this.#chunk;
      if (chunk === null || this.fault !== null) return null;
      const wanted = this.#wanted === 0 ? PREFIX_BYTES : this.#wanted;
      const piece = chunk.subarray(this.#at, this.#at + wanted - this.#parts.size);
      this.#at += piece.length;
      if (this.#at === chunk.length && piece.length + this.#parts.size < wanted) {
        this.#parts.push(piece);
        this.#chunk = null;
        return null;
      }
      const whole = this.#parts.size === 0 ? piece : Buffer.concat([...this.#parts.takeAll(), piece]);
      if (this.#wanted !== 0) {
        this.#wanted = 0;
        return whole.subarray(PREFIX_BYTES);
      }
      this.#readPrefix(whole, chunk, piece.length);
    }
  }

  #readPrefix(prefix: Buffer, chunk: Buffer, fresh: number): void {
    const size = prefix.readUInt32BE(1);
    if (prefix[0] !== 0) this.fault = "compressed";
    else if (size > this.#bytesMax) this.fault = "too_large";
    this.#wanted = PREFIX_BYTES + size;
    // Read again as the beginning of the message, so that one that lies whole in the chunk is one slice of it.
    if (fresh === PREFIX_BYTES && this.#at >= PREFIX_BYTES && chunk.length > 0) this.#at -= PREFIX_BYTES;
    else this.#parts.push(prefix);
  }
}
