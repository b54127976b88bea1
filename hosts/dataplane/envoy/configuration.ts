/**
 * The plugin's configuration: a JSON object, read strictly and in pieces, so that a policy image of any size fits. A
 * field that nobody would obey is an error. The image goes into the bank's next room while it is read; it counts once
 * everything was good.
 *
 *   {"policy": "<image in base64>", "mode": "block", "holdHead": true, "responses": true, "records": true,
 *    "policyCluster": "merlon-policy", "policyAuthority": "policy.example:9443", "policyToken": "<secret>"}
 */
import { writeLiteral } from "../../../assembly/bytes/ascii";
import { stepBase64 } from "../../../assembly/decode/base64";
import { stepBytes, stepRead, stepSize } from "../../../assembly/decode/step";
import { imageClear, imageCommit, imageOverrule, imageStage, Slot } from "../../../assembly/policy/image";
import { MODE_UNSET, Mode } from "../../../assembly/policy/mode";
import { Setting, settingAdd, settingSize, settingsClear } from "./follow-settings";
import { answerAt, answerSize, askBytes, BufferKind } from "./proxy";
import { RootFlag } from "./roots";

const WINDOW_BYTES: u32 = 65536;
const WORD_BYTES_MAX: u32 = 32;
/** Base64 characters decoded at once; a multiple of four. */
const GROUP_CHARACTERS: u32 = 4096;
const group: usize = memory.data(4096 + 64, 16);
const image: usize = memory.data(3072 + 64, 16);
const word: usize = memory.data(32 + 16, 16);
let wordSize: u32 = 0;

/** What is wrong with the configuration read last; empty when it is good. The field is in `faultAt`. */
export let fault: string = "";
/** The word that the fault is about. */
export let faultAt: usize = 0;
export let faultSize: u32 = 0;
/** Bits of `RootFlag` that the configuration asks for. */
export let flagsRead: u32 = 0;

let total: u32 = 0;
let windowFrom: u32 = 0;
let windowAt: usize = 0;
let windowSize: u32 = 0;
let cursor: u32 = 0;

/** The next byte; 0 at the end. */
function peek(): u32 {
  if (cursor >= total) return 0;
  if (cursor - windowFrom >= windowSize || cursor < windowFrom) {
    const left = total - cursor;
    const got = askBytes(BufferKind.CONFIGURATION, cursor, left < WINDOW_BYTES ? left : WINDOW_BYTES);
    windowFrom = cursor;
    windowAt = answerAt;
    windowSize = got ? answerSize : 0;
    if (!windowSize) {
      total = cursor;
      return 0;
    }
  }
  return <u32>load<u8>(windowAt + <usize>(cursor - windowFrom));
}

function skipSpace(): void {
  for (let c = peek(); c == 0x20 || c == 9 || c == 10 || c == 13; c = peek()) cursor++;
}

function fail(text: string, about: bool): bool {
  fault = text;
  faultAt = word;
  faultSize = about ? wordSize : 0;
  return false;
}

/** Whether the next byte but white space is this one, which is then read. */
function takes(c: u32): bool {
  skipSpace();
  if (peek() != c) return false;
  cursor++;
  return true;
}

/** Reads a quoted word of plain characters; a longer one is cut, and is then no word that is known. */
function readWord(): bool {
  wordSize = 0;
  if (!takes(0x22)) return fail("is no JSON object of fields", false);
  for (let c = peek(); c != 0x22; c = peek()) {
    if (c < 0x20 || c == 0x5c || c > 0x7e) return fail("has a word with characters that no field has", false);
    cursor++;
    if (wordSize == WORD_BYTES_MAX) continue;
    store<u8>(word + <usize>wordSize, <u8>c);
    wordSize++;
  }
  cursor++;
  return true;
}

function isWord(text: string): bool {
  if (wordSize != <u32>text.length) return false;
  for (let i: u32 = 0; i < wordSize; i++) {
    if (<u32>load<u8>(word + <usize>i) != <u32>load<u16>(changetype<usize>(text) + ((<usize>i) << 1))) return false;
  }
  return true;
}

/** Reads `true` or `false`. */
function readSwitch(flag: RootFlag): bool {
  skipSpace();
  const on = peek() == 0x74;
  const text = on ? "true" : "false";
  for (let i: u32 = 0; i < <u32>text.length; i++) {
    if (peek() != <u32>load<u16>(changetype<usize>(text) + ((<usize>i) << 1))) return fail("takes true or false", true);
    cursor++;
  }
  flagsRead = on ? flagsRead | flag : flagsRead & ~flag;
  return true;
}

/** The mode that the configuration read last asks for, or MODE_UNSET. */
export let modeRead: u32 = MODE_UNSET;

function readMode(): bool {
  if (!readWord()) return false;
  if (isWord("off")) modeRead = Mode.OFF;
  else if (isWord("monitoring")) modeRead = Mode.MONITORING;
  else if (isWord("safe_blocking")) modeRead = Mode.SAFE_BLOCKING;
  else if (isWord("block")) modeRead = Mode.BLOCK;
  else return fail("is no mode: it is off, monitoring, safe_blocking or block", true);
  return true;
}

let imageSize: u32 = 0;
let imageTotal: u32 = 0;

