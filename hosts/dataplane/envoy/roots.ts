/**
 * Root contexts: one for each plugin configuration that shares this instance. Each has a bank of policies, so that two
 * plugins in one VM never judge by each other's.
 */
import { BANKS_MAX } from "../../../assembly/abi/limits";
import { imageClear, Slot } from "../../../assembly/policy/image";

/** What a configuration asks for. */
export enum RootFlag {
  /** Verdict lines are shown in headers, for tests and canaries. */
  PROBE = 1,
  /** Responses are looked at. */
  RESPONSES = 2,
  /** Matches become records. */
  RECORDS = 4,
  /** The head waits for the body's verdict; Envoy must have been told that it may. */
  HOLD_HEAD = 8,
}

/** Records of one root and worker in one second; more are counted and dropped. */
const RECORDS_PER_SECOND_MAX: u32 = 200;

/** One root context; its place in the table is the number of its bank. */
@unmanaged
export class Root {
  /** 0 for a free place. */
  context: u32;
  flags: u32;
  /** The second in which `records` were made. */
  second: u32;
  records: u32;
}

const table: usize = memory.data(BANKS_MAX * 16, 16);

/** The root of a bank. */
export function rootAt(bank: u32): Root {
  return changetype<Root>(table + <usize>(bank * offsetof<Root>()));
}

/** @returns the bank of a root context, BANKS_MAX for none */
export function bankOf(context: u32): u32 {
  let bank: u32 = 0;
  while (bank < BANKS_MAX && rootAt(bank).context != context) bank++;
  return bank;
}

/** Makes a bank the root's. */
export function rootAdd(bank: u32, context: u32): void {
  rootAt(bank).context = context;
}

/** Gives a root's bank back; its rooms stay for the next one. The bank must be the one in use. */
export function rootRemove(bank: u32): void {
  rootAt(bank).context = 0;
  imageClear(Slot.ACTIVE);
}

/** Whether the root may make one more record in this second. */
export function takeRecord(root: Root, second: u32): bool {
  if (root.second != second) {
    root.second = second;
    root.records = 0;
  }
  return root.records++ < RECORDS_PER_SECOND_MAX;
}
