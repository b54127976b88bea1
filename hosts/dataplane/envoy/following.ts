/**
 * A plugin's policy by its policy service. One worker of an Envoy asks, with a question that waits for news, as long as
 * it holds a lease; it tries what comes in its own instance and shares what was good. The others, and instances that a
 * reload makes, take it from there, a piece at a time. What is not good changes nothing anywhere.
 *
 * Guarantee: a policy is in force only after the core has checked it whole. See test/hosts/dataplane/envoy/following.
 */
import { BANKS_MAX, POLICY_BYTES_MAX } from "../../../assembly/abi/limits";
import { writeLiteral } from "../../../assembly/bytes/ascii";
import { imageCommit, imageOverrule, imageStage, Slot } from "../../../assembly/policy/image";
import { MODE_UNSET, Mode } from "../../../assembly/policy/mode";
import { proxy_get_current_time_nanoseconds } from "./env";
import { SETTING_BYTES, Setting, settingAt, settingSize } from "./follow-settings";
import { Count, count } from "./metrics";
import { askPolicy, report } from "./policy-call";
import { Origin, tellOrigin, tellPolicy } from "./policy-gauges";
import { answerAt, answerSize, askBytes, askCallField, BufferKind, LogLevel, log, nowMs, sharedChange } from "./proxy";
import { readShared, Shared, writeShared } from "./shared";

/** How often a plugin that follows looks: at what others share, and whether it is its turn to ask. */
export const FOLLOW_MS: u32 = 250;
/** Who asks has the lease for so long, and renews it after half of that. */
const LEASE_MS: u64 = 3000;
/** Questions are at least so far apart. */
const PAUSE_MS: u64 = 500;
/** After failures twice as long each time, up to this. */
const PAUSE_MS_MAX: u64 = 5000;
/** An answer that the host forgot is no longer awaited. */
const CALL_MS_MAX: u64 = 60000;
const REPORT_MS: u64 = 20000;
/** Bytes of a piece that is shared: what the input buffer takes at once, with room to spare. */
const PIECE_BYTES: u32 = 65536;
/** Looks at a shared policy that cannot be read before it is left alone: it may be written just now. */
const TRIES_MAX: u32 = 20;
const ETAG_BYTES_MAX: u32 = 96;
const HEAD_BYTES: u32 = 16;

/** What one bank follows, and how far it has come. */
@unmanaged
export class Following {
  /** Hash of the service's address and secret; 0 where the plugin follows none. */
  source: u64;
  /** The question's number at the host, 0 for none. */
  call: u32;
  /** Number of the shared policy that the bank has, or has given up; 0 for none. */
  change: u32;
  tries: u32;
  failures: u32;
  /** The plugin's last word on the mode, or MODE_UNSET. */
  mode: u32;
  origin: u32;
  etagSize: u32;
  /** Whether the policy named by the ETag could not be used. */
  isRefused: u32;
  askedAt: u64;
  nextAt: u64;
  reportAt: u64;
  /** When the policy came into force, milliseconds since 1970. */
  since: u64;
  clusterSize: u32;
  authoritySize: u32;
  tokenSize: u32;
}

const STATE_BYTES: u32 = 128;
const states: usize = memory.data(BANKS_MAX * STATE_BYTES, 16);
/** Cluster, authority, secret and ETag of each bank. */
const TEXTS: u32 = 4;
const texts: usize = memory.data(BANKS_MAX * TEXTS * SETTING_BYTES, 16);
const lease: usize = memory.data(16, 16);
const head: usize = memory.data(128, 16);
const clock: usize = memory.data(8, 8);
const words: usize = memory.data(256, 16);

function stateOf(bank: u32): Following {
  return changetype<Following>(states + <usize>(bank * STATE_BYTES));
}

/** Where a text of a bank lies: those of `Setting`, then the ETag. */
export function textAt(bank: u32, which: u32): usize {
  return texts + <usize>((bank * TEXTS + which) * SETTING_BYTES);
}

/** Place of the ETag among a bank's texts. */
export const ETAG: u32 = 3;

function hashOf(hash: u64, at: usize, size: u32): u64 {
  for (let i: u32 = 0; i <= size; i++) hash = (hash ^ (i < size ? <u64>load<u8>(at + <usize>i) : 255)) * 0x100000001b3;
  return hash;
}

function keep(bank: u32, which: Setting): u32 {
  const size = settingSize(which);
  memory.copy(textAt(bank, which), settingAt(which), <usize>size);
  return size;
}

/**
 * Begins with what the configuration read last says, for the bank in use. A policy that this Envoy has already is in
 * force when it returns.
 * @param mode the plugin's own, or MODE_UNSET
 * @param hasImage whether the configuration has a policy
 * @returns whether the bank follows
 */
