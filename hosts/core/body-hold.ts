/**
 * Request bytes that are withheld from the upstream until the verdict, and the budget that all requests share.
 *
 * What is held costs what it weighs: a client that sends single bytes must not make each of them an object with a
 * buffer of its own, and a small slice must not keep a large read buffer alive. So small pieces are copied together.
 */
const BLOCK_SIZE = 4096;

/** The bytes of one request that are withheld, in order. */
export class BodyHold {
  size = 0;
  #blocks: Buffer[] = [];
  /** Room in the last block, which is ours to write to if this is above zero. */
  #room = 0;
  #tail: Buffer = Buffer.alloc(0);

  /** Appends a chunk. The chunk is kept only if it fills its memory well; it must not be changed afterwards. */
  push(chunk: Buffer): void {
    this.size += chunk.length;
    if (chunk.length >= BLOCK_SIZE / 2 && chunk.length * 2 >= chunk.buffer.byteLength) {
      this.#seal();
      this.#blocks.push(chunk);
      return;
    }
    let at = 0;
    while (at < chunk.length) {
      if (this.#room === 0) {
        this.#tail = Buffer.allocUnsafeSlow(Math.max(BLOCK_SIZE, Math.min(chunk.length - at, 4 * BLOCK_SIZE)));
        this.#room = this.#tail.length;
        this.#blocks.push(this.#tail);
      }
      const size = Math.min(this.#room, chunk.length - at);
      chunk.copy(this.#tail, this.#tail.length - this.#room, at, at + size);
      this.#room -= size;
      at += size;
    }
  }

  /** Takes everything out, as the blocks that it is held in. */
  takeAll(): Buffer[] {
    this.#seal();
    const blocks = this.#blocks;
    this.#blocks = [];
    this.size = 0;
    return blocks;
  }

  /** Takes the first `size` bytes out; the rest stays held. */
  take(size: number): Buffer[] {
    const blocks = this.takeAll();
    const taken: Buffer[] = [];
    let open = size;
    for (const block of blocks) {
      const part = Math.min(open, block.length);
      if (part > 0) taken.push(block.subarray(0, part));
      if (part < block.length) this.push(block.subarray(part));
      open -= part;
    }
    return taken;
  }

  #seal(): void {
    if (this.#room > 0) {
      this.#blocks[this.#blocks.length - 1] = this.#tail.subarray(0, this.#tail.length - this.#room);
      this.#room = 0;
    }
  }
}

/** The bytes that all requests together may withhold. */
export class HoldBudget {
  readonly #counters: { heldBytes: number };
  readonly #bytesMax: number;

  constructor(counters: { heldBytes: number }, bytesMax: number) {
    this.#counters = counters;
    this.#bytesMax = bytesMax;
  }

  /** Takes `size` bytes of the budget; false, and nothing taken, if they are not there. */
  take(size: number): boolean {
    if (this.#counters.heldBytes + size > this.#bytesMax) return false;
    this.#counters.heldBytes += size;
    return true;
  }

  /** Returns what was taken. */
  give(size: number): void {
    this.#counters.heldBytes -= size;
  }
}

/**
 * Finds the ends of messages in a body of length-prefixed messages (gRPC, Connect): one byte of flags, four of size,
 * then as many bytes. Any split of the body gives the same ends.
 */
export class MessageBoundary {
  #headSeen = 0;
  #size = 0;
  #open = 0;
  /** Bytes after the last message end that was seen. */
  unfinished = 0;

  /** Takes the next bytes of the body; returns how many of them come before the last message end in them. */
  feed(chunk: Uint8Array): number {
    let released = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#headSeen < 5) {
        if (this.#headSeen > 0) this.#size = this.#size * 256 + (chunk[at] ?? 0);
        this.#headSeen++;
        at++;
        if (this.#headSeen === 5) this.#open = this.#size;
      } else {
        const part = Math.min(this.#open, chunk.length - at);
        this.#open -= part;
        at += part;
      }
      if (this.#headSeen === 5 && this.#open === 0) {
        released = at;
        this.#headSeen = 0;
        this.#size = 0;
      }
    }
    this.unfinished = released > 0 ? chunk.length - released : this.unfinished + chunk.length;
    return released;
  }
}