/** Decodes the characters in `group` and puts them into the room of the bank's next image. */
function stageGroup(size: u32): bool {
  let from = group;
  const stop = group + <usize>size;
  let to = image;
  while (from < stop) {
    stepBase64(from, stop);
    from += <usize>stepRead;
    let bytes = stepBytes;
    for (let i: u32 = 0; i < stepSize; i++) {
      store<u8>(to++, <u8>bytes);
      bytes >>= 8;
    }
  }
  const made = <u32>(to - image);
  /* The image says its size in its head, which the first group holds. */
  if (!imageSize) imageTotal = made < 32 ? 0 : load<u32>(image + 8);
  if (!imageTotal || !imageStage(<u32>Slot.ACTIVE, imageTotal, imageSize, image, made)) return false;
  imageSize += made;
  return true;
}

function isBase64(c: u32): bool {
  return (c | 32) - 97 < 26 || c - 48 < 10 || c == 0x2b || c == 0x2f || c == 0x3d;
}

function readPolicy(): bool {
  if (!takes(0x22)) return fail("takes a policy image in base64", true);
  let size: u32 = 0;
  for (let c = peek(); c != 0x22; c = peek()) {
    if (!isBase64(c)) return fail("is no base64", true);
    store<u8>(group + <usize>size, <u8>c);
    size++;
    cursor++;
    if (size < GROUP_CHARACTERS) continue;
    if (!stageGroup(size)) return fail(NO_IMAGE, true);
    size = 0;
  }
  cursor++;
  if (size && !stageGroup(size)) return fail(NO_IMAGE, true);
  return imageSize && imageSize == imageTotal ? true : fail(NO_IMAGE, true);
}

/** Whether the configuration read last has a policy. */
export function hasPolicyRead(): bool {
  return imageSize != 0;
}

/** Reads a text of plain characters, as clusters, hosts and secrets have them. */
function readSetting(which: Setting): bool {
  if (!takes(0x22)) return fail("takes a text", true);
  if (settingSize(which)) return fail("stands twice", true);
  for (let c = peek(); c != 0x22; c = peek()) {
    if (c <= 0x20 || c == 0x5c || c > 0x7e) return fail("takes a text of plain characters without spaces", true);
    if (!settingAdd(which, c)) return fail("has more than 255 characters", true);
    cursor++;
  }
  cursor++;
  return settingSize(which) ? true : fail("is empty", true);
}

const NO_IMAGE: string = "is damaged, or was made for another release";

const UNKNOWN: string =
  "is no field: policy, mode, holdHead, responses, records, probe, policyCluster, policyAuthority, policyToken are";

function readField(): bool {
  if (!readWord()) return false;
  if (!takes(0x3a)) return fail("has no value", true);
  if (isWord("policy")) return imageSize ? fail("stands twice", true) : readPolicy();
  if (isWord("mode")) return readMode();
  if (isWord("responses")) return readSwitch(RootFlag.RESPONSES);
  if (isWord("records")) return readSwitch(RootFlag.RECORDS);
  if (isWord("holdHead")) return readSwitch(RootFlag.HOLD_HEAD);
  if (isWord("probe")) return readSwitch(RootFlag.PROBE);
  if (isWord("policyCluster")) return readSetting(Setting.CLUSTER);
  if (isWord("policyAuthority")) return readSetting(Setting.AUTHORITY);
  if (isWord("policyToken")) return readSetting(Setting.TOKEN);
  return fail(UNKNOWN, true);
}

function readObject(): bool {
  if (!takes(0x7b)) return fail("is no JSON object of fields", false);
  if (takes(0x7d)) return true;
  do {
    if (!readField()) return false;
  } while (takes(0x2c));
  if (!takes(0x7d)) return fail("does not go on with a comma or end with a brace", false);
  skipSpace();
  return cursor < total ? fail("goes on behind its end", false) : true;
}

/**
 * Reads the configuration of the root context that the host has in hand, for the bank in use.
 * @param size bytes of it; 0 for none, which is the built-in policy
 * @returns whether it is good; if not, `fault` says why and the bank has the policy that it had
 */
export function configurationRead(size: u32): bool {
  fault = "";
  total = size;
  cursor = 0;
  windowFrom = 0;
  windowSize = 0;
  imageSize = 0;
  modeRead = MODE_UNSET;
  settingsClear();
  flagsRead = RootFlag.HOLD_HEAD | RootFlag.RESPONSES | RootFlag.RECORDS;
  if (size && !readObject()) return false;
  if (!settingSize(Setting.CLUSTER) != !settingSize(Setting.AUTHORITY))
    return fail("has one of policyCluster and policyAuthority, and each needs the other", false);
  if (settingSize(Setting.TOKEN) && !settingSize(Setting.CLUSTER))
    return fail("has a policyToken and no policyCluster to show it to", false);
  if (imageSize) {
    wordSize = writeLiteral(word, "policy");
    if (!imageCommit(<u32>Slot.ACTIVE, imageSize)) return fail(NO_IMAGE, true);
  } else imageClear(Slot.ACTIVE);
  if (modeRead != MODE_UNSET && !imageOverrule(<Mode>modeRead))
    return fail("cannot be kept: there is no memory", false);
  return true;
}
