/** Which policy is in force, as gauges of the whole process: of several plugins the last change counts. */
import { writeLiteral } from "../../../assembly/bytes/ascii";
import { imageOf, Slot } from "../../../assembly/policy/image";
import { sourcesLeftOut } from "../../../assembly/policy/sources";
import { Section, sectionOf } from "../../../assembly/policy/tables";
import { proxy_define_metric, proxy_record_metric } from "./env";

/** Where a policy comes from. */
export enum Origin {
  BUILTIN = 0,
  CONFIGURATION = 1,
  LIVE = 2,
  LAST_KNOWN_GOOD = 3,
}

const GAUGE: u32 = 1;
const HASH_BYTES: u32 = 6;
const ids: usize = memory.data(16, 16);
const name: usize = memory.data(64, 16);
let defined: bool = false;

function define(text: string, at: usize): void {
  proxy_define_metric(GAUGE, name, writeLiteral(name, text), at);
}

/** The first 48 bits of the policy's hash, 0 where its image does not say: numbers of metrics hold no more. */
function shortHash(): i64 {
  const at = sectionOf(imageOf(Slot.ACTIVE), Section.IDENTITY);
  let value: i64 = 0;
  for (let i: u32 = 0; at && i < HASH_BYTES; i++) value = (value << 8) | <i64>load<u8>(at + <usize>i);
  return value;
}

/** Tells the host where the policies of its plugins come from: who asks the service knows. */
export function tellOrigin(origin: Origin): void {
  defineGauges();
  proxy_record_metric(load<u32>(ids), <i64>origin);
}

/** Tells the host of the policy of the bank in use. */
export function tellPolicy(): void {
  defineGauges();
  proxy_record_metric(load<u32>(ids + 4), shortHash());
  proxy_record_metric(load<u32>(ids + 8), <i64>sourcesLeftOut());
}

function defineGauges(): void {
  if (defined) return;
  defined = true;
  define("merlon.policy.source", ids);
  define("merlon.policy.hash", ids + 4);
  define("merlon.policy.entries_left_out", ids + 8);
}
