/** Makes the tables of a machine small: states and classes of bytes that no text tells apart become one. */
import { type Automaton, DEAD, MATCHED } from "./automaton.ts";
import { blocksOf } from "./partition.ts";

/** @returns an equal machine with the fewest states, and with bytes of equal columns in one class */
export function minimise(automaton: Automaton): Automaton {
  return mergeClasses(mergeStates(automaton));
}

/** Makes states of one block one. */
function mergeStates(automaton: Automaton): Automaton {
  const { stateCount, classCount, next, ends } = automaton;
  const kinds = Uint8Array.from({ length: stateCount }, (_, state) => (state === MATCHED ? 2 : (ends[state] ?? 0)));
  const blocks = blocksOf(kinds, classCount, next);
  // DEAD and MATCHED keep their numbers; the others are numbered as they come.
  const order = new Map([
    [blocks[DEAD] ?? 0, DEAD],
    [blocks[MATCHED] ?? 1, MATCHED],
  ]);
  const kept: number[] = [DEAD, MATCHED];
  for (let state = 2; state < stateCount; state++) {
    const block = blocks[state] ?? 0;
    if (order.has(block)) continue;
    order.set(block, kept.length);
    kept.push(state);
  }
  const numberOf = (state: number): number => order.get(blocks[state] ?? 0) ?? DEAD;
  return {
    classes: automaton.classes,
    classCount,
    stateCount: kept.length,
    start: numberOf(automaton.start),
    next: Uint16Array.from(
      kept.flatMap((state) => Array.from(next.subarray(state * classCount, (state + 1) * classCount), numberOf)),
    ),
    ends: Uint8Array.from(kept, (state) => ends[state] ?? 0),
  };
}

function mergeClasses(automaton: Automaton): Automaton {
  const { stateCount, classCount, next } = automaton;
  const columns = new Map<string, number>();
  const kept: number[] = [];
  const classOf = Array.from({ length: classCount }, (_, index) => {
    const column = Array.from({ length: stateCount }, (_state, state) => next[state * classCount + index]).join(" ");
    const known = columns.get(column) ?? kept.push(index) - 1;
    columns.set(column, known);
    return known;
  });
  const states = Array.from({ length: stateCount }, (_, state) => state);
  return {
    ...automaton,
    classes: automaton.classes.map((index) => classOf[index] ?? 0),
    classCount: kept.length,
    next: Uint16Array.from(states.flatMap((state) => kept.map((index) => next[state * classCount + index] ?? DEAD))),
  };
}
