/**
 * The binary policy image: checked when it is loaded, read in place afterwards. Two slots: the active one decides, the
 * shadow one shows what a candidate would do. Made by hosts/policy/image.ts.
 *
 *   0 u32 magic "MRLN"    4 u16 version   6 u16 sections   8 u32 size    12 u32 CRC-32 of bytes from 16 on
 *  16 u8 mode  17 u8 override  18 u8 console mode or 255   19 u8 severity from which matches block
 *  20 u32 inspectBytes   24 u32 holdBytes   28 u8 failure of trap, unreachable, overlimit, oversize: 0 open, 1 closed
 *  32 section table: u16 kind, u16 1 if a reader that does not know it may skip it, u32 offset, u32 size
 */
import { POLICY_BYTES_MAX } from "../abi/limits";
import { crc32 } from "../bytes/crc32";
import { copyBytes } from "../bytes/guard";
import { reserve } from "../bytes/region";
import { MODE_UNSET, Mode, Override } from "./mode";

/** What the image's head must hold and how large its parts are; see the drawing above. */
export const IMAGE_MAGIC: u32 = 0x4e4c524d;
export const IMAGE_VERSION: u32 = 1;
export const IMAGE_HEAD_BYTES: u32 = 32;
export const SECTION_BYTES: u32 = 12;
/** Severity from which the built-in policy blocks. */
export const SEVERITY_BLOCK: u32 = 4;

/** Kinds of sections. One that this core does not know is refused, unless the section says that it may be skipped. */
export enum Section {
  /** Trusted proxies, 20 bytes each: address high, low, prefix length. */
  TRUSTED = 1,
  /** Console rules: see scope.ts. */
  MODE_RULES = 2,
  /** Hashes of lower-case names whose values are masked, 4 bytes each. */
  MASKS = 3,
  /** Hashes of stamps that do not count, 4 bytes each. */
  DISABLED = 4,
}

/** Which policy: the one that decides, or the one whose answer is only shown. */
export enum Slot {
  ACTIVE = 0,
  SHADOW = 1,
}

const builtin: usize = memory.data(32, 16);
let activeRoom: usize = 0;
let shadowRoom: usize = 0;
let active: usize = 0;
let shadow: usize = 0;
let activeCrc: u32 = 0;
let shadowCrc: u32 = 0;

/** Makes the built-in policy the active one; called once when the module starts. */
export function imageInit(): void {
  activeRoom = reserve(POLICY_BYTES_MAX);
  shadowRoom = reserve(POLICY_BYTES_MAX);
  store<u32>(builtin, IMAGE_MAGIC);
  store<u16>(builtin + 4, <u16>IMAGE_VERSION);
  store<u32>(builtin + 8, IMAGE_HEAD_BYTES);
  store<u8>(builtin + 16, <u8>Mode.MONITORING);
  store<u8>(builtin + 17, <u8>Override.ON);
  store<u8>(builtin + 18, <u8>MODE_UNSET);
  store<u8>(builtin + 19, <u8>SEVERITY_BLOCK);
  store<u32>(builtin + 20, 10485760);
  store<u32>(builtin + 24, 524288);
  /* A trap or a service out of reach lets traffic pass; what exceeds the work limits does not. */
  store<u32>(builtin + 28, 0x00010000);
  imageClear(Slot.ACTIVE);
  imageClear(Slot.SHADOW);
}

