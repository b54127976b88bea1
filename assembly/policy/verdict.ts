/**
 * From matches to a verdict: a pure step over what the detectors found and one image, run for both slots at every
 * decision point. Only here does a mode count.
 */
import { Limit } from "../abi/status";
import { HASH_SEED, hashEnd, hashStep } from "../bytes/hash";
import { current, matchSignature } from "../decode/transaction";
import { isLeak } from "../detect/leak/leak";
import { CATALOG, SEVERITIES } from "../tables/signatures.gen";
import { Failure, failsClosedIn, imageOf, Section, Slot, sectionHas, sectionOf, sectionSize } from "./image";
import { blocks, Mode } from "./mode";

/** Hash of each signature's stamp, by number; images name signatures by these. */
const stampHashes: usize = memory.data(1024, 16);

/** Hashes the stamps of the catalog; called once when the module starts. */
export function verdictInit(): void {
  let at = changetype<usize>(CATALOG);
  const end = at + ((<usize>CATALOG.length) << 1);
  let number: u32 = 1;
  while (at < end && number < 256) {
    let hash = HASH_SEED;
    for (; load<u16>(at) != 9; at += 2) hash = hashStep(hash, load<u16>(at));
    store<u32>(stampHashes + ((<usize>number) << 2), hashEnd(hash));
    while (load<u16>(at) != 10) at += 2;
    at += 2;
    number++;
  }
}

/** Severity of a signature, 1 to 5. */
export function severityOf(signature: u32): u32 {
  return <u32>load<u16>(changetype<usize>(SEVERITIES) + ((<usize>signature) << 1)) - 48;
}

/** Whether some match counts under this image. */
function isMalicious(image: usize): bool {
  const from = <u32>load<u8>(image + 19);
  sectionOf(image, Section.DISABLED);
  const exceptions = sectionSize > 0;
  for (let i: u32 = 0; i < current.matches; i++) {
    const signature = matchSignature(i);
    if (severityOf(signature) < from) continue;
    const hash = load<u32>(stampHashes + ((<usize>signature) << 2));
    if (exceptions && sectionHas(image, Section.DISABLED, hash)) continue;
    return true;
  }
  return false;
}

/** Whether the response shows that an attack may have worked: the request was one, and what came back leaks. */
export function isIncident(): bool {
  let leaks = false;
  for (let i: u32 = 0; i < current.matches; i++) if (isLeak(matchSignature(i))) leaks = true;
  return leaks && isMalicious(imageOf(Slot.ACTIVE));
}

/**
 * Whether part of the request was not looked at, for want of work or memory or beyond `inspectBytes`, and the image
 * stops such requests: else noise in front of an attack would be a way past it.
 */
function isOverLimit(image: usize): bool {
  const limits = current.limits;
  if ((limits & (Limit.FUEL | Limit.MEMORY)) != 0 && failsClosedIn(image, Failure.OVERLIMIT)) return true;
  return (limits & (Limit.OVERSIZE | Limit.INFLATED)) != 0 && failsClosedIn(image, Failure.OVERSIZE);
}

/** Decides for both slots what the matches so far mean, and freezes the transaction once every slot would block. */
export function decide(): void {
  if (current.frozen) return;
  const image = imageOf(Slot.ACTIVE);
  const malicious = isMalicious(image) || isOverLimit(image);
  current.would = blocks(current.mode == <u32>Mode.OFF ? <u32>Mode.OFF : <u32>Mode.BLOCK, malicious, current.source)
    ? 1
    : 0;
  current.action = blocks(current.mode, malicious, current.source) ? 1 : 0;
  let frozen = current.would;
  const candidate = imageOf(Slot.SHADOW);
  if (candidate) {
    const shadowMalicious = isMalicious(candidate) || isOverLimit(candidate);
    current.shadow = blocks(current.shadowMode, shadowMalicious, current.source) ? 1 : 0;
    if (!shadowMalicious) frozen = 0;
  }
  current.frozen = frozen;
}
