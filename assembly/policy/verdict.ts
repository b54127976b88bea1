/**
 * From matches to a verdict: a pure step over what the detectors found and one image, run for both slots at every
 * decision point. Only here does a mode count.
 */
import { Limit } from "../abi/status";
import { HASH_SEED, hashEnd, hashStep } from "../bytes/hash";
import { current } from "../decode/transaction";
import { isLeak } from "../detect/leak/leak";
import { CATALOG, SEVERITIES } from "../tables/signatures.gen";
import { exceptionFor } from "./exception";
import { Failure, Slot } from "./image";
import { blocks, Mode } from "./mode";
import { pointNameBegin } from "./point-name";
import { Rule, RuleFlag } from "./rule/rows";
import { imageHeld } from "./scope";
import { Section, sectionHas } from "./tables";

/** Hash of each signature's stamp, by number, and of `type` with its attack type; images name findings by these. */
const stampHashes: usize = memory.data(1024, 16);
const typeHashes: usize = memory.data(1024, 16);

/** Begin of the hash of a type: stamps have no spaces, so that no stamp has the hash of a type. */
const TYPE: string = "type ";

/** Hash of the characters up to the tab, from a hash that has begun. */
function hashField(hash: u32, at: usize): u32 {
  for (; load<u16>(at) != 9; at += 2) hash = hashStep(hash, load<u16>(at));
  return hashEnd(hash);
}

/** Hashes the stamps and types of the catalog; called once when the module starts. */
export function verdictInit(): void {
  let seed = HASH_SEED;
  for (let i: i32 = 0; i < TYPE.length; i++)
    seed = hashStep(seed, load<u16>(changetype<usize>(TYPE) + ((<usize>i) << 1)));
  let at = changetype<usize>(CATALOG);
  const end = at + ((<usize>CATALOG.length) << 1);
  let number: u32 = 1;
  while (at < end && number < 256) {
    store<u32>(stampHashes + ((<usize>number) << 2), hashField(HASH_SEED, at));
    while (load<u16>(at) != 9) at += 2;
    store<u32>(typeHashes + ((<usize>number) << 2), hashField(seed, at + 2));
    while (load<u16>(at) != 10) at += 2;
    at += 2;
    number++;
  }
}

/** Severity of a signature, 1 to 5. */
export function severityOf(signature: u32): u32 {
  return <u32>load<u16>(changetype<usize>(SEVERITIES) + ((<usize>signature) << 1)) - 48;
}

/** Why a finding does not count. */
export enum Spared {
  /** It does. */
  COUNTS = 0,
  /** Its severity is below what blocks. */
  SEVERITY = 1,
  /** Its signature is switched off. */
  DISABLED = 2,
  /** An exception lets it pass. */
  EXCEPTED = 3,
  /** The rule that made it only reports. */
  REPORTED = 4,
}

/** Number of the exception that spared the finding judged last, 0 for none. */
export let excepted: u32 = 0;

/** Whether a finding at the current point counts under a slot's image. */
function judge(slot: Slot, image: usize, signature: u32): Spared {
  excepted = 0;
  if (severityOf(signature) < <u32>load<u8>(image + 19)) return Spared.SEVERITY;
  const stamp = load<u32>(stampHashes + ((<usize>signature) << 2));
  if (sectionHas(image, Section.DISABLED, stamp)) return Spared.DISABLED;
  excepted = exceptionFor(slot, image, stamp, load<u32>(typeHashes + ((<usize>signature) << 2)));
  return excepted ? Spared.EXCEPTED : Spared.COUNTS;
}

/** What was noted about a transaction, in `malicious`: findings that count for either slot, attacks, leaks. */
enum Noted {
  ACTIVE = 1,
  SHADOW = 2,
  ATTACK = 4,
  LEAK = 8,
  /** A virtual patch counts under the active policy, or under the candidate. */
  PATCHED = 16,
  SHADOW_PATCHED = 32,
}