/** Whether the bytes are an image that this engine reads whole. */
function isValid(at: usize, size: u32): bool {
  if (size < IMAGE_HEAD_BYTES || size > POLICY_BYTES_MAX) return false;
  if (load<u32>(at) != IMAGE_MAGIC || load<u16>(at + 4) != IMAGE_VERSION || load<u32>(at + 8) != size) return false;
  if (load<u32>(at + 12) != crc32(at + 16, size - 16)) return false;
  const mode = <u32>load<u8>(at + 16);
  const remote = <u32>load<u8>(at + 18);
  if (mode > <u32>Mode.BLOCK || load<u8>(at + 17) > <u8>Override.ON) return false;
  if (remote > <u32>Mode.BLOCK && remote != MODE_UNSET) return false;
  const sections = <u32>load<u16>(at + 6);
  if (IMAGE_HEAD_BYTES + sections * SECTION_BYTES > size) return false;
  for (let i: u32 = 0; i < sections; i++) {
    const entry = at + <usize>(IMAGE_HEAD_BYTES + i * SECTION_BYTES);
    const kind = <u32>load<u16>(entry);
    const offset = load<u32>(entry + 4);
    const bytes = load<u32>(entry + 8);
    if (offset > size || bytes > size - offset) return false;
    const known = kind >= <u32>Section.TRUSTED && kind <= <u32>Section.DISABLED;
    if (!known && !load<u16>(entry + 2)) return false;
  }
  return true;
}

/**
 * Checks the image and makes it the slot's policy; a bad one changes nothing.
 * @returns false when it is not an image that this engine reads
 */
export function imageLoad(slot: u32, at: usize, size: u32): bool {
  if (slot > <u32>Slot.SHADOW || !isValid(at, size)) return false;
  const room = slot == <u32>Slot.ACTIVE ? activeRoom : shadowRoom;
  copyBytes(room, at, size);
  const crc = crc32(room, size);
  if (slot == <u32>Slot.ACTIVE) {
    active = room;
    activeCrc = crc;
  } else {
    shadow = room;
    shadowCrc = crc;
  }
  return true;
}

/** Goes back to the built-in policy, or empties the shadow slot. */
export function imageClear(slot: Slot): void {
  if (slot == Slot.ACTIVE) {
    active = builtin;
    activeCrc = crc32(builtin, IMAGE_HEAD_BYTES);
  } else shadow = 0;
}

/** The slot's image, 0 where the shadow slot is empty. */
export function imageOf(slot: Slot): usize {
  return slot == Slot.ACTIVE ? active : shadow;
}

/** Whether both slots still hold the bytes that were loaded. */
export function imagesIntact(): bool {
  if (crc32(active, load<u32>(active + 8)) != activeCrc) return false;
  return !shadow || crc32(shadow, load<u32>(shadow + 8)) == shadowCrc;
}

/** Size of the section found last. */
export let sectionSize: u32 = 0;

/** @returns address of a section's bytes, their size in `sectionSize`; 0 where the image has none */
export function sectionOf(image: usize, kind: Section): usize {
  const sections = <u32>load<u16>(image + 6);
  for (let i: u32 = 0; i < sections; i++) {
    const entry = image + <usize>(IMAGE_HEAD_BYTES + i * SECTION_BYTES);
    if (<u32>load<u16>(entry) != <u32>kind) continue;
    sectionSize = load<u32>(entry + 8);
    return image + <usize>load<u32>(entry + 4);
  }
  sectionSize = 0;
  return 0;
}

/** Whether a section of 4-byte hashes has this one. */
export function sectionHas(image: usize, kind: Section, hash: u32): bool {
  let at = sectionOf(image, kind);
  const end = at + <usize>(sectionSize & ~3);
  while (at < end) {
    if (load<u32>(at) == hash) return true;
    at += 4;
  }
  return false;
}

/** What can keep the core from an answer; the order is the image's. */
export enum Failure {
  TRAP = 0,
  UNREACHABLE = 1,
  OVERLIMIT = 2,
  OVERSIZE = 3,
}

/** Whether the active policy stops a request in this case. */
export function failsClosed(failure: Failure): bool {
  return failsClosedIn(active, failure);
}

/** Whether an image's policy stops a request in this case. */
export function failsClosedIn(image: usize, failure: Failure): bool {
  return load<u8>(image + 28 + <usize>failure) != 0;
}

/** Body bytes that are looked at; what comes beyond sets the limit `oversize`. */
export function inspectBytesOf(image: usize): u32 {
  return load<u32>(image + 20);
}

/** Body bytes that a host withholds until the verdict. */
export function holdBytesOf(image: usize): u32 {
  return load<u32>(image + 24);
}
