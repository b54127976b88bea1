/**
 * Which states of a machine no text tells apart: Hopcroft's algorithm, in time n·log n for each class of bytes, since
 * the machine of a long text has a state for each of its letters.
 * @see Valmari, "Fast brief practical DFA minimization", 2012
 */

/** Blocks of states: each state is in one, and blocks are only ever split. */
class Partition {
  readonly blockOf: Int32Array;
  readonly #states: Int32Array;
  readonly #places: Int32Array;
  readonly #firsts: number[] = [0];
  readonly #sizes: number[];
  /** States of each block that are marked; they stand first in it. */
  readonly #marked: number[] = [0];
  #touched: number[] = [];

  constructor(stateCount: number) {
    this.blockOf = new Int32Array(stateCount);
    this.#states = Int32Array.from({ length: stateCount }, (_, state) => state);
    this.#places = Int32Array.from(this.#states);
    this.#sizes = [stateCount];
  }

  get blockCount(): number {
    return this.#sizes.length;
  }

  statesOf(block: number): Int32Array {
    const first = this.#firsts[block] ?? 0;
    return this.#states.slice(first, first + (this.#sizes[block] ?? 0));
  }

  mark(state: number): void {
    const block = this.blockOf[state] ?? 0;
    const marked = this.#marked[block] ?? 0;
    const place = this.#places[state] ?? 0;
    const to = (this.#firsts[block] ?? 0) + marked;
    if (place < to) return;
    const other = this.#states[to] ?? 0;
    this.#states[place] = other;
    this.#places[other] = place;
    this.#states[to] = state;
    this.#places[state] = to;
    if (marked === 0) this.#touched.push(block);
    this.#marked[block] = marked + 1;
  }

  /** Splits blocks with marked and other states. @param made is told each new block, the smaller side of the old one */
  split(made: (block: number) => void): void {
    const touched = this.#touched;
    this.#touched = [];
    for (const block of touched) {
      const [first, size, marked] = [this.#firsts[block] ?? 0, this.#sizes[block] ?? 0, this.#marked[block] ?? 0];
      this.#marked[block] = 0;
      if (marked === size) continue;
      const isSmaller = marked * 2 <= size;
      const [newFirst, newSize] = isSmaller ? [first, marked] : [first + marked, size - marked];
      if (isSmaller) this.#firsts[block] = first + marked;
      this.#sizes[block] = size - newSize;
      const number = this.#firsts.push(newFirst) - 1;
      this.#sizes.push(newSize);
      this.#marked.push(0);
      for (let at = newFirst; at < newFirst + newSize; at++) this.blockOf[this.#states[at] ?? 0] = number;
      made(number);
    }
  }
}

/**
 * @param next state that follows, at `state * classCount + class`
 * @param kinds what tells states apart from the beginning, small numbers
 * @returns the block of each state: equal for states that no text tells apart
 */
export function blocksOf(kinds: Uint8Array, classCount: number, next: Uint16Array): Int32Array {
  const partition = new Partition(kinds.length);
  const open = [0];
  const noteNew = (block: number): void => {
    open.push(block);
  };
  for (const kind of new Set(kinds)) {
    for (const [state, own] of kinds.entries()) if (own === kind) partition.mark(state);
    partition.split(noteNew);
  }
  const before = predecessors(kinds.length, classCount, next);
  for (let block = open.pop(); block !== undefined; block = open.pop()) {
    const states = partition.statesOf(block);
    for (let index = 0; index < classCount; index++) {
      for (const state of states) {
        const row = index * kinds.length + state;
        for (let at = before.starts[row] ?? 0; at < (before.starts[row + 1] ?? 0); at++) {
          partition.mark(before.states[at] ?? 0);
        }
      }
      partition.split(noteNew);
    }
  }
  return partition.blockOf;
}

/** States that lead to each state, by class: those of a class and a state stand together. */
function predecessors(
  stateCount: number,
  classCount: number,
  next: Uint16Array,
): { readonly starts: Int32Array; readonly states: Int32Array } {
  const starts = new Int32Array(stateCount * classCount + 1);
  const rowOf = (state: number, index: number): number => index * stateCount + (next[state * classCount + index] ?? 0);
  const each = (visit: (state: number, row: number) => void): void => {
    for (let state = 0; state < stateCount; state++) {
      for (let index = 0; index < classCount; index++) visit(state, rowOf(state, index));
    }
  };
  each((_state, row) => {
    starts[row + 1] = (starts[row + 1] ?? 0) + 1;
  });
  for (let row = 0; row < starts.length - 1; row++) starts[row + 1] = (starts[row + 1] ?? 0) + (starts[row] ?? 0);
  const fill = Int32Array.from(starts);
  const states = new Int32Array(stateCount * classCount);
  each((state, row) => {
    states[fill[row] ?? 0] = state;
    fill[row] = (fill[row] ?? 0) + 1;
  });
  return { starts, states };
}
