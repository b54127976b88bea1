/**
 * Runs the machines that hosts/policy/regex builds: one step a byte, from tables that were checked when the policy was
 * loaded. Layout, little endian: states, classes, start (32 bits each), a class for each byte (256 bytes), the next
 * state for each state and class (16 bits each), a byte for each state that says whether the text may end in it.
 */

/** The state in which nothing can match any more, and the one in which something has. */
const MATCHED: u32 = 1;
const HEAD_BYTES: u32 = 12;
const CLASSES_AT: u32 = HEAD_BYTES;
const NEXT_AT: u32 = HEAD_BYTES + 256;

/** Bytes that the last `automatonRun` has looked at. */
export let automatonRead: u32 = 0;

/** @returns the state that a machine begins in */
export function automatonStart(at: usize): u32 {
  return load<u32>(at + 8);
}

/** @returns the state after these bytes, from a state that this machine was in */
export function automatonRun(at: usize, state: u32, text: usize, size: u32): u32 {
  const classCount = load<u32>(at + 4);
  const classes = at + CLASSES_AT;
  const next = at + NEXT_AT;
  const end = text + <usize>size;
  const from = text;
  while (text < end && state > MATCHED) {
    const index = state * classCount + <u32>load<u8>(classes + <usize>load<u8>(text));
    state = <u32>load<u16>(next + ((<usize>index) << 1));
    text++;
  }
  automatonRead = <u32>(text - from);
  return state;
}

/** Whether nothing that follows can change what the machine says. */
export function automatonIsOver(state: u32): bool {
  return state <= MATCHED;
}

/** Whether the machine has found what it looks for when the text ends in this state. */
export function automatonFinds(at: usize, state: u32): bool {
  const states = load<u32>(at);
  const classCount = load<u32>(at + 4);
  return states > state && load<u8>(at + NEXT_AT + ((<usize>(states * classCount)) << 1) + <usize>state) != 0;
}

/** Whether a machine lies whole in [at, end) and leads nowhere but to its own states. */
export function automatonValid(at: usize, end: usize): bool {
  if (at & 3 || at > end || end - at < <usize>NEXT_AT) return false;
  const states = load<u32>(at);
  const classCount = load<u32>(at + 4);
  if (states < 2 || states > 65535 || !classCount || classCount > 256 || load<u32>(at + 8) >= states) return false;
  const cells = states * classCount;
  if (<u64>(end - at) < <u64>NEXT_AT + <u64>cells * 2 + <u64>states) return false;
  for (let i: usize = 0; i < 256; i++) if (<u32>load<u8>(at + CLASSES_AT + i) >= classCount) return false;
  const next = at + NEXT_AT;
  for (let i: u32 = 0; i < cells; i++) if (<u32>load<u16>(next + ((<usize>i) << 1)) >= states) return false;
  const ends = next + ((<usize>cells) << 1);
  return load<u8>(ends) == 0 && load<u8>(ends + 1) != 0;
}