export function followBegin(bank: u32, mode: u32, hasImage: bool): bool {
  const state = stateOf(bank);
  memory.fill(changetype<usize>(state), 0, <usize>STATE_BYTES);
  state.mode = mode;
  state.origin = <u32>(hasImage ? Origin.CONFIGURATION : Origin.BUILTIN);
  if (!settingSize(Setting.CLUSTER)) {
    tellOrigin(<Origin>state.origin);
    tellPolicy();
    return false;
  }
  state.clusterSize = keep(bank, Setting.CLUSTER);
  state.authoritySize = keep(bank, Setting.AUTHORITY);
  state.tokenSize = keep(bank, Setting.TOKEN);
  let source: u64 = 0xcbf29ce484222325;
  source = hashOf(source, textAt(bank, Setting.CLUSTER), state.clusterSize);
  source = hashOf(source, textAt(bank, Setting.AUTHORITY), state.authoritySize);
  source = hashOf(source, textAt(bank, Setting.TOKEN), state.tokenSize);
  state.source = source | 1;
  takeShared(bank, state);
  if (state.change) return true;
  tellOrigin(<Origin>state.origin);
  tellPolicy();
  return true;
}

/** Ends it, and lets another instance ask at once. */
export function followEnd(bank: u32): void {
  const state = stateOf(bank);
  if (state.source && isHolder(bank, state)) {
    memory.fill(lease, 0, 16);
    writeShared(Shared.LEASE, state.source, 0, lease, 16, sharedChange);
  }
  state.source = 0;
}

/** Looks after the bank in use; called every FOLLOW_MS. */
export function followTick(bank: u32): void {
  const state = stateOf(bank);
  if (!state.source) return;
  takeShared(bank, state);
  const now = nowMs();
  /* A clock that was set back does not make anyone wait for what it showed before. */
  if (state.call && now - state.askedAt > CALL_MS_MAX) state.call = 0;
  const isEarly = now < state.nextAt && state.nextAt - now <= PAUSE_MS_MAX;
  if (!holdsLease(bank, state, now) || state.call || isEarly) return;
  state.askedAt = now;
  state.call = askPolicy(bank, state);
  if (!state.call) fail(state, now);
}

/** Takes the answer to a question of the bank in use. @param size bytes of its body */
export function followAnswer(bank: u32, call: u32, size: u32): void {
  const state = stateOf(bank);
  if (!state.source || call != state.call) return;
  state.call = 0;
  const now = nowMs();
  const status = statusOf();
  if (status != 200 && status != 304) {
    fail(state, now);
    return;
  }
  if (status == 200 && !takeEtag(bank, state)) {
    fail(state, now);
    return;
  }
  state.failures = 0;
  state.nextAt = now + PAUSE_MS;
  if (status == 200) takeImage(bank, state, size, now);
  if (state.change) state.origin = <u32>Origin.LIVE;
  tellOrigin(<Origin>state.origin);
  if (status == 304 && now < state.reportAt && state.reportAt - now <= REPORT_MS) return;
  state.reportAt = now + REPORT_MS;
  report(bank, state);
}

/** No answer, or one that is of no use. */
function fail(state: Following, now: u64): void {
  count(Count.POLICY_FAILURES);
  const pause = PAUSE_MS << (state.failures < 4 ? state.failures : 4);
  state.failures++;
  state.nextAt = now + (pause < PAUSE_MS_MAX ? pause : PAUSE_MS_MAX);
  if (!state.change) return;
  state.origin = <u32>Origin.LAST_KNOWN_GOOD;
  tellOrigin(Origin.LAST_KNOWN_GOOD);
}

function statusOf(): u32 {
  if (!askCallField(":status") || answerSize != 3) return 0;
  let status: u32 = 0;
  for (let i: u32 = 0; i < 3; i++) status = status * 10 + <u32>load<u8>(answerAt + <usize>i) - 48;
  return status;
}

/** Notes what the answer calls its policy: the next question asks for another. @returns false without a name */
function takeEtag(bank: u32, state: Following): bool {
  if (!askCallField("etag") || !answerSize || answerSize > ETAG_BYTES_MAX) return false;
  memory.copy(textAt(bank, ETAG), answerAt, <usize>answerSize);
  state.etagSize = answerSize;
  return true;
}

/** Tries the image in the answer, and shares it when it is good. */
function takeImage(bank: u32, state: Following, size: u32, now: u64): void {
  let isWhole: bool = size != 0 && size <= POLICY_BYTES_MAX;
  for (let from: u32 = 0; isWhole && from < size; ) {
    isWhole =
      askBytes(BufferKind.CALL, from, PIECE_BYTES) &&
      answerSize != 0 &&
      imageStage(<u32>Slot.ACTIVE, size, from, answerAt, answerSize);
    from += answerSize;
  }
  if (!isWhole || !enforce(bank, state, size, now)) {
    state.isRefused = 1;
    count(Count.POLICY_REFUSED);
    say(
      bank,
      state,
      LogLevel.WARN,
      " is refused: it is damaged, or was made for another release; the one before stays",
    );
    /* What calls itself otherwise and is no policy each time is not asked for at every breath. */
    state.nextAt = now + PAUSE_MS_MAX;
    return;
  }
  share(bank, state, size);
}