/** Whether the response shows that an attack may have worked: the request was one, and what came back leaks. */
export function isIncident(): bool {
  const both: u32 = Noted.ATTACK | Noted.LEAK;
  return (current.malicious & both) == both;
}

/**
 * Judges a finding when it is made, whether or not there is room to keep it: a heap of excepted ones must not hide the
 * one that counts. Decisions come later, from what was noted here.
 * @returns whether it counts under the active policy, and why not
 */
export function judgeMatch(signature: u32): Spared {
  pointNameBegin();
  const candidate = imageHeld(Slot.SHADOW);
  if (candidate && judge(Slot.SHADOW, candidate, signature) == Spared.COUNTS) current.malicious |= Noted.SHADOW;
  const spared = judge(Slot.ACTIVE, imageHeld(Slot.ACTIVE), signature);
  const counts = spared == Spared.COUNTS;
  if (counts) current.malicious |= Noted.ACTIVE;
  if (isLeak(signature)) current.malicious |= Noted.LEAK;
  else if (counts) current.malicious |= Noted.ATTACK;
  return spared;
}

/** Judges what a rule of a slot has found at the current point. @returns whether it counts, and why not */
export function judgeRule(slot: Slot, image: usize, rule: Rule): Spared {
  excepted = 0;
  if (rule.flags & RuleFlag.REPORT) return Spared.REPORTED;
  if (sectionHas(image, Section.DISABLED, rule.stamp)) return Spared.DISABLED;
  pointNameBegin();
  excepted = exceptionFor(slot, image, rule.stamp, rule.type);
  if (excepted) return Spared.EXCEPTED;
  const isPatch = (rule.flags & RuleFlag.PATCH) != 0;
  if (slot == Slot.ACTIVE) {
    current.malicious |= Noted.ACTIVE | Noted.ATTACK;
    if (isPatch) current.malicious |= Noted.PATCHED;
  } else {
    current.malicious |= Noted.SHADOW;
    if (isPatch) current.malicious |= Noted.SHADOW_PATCHED;
  }
  return Spared.COUNTS;
}

/**
 * Whether part of the request was not looked at, for want of work or memory or beyond `inspectBytes`, and the policy
 * stops such requests: else noise in front of an attack would be a way past it.
 * @param failures bits of the failures that are closed
 */
function isOverLimit(failures: u32): bool {
  const limits = current.limits;
  if ((limits & (Limit.FUEL | Limit.MEMORY)) != 0 && failures & (1 << (<u32>Failure.OVERLIMIT))) return true;
  return (limits & (Limit.OVERSIZE | Limit.INFLATED)) != 0 && (failures & (1 << (<u32>Failure.OVERSIZE))) != 0;
}

/** Decides for both slots what the findings so far mean, and freezes the transaction once every slot would block. */
export function decide(): void {
  if (current.frozen) return;
  const malicious = (current.malicious & Noted.ACTIVE) != 0 || isOverLimit(current.failures);
  const patched = (current.malicious & Noted.PATCHED) != 0;
  const strict = current.mode == <u32>Mode.OFF ? <u32>Mode.OFF : <u32>Mode.BLOCK;
  current.would = blocks(strict, malicious, current.source, patched) ? 1 : 0;
  current.action = blocks(current.mode, malicious, current.source, patched) ? 1 : 0;
  let frozen = current.would;
  if (imageHeld(Slot.SHADOW)) {
    const shadowMalicious = (current.malicious & Noted.SHADOW) != 0 || isOverLimit(current.shadowFailures);
    const shadowPatched = (current.malicious & Noted.SHADOW_PATCHED) != 0;
    current.shadow = blocks(current.shadowMode, shadowMalicious, current.source, shadowPatched) ? 1 : 0;
    if (!shadowMalicious) frozen = 0;
  }
  current.frozen = frozen;
}
