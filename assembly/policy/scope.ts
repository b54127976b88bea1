/**
 * What the policy says of this request: the image's own settings, and those of the scopes that it fits, field by field
 * the closest. Done once, when the head is read; the transaction remembers it to its end. This is the only place that
 * matches scopes: `explain` and `simulate` ask it, too.
 */
import { SCOPES_KEPT_MAX } from "../abi/limits";
import { arenaMark, arenaRelease } from "../bytes/arena";
import { current, Transaction } from "../decode/transaction";
import { generationOf, holdBytesOf, imageOf, imageSince, inspectBytesOf, Slot } from "./image";
import { effectiveMode, Mode } from "./mode";
import { isUnclear, pathDecode, readSegments, resolveSegments } from "./path";
import { fit, fittingScope, routeBegin, routeWalk } from "./route";
import { rulesEnter } from "./rule/state";
import { Scope, Section, Settings, sectionOf } from "./tables";

/** Bits of a settings row's `has`. */
enum Has {
  MODE = 1,
  OVERRIDE = 2,
  CONSOLE_MODE = 4,
  APPLICATION = 8,
  INSPECT_BYTES = 16,
  HOLD_BYTES = 32,
  PAGE = 64,
  PARSERS = 128,
}

/* What the settings applied so far say. */
let localMode: u32 = 0;
let overrule: u32 = 0;
let consoleMode: u32 = 0;
let failures: u32 = 0;
let application: u32 = 0;
let inspectMost: u32 = 0;
let holdMost: u32 = 0;
let page: u32 = 0;
let parsersOff: u32 = 0;

/** Begins with what the image says of every request. */
function applyImage(image: usize): void {
  localMode = <u32>load<u8>(image + 16);
  overrule = <u32>load<u8>(image + 17);
  consoleMode = <u32>load<u8>(image + 18);
  inspectMost = inspectBytesOf(image);
  holdMost = holdBytesOf(image);
  failures = 0;
  for (let i: u32 = 0; i < 4; i++) failures |= (<u32>load<u8>(image + 28 + <usize>i)) << i;
  application = 0;
  page = 0;
  parsersOff = 0;
}

/** Applies a scope's settings over those of wider ones. */
function apply(row: Settings): void {
  const has = row.has;
  if (has & Has.MODE) localMode = <u32>row.mode;
  if (has & Has.OVERRIDE) overrule = <u32>row.overrule;
  if (has & Has.CONSOLE_MODE) consoleMode = <u32>row.consoleMode;
  if (has & Has.APPLICATION) application = row.application;
  if (has & Has.INSPECT_BYTES) inspectMost = row.inspectBytes;
  if (has & Has.HOLD_BYTES) holdMost = row.holdBytes;
  if (has & Has.PAGE) page = <u32>row.page;
  if (has & Has.PARSERS) parsersOff = <u32>row.parsersOff;
  failures = (failures & ~(<u32>row.failureSaid)) | (row.failureClosed & <u32>row.failureSaid);
}

function scopeIn(image: usize, number: u32): Scope {
  return changetype<Scope>(sectionOf(image, Section.SCOPES) + <usize>(number * offsetof<Scope>()));
}

function applyScope(image: usize, number: u32): void {
  const settings = scopeIn(image, number).settings;
  if (!settings) return;
  const rows = sectionOf(image, Section.SETTINGS);
  apply(changetype<Settings>(rows + <usize>((settings - 1) * offsetof<Settings>())));
}

/** Applies what every request has and what the fitting scopes say. @returns the mode that counts */
function settle(image: usize): u32 {
  applyImage(image);
  if (sectionOf(image, Section.SCOPES)) {
    applyScope(image, 0);
    for (let i: u32 = 0; i < fit; i++) applyScope(image, fittingScope(i));
  }
  return effectiveMode(localMode, overrule, consoleMode);
}

/** Remembers the scopes whose exceptions or masks later findings need, the closest ones. @returns how many */
function keepScopes(image: usize, room: usize): u32 {
  let count: u32 = 0;
  for (let i = fit; i && count < SCOPES_KEPT_MAX; i--) {
    const number = fittingScope(i - 1);
    const scope = scopeIn(image, number);
    if (!(scope.exceptionCount | scope.maskCount)) continue;
    store<u16>(room + ((<usize>count) << 1), <u16>number);
    count++;
  }
  return count;
}

/**
 * Decides what counts under an image. A path that servers would not agree on is looked at in both readings: the
 * stricter mode counts, the masks of both, and no exception that is for some requests only, since nobody knows if this
 * is one of them.
 * @param room where the scopes to remember go
 * @returns the mode; how many scopes are in `kept`
 */
function resolve(image: usize, room: usize): u32 {
  kept = 0;
  routeBegin();
  if (!sectionOf(image, Section.NODES)) return settle(image);
  const mark = arenaMark();
  if (!pathDecode()) return settle(image);
  readSegments();
  routeWalk(image);
  let mode = settle(image);
  if (isUnclear) {
    routeBegin();
    resolveSegments();
    routeWalk(image);
    const resolved = settle(image);
    if (resolved > mode) mode = resolved;
    readSegments();
    routeWalk(image);
    current.unclear = 1;
  }
  kept = keepScopes(image, room);
  arenaRelease(mark);
  return mode;
}

let kept: u32 = 0;

/** Decides for both slots what counts for the request whose head was read last. */
export function scopeHead(): void {
  const candidate = imageOf(Slot.SHADOW);
  const base = changetype<usize>(current);
  current.unclear = 0;
  current.shadowMode = candidate ? resolve(candidate, base + offsetof<Transaction>("shadowScopes0")) : <u32>Mode.OFF;
  current.shadowFailures = candidate ? failures : 0;
  current.shadowScopeCount = candidate ? kept : 0;
  current.shadowGeneration = generationOf(Slot.SHADOW);
  if (candidate) rulesEnter(Slot.SHADOW, candidate);
  const image = imageOf(Slot.ACTIVE);
  current.mode = resolve(image, base + offsetof<Transaction>("scopes0"));
  current.failures = failures;
  current.scopeCount = kept;
  current.generation = generationOf(Slot.ACTIVE);
  current.application = application;
  current.inspectMost = inspectMost;
  current.holdMost = holdMost;
  current.page = page;
  current.parsersOff = parsersOff;
  rulesEnter(Slot.ACTIVE, image);
}

/** The image that the transaction began with; the one in force where that one is gone or there was no head yet. */
export function imageHeld(slot: Slot): usize {
  const generation = slot == Slot.ACTIVE ? current.generation : current.shadowGeneration;
  const image = imageSince(slot, generation);
  if (image || slot == Slot.SHADOW) return image;
  current.scopeCount = 0;
  return imageOf(slot);
}

/** Scopes that the transaction remembers of a slot's image; the scope of every request comes before them. */
export function scopesHeld(slot: Slot): u32 {
  return slot == Slot.ACTIVE ? current.scopeCount : current.shadowScopeCount;
}

/** One of the scopes that the transaction remembers, up to their count; the first is that of every request. */
export function scopeHeld(slot: Slot, image: usize, index: u32): Scope {
  if (!index) return scopeIn(image, 0);
  const field = slot == Slot.ACTIVE ? offsetof<Transaction>("scopes0") : offsetof<Transaction>("shadowScopes0");
  return scopeIn(image, <u32>load<u16>(changetype<usize>(current) + field + ((<usize>(index - 1)) << 1)));
}