/** Makes the image that was put together the policy. @returns false when it is none */
function enforce(bank: u32, state: Following, size: u32, now: u64): bool {
  if (!imageCommit(<u32>Slot.ACTIVE, size)) return false;
  if (state.mode != MODE_UNSET) imageOverrule(<Mode>state.mode);
  state.isRefused = 0;
  state.since = now;
  state.origin = <u32>Origin.LIVE;
  count(Count.POLICY_CHANGES);
  tellPolicy();
  say(bank, state, LogLevel.INFO, " is in force");
  return true;
}

/**
 * Shares the image in the answer. Two sets of pieces take turns: who reads one while it is written finds a damaged
 * image, and looks again.
 */
function share(bank: u32, state: Following, size: u32): void {
  const source = state.source;
  const before = readShared(Shared.HEAD, source, 0) && answerSize >= HEAD_BYTES ? load<u32>(answerAt) : 0;
  /* 0 is none. */
  const change = before == 0xffffffff ? 2 : before + 1;
  const set = (change & 1) << 16;
  for (let from: u32 = 0, index: u32 = 0; from < size; from += PIECE_BYTES, index++) {
    if (!askBytes(BufferKind.CALL, from, PIECE_BYTES)) return;
    if (!writeShared(Shared.PIECE, source, set | index, answerAt, answerSize, 0)) return;
  }
  store<u32>(head, change);
  store<u32>(head + 4, size);
  store<u32>(head + 8, state.etagSize);
  memory.copy(head + <usize>HEAD_BYTES, textAt(bank, ETAG), <usize>state.etagSize);
  writeShared(Shared.HEAD, source, 0, head, HEAD_BYTES + state.etagSize, 0);
  state.change = change;
}

/** Takes what another instance shared since the last look. */
function takeShared(bank: u32, state: Following): void {
  const source = state.source;
  if (!readShared(Shared.HEAD, source, 0) || answerSize < HEAD_BYTES || answerSize > HEAD_BYTES + ETAG_BYTES_MAX)
    return;
  const change = load<u32>(answerAt);
  if (change == state.change) return;
  const size = load<u32>(answerAt + 4);
  const etagSize = answerSize - HEAD_BYTES;
  memory.copy(textAt(bank, ETAG), answerAt + <usize>HEAD_BYTES, <usize>etagSize);
  state.etagSize = etagSize;
  const set = (change & 1) << 16;
  let isWhole: bool = size <= POLICY_BYTES_MAX;
  for (let from: u32 = 0, index: u32 = 0; isWhole && from < size; from += PIECE_BYTES, index++)
    isWhole =
      readShared(Shared.PIECE, source, set | index) && imageStage(<u32>Slot.ACTIVE, size, from, answerAt, answerSize);
  const isGood = isWhole && enforce(bank, state, size, nowMs());
  if (!isGood && ++state.tries < TRIES_MAX) return;
  state.tries = 0;
  state.change = change;
  if (!isGood) count(Count.POLICY_REFUSED);
}

let instance: u64 = 0;

/** A number that no other instance of this Envoy has, its lowest four bits zero. */
function instanceNumber(): u64 {
  for (let tries = 0; !instance && tries < 8; tries++) {
    const before = readShared(Shared.COUNTER, 0, 0) && answerSize == 8 ? load<u64>(answerAt) : 0;
    store<u64>(lease, before + 1);
    if (!writeShared(Shared.COUNTER, 0, 0, lease, 8, sharedChange)) continue;
    /* Two that are first at once have one number, and not one time. */
    const now = proxy_get_current_time_nanoseconds(clock) == 0 ? load<u64>(clock) : 0;
    instance = ((before + 1) << 48) | ((now << 4) & 0xffffffffffff);
  }
  return instance;
}

/** Whether the bank holds its lease, whatever its time. */
function isHolder(bank: u32, state: Following): bool {
  const own = instanceNumber() | <u64>bank;
  return readShared(Shared.LEASE, state.source, 0) && answerSize == 16 && load<u64>(answerAt) == own;
}

/** Takes or renews the lease. @returns false while another instance has it */
function holdsLease(bank: u32, state: Following, now: u64): bool {
  const isOwn = isHolder(bank, state);
  if (answerSize == 16) {
    const until = load<u64>(answerAt + 8);
    const isValid = until > now && until - now <= LEASE_MS;
    if (isValid && !isOwn) return false;
    if (isValid && until - now > LEASE_MS / 2) return true;
  }
  const change = sharedChange;
  store<u64>(lease, instanceNumber() | <u64>bank);
  store<u64>(lease + 8, now + LEASE_MS);
  return writeShared(Shared.LEASE, state.source, 0, lease, 16, change);
}

/** Says in one line what became of the policy that the ETag names. */
function say(bank: u32, state: Following, level: LogLevel, what: string): void {
  let size = writeLiteral(words, "merlon: policy ");
  const etag = textAt(bank, ETAG);
  /* Quotes and what a stranger may have written are left out. */
  for (let i: u32 = 0; i < state.etagSize && size < 80; i++) {
    const c = <u32>load<u8>(etag + <usize>i);
    if ((c | 32) - 97 >= 26 && c - 48 >= 10) continue;
    store<u8>(words + <usize>size, <u8>c);
    size++;
  }
  size += writeLiteral(words + <usize>size, what);
  log(level, words, size);
}
