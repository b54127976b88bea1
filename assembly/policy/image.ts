/**
 * The binary policy image: checked when it is loaded, read in place afterwards. Two slots: the active one decides, the
 * shadow one shows what a candidate would do. Made by hosts/policy/image.ts.
 *
 *   0 u32 magic "MRLN"    4 u16 version   6 u16 sections   8 u32 size    12 u32 CRC-32 of bytes from 16 on
 *  16 u8 mode  17 u8 override  18 u8 console mode or 255   19 u8 severity from which matches block
 *  20 u32 inspectBytes   24 u32 holdBytes   28 u8 failure of trap, unreachable, overlimit, oversize: 0 open, 1 closed
 *  32 section table: u16 kind, u16 1 if a reader that does not know it may skip it, u32 offset, u32 size
 *
 * Rows of sections are numbers of 32 bits unless `Section` says otherwise; tables.ts checks what they refer to.
 *
 * A slot has two rooms. An image is put together in the one that is not in use, so that transactions which began with
 * the policy before end with it.
 *
 * A pair of slots is a bank. Most hosts have one; Envoy shares an instance between plugins that each have a policy, and
 * a transaction stays in the bank that was in use when it began.
 */
import { BANKS_MAX, POLICY_BYTES_MAX } from "../abi/limits";
import { crc32 } from "../bytes/crc32";
import { copyBytes } from "../bytes/guard";
import { reserve } from "../bytes/region";
import { MODE_UNSET, Mode, Override } from "./mode";
import {
  IMAGE_HEAD_BYTES,
  INDEX_BYTES,
  indexSections,
  LAST_SECTION,
  SECTION_BYTES,
  Section,
  tablesValid,
} from "./tables";

/** What the image's head must hold and how large its parts are; see the drawing above. */
export const IMAGE_MAGIC: u32 = 0x4e4c524d;
export const IMAGE_VERSION: u32 = 1;
/** An image with thresholds says so: an older engine would take what is only counted for an attack. */
export const IMAGE_VERSION_LATEST: u32 = 2;
/** Severity from which the built-in policy blocks. */
export const SEVERITY_BLOCK: u32 = 4;

/** Which policy: the one that decides, or the one whose answer is only shown. */
export enum Slot {
  ACTIVE = 0,
  SHADOW = 1,
}

const builtin: usize = memory.data(32 + INDEX_BYTES, 16) + <usize>INDEX_BYTES;

/** One slot: two rooms, which of them is in use, and what transactions remember of it. */
@unmanaged
class SlotState {
  /** The image in force; 0 for none. */
  image: usize;
  crc: u32;
  /** Grows with every change; 0 before the first. */
  generation: u32;
  /** The image before; 0 once its room is written to. */
  before: usize;
  room0: usize;
  room1: usize;
  size0: u32;
  size1: u32;
  /** The room that the next image goes to. */
  next: u32;
}

const BANK_BYTES: u32 = 128;
const banks: usize = memory.data(BANKS_MAX * BANK_BYTES, 16);
/** The slots of the bank in use. */
let slots: usize = banks;

function slotOf(slot: u32): SlotState {
  return changetype<SlotState>(slots + <usize>(slot << 6));
}

/** Makes a bank the one that the slots are those of. @param bank below BANKS_MAX */
export function useBank(bank: u32): void {
  slots = banks + <usize>(bank * BANK_BYTES);
}

/** The bank in use. */
export function bankInUse(): u32 {
  return <u32>(slots - banks) / BANK_BYTES;
}

/** Makes the built-in policy the active one; called once when the module starts. */
export function imageInit(): void {
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
  store<u32>(builtin + 12, crc32(builtin + 16, IMAGE_HEAD_BYTES - 16));
  for (let bank: u32 = 0; bank < BANKS_MAX; bank++) {
    useBank(bank);
    imageClear(Slot.ACTIVE);
    imageClear(Slot.SHADOW);
  }
  useBank(0);
}

/** Whether the bytes are an image that this engine reads whole. */
function isValid(at: usize, size: u32): bool {
  if (size < IMAGE_HEAD_BYTES || size > POLICY_BYTES_MAX) return false;
  const version = <u32>load<u16>(at + 4);
  if (load<u32>(at) != IMAGE_MAGIC || load<u32>(at + 8) != size) return false;
  if (version < IMAGE_VERSION || version > IMAGE_VERSION_LATEST) return false;
  if (load<u32>(at + 12) != crc32(at + 16, size - 16)) return false;
  const mode = <u32>load<u8>(at + 16);
  const remote = <u32>load<u8>(at + 18);
  if (mode > <u32>Mode.BLOCK || load<u8>(at + 17) > <u8>Override.ON) return false;
  if (remote > <u32>Mode.BLOCK && remote != MODE_UNSET) return false;
  const sections = <u32>load<u16>(at + 6);
  if (IMAGE_HEAD_BYTES + sections * SECTION_BYTES > size) return false;
  /* The checksum begins behind the number of sections; the first one's place says the same. */
  if (sections && load<u32>(at + IMAGE_HEAD_BYTES + 4) != IMAGE_HEAD_BYTES + sections * SECTION_BYTES) return false;
  for (let i: u32 = 0; i < sections; i++) {
    const entry = at + <usize>(IMAGE_HEAD_BYTES + i * SECTION_BYTES);
    const kind = <u32>load<u16>(entry);
    const offset = load<u32>(entry + 4);
    const bytes = load<u32>(entry + 8);
    if (offset > size || bytes > size - offset) return false;
    const known = kind >= <u32>Section.TRUSTED && kind <= <u32>LAST_SECTION;
    if (!known && !load<u16>(entry + 2)) return false;
  }
  indexSections(at);
  return tablesValid(at);
}

/** Sizes of rooms: a small policy takes little, and one that grows is not moved at every step. */
const ROOM_BYTES_MIN: u32 = 16384;

/** Gives the room that the next image goes to the size that it needs. @returns its address, 0 without memory */
function nextRoom(state: SlotState, size: u32): usize {
  const room = state.next ? state.room1 : state.room0;
  if (size <= (state.next ? state.size1 : state.size0)) return room;
  let bytes = ROOM_BYTES_MIN;
  while (bytes < size) bytes <<= 1;
  let made = reserve(bytes + INDEX_BYTES);
  if (!made) return 0;
  made += <usize>INDEX_BYTES;
  if (state.next) {
    state.room1 = made;
    state.size1 = bytes;
  } else {
    state.room0 = made;
    state.size0 = bytes;
  }
  return made;
}

/**
 * Puts a piece of an image into the room where the slot's next one is put together.
 * @param total bytes of the whole image
 * @returns false when the piece has no place in it
 */
export function imageStage(slot: u32, total: u32, offset: u32, at: usize, size: u32): bool {
  if (slot > <u32>Slot.SHADOW || total > POLICY_BYTES_MAX || offset > total || size > total - offset) return false;
  const state = slotOf(slot);
  const room = nextRoom(state, total);
  if (!room) return false;
  state.before = 0;
  copyBytes(room + <usize>offset, at, size);
  return true;
}

/**
 * Checks the image that was put together and makes it the slot's policy; a bad one changes nothing.
 * @returns false when it is not an image that this engine reads
 */
export function imageCommit(slot: u32, total: u32): bool {
  if (slot > <u32>Slot.SHADOW) return false;
  const state = slotOf(slot);
  const room = state.next ? state.room1 : state.room0;
  if (total > (state.next ? state.size1 : state.size0) || !isValid(room, total)) return false;
  state.next ^= 1;
  install(state, room, total);
  return true;
}

function install(state: SlotState, image: usize, size: u32): void {
  state.before = state.image;
  state.image = image;
  state.crc = image ? crc32(image, size) : 0;
  state.generation++;
}

/** Goes back to the built-in policy, or empties the shadow slot. */
export function imageClear(slot: Slot): void {
  install(slotOf(<u32>slot), slot == Slot.ACTIVE ? builtin : 0, IMAGE_HEAD_BYTES);
}

/**
 * Makes a mode the active policy's own, which no console changes; what scopes say stays.
 * @returns false when there is no memory
 */
export function imageOverrule(mode: Mode): bool {
  const held = imageOf(Slot.ACTIVE);
  const size = load<u32>(held + 8);
  /* The built-in policy is everybody's. */
  if (held == builtin && !(imageStage(<u32>Slot.ACTIVE, size, 0, held, size) && imageCommit(<u32>Slot.ACTIVE, size)))
    return false;
  const image = imageOf(Slot.ACTIVE);
  store<u8>(image + 16, <u8>mode);
  store<u8>(image + 17, <u8>Override.OFF);
  store<u32>(image + 12, crc32(image + 16, size - 16));
  slotOf(<u32>Slot.ACTIVE).crc = crc32(image, size);
  return true;
}

/** The slot's image, 0 where the shadow slot is empty. */
export function imageOf(slot: Slot): usize {
  return slotOf(<u32>slot).image;
}

/** Which image a slot has: the number that `imageSince` knows it by. */
export function generationOf(slot: Slot): u32 {
  return slotOf(<u32>slot).generation;
}

/** The image that a slot had at a generation; 0 where there was none, or it is gone since two changes. */
export function imageSince(slot: Slot, generation: u32): usize {
  const state = slotOf(<u32>slot);
  if (generation == state.generation) return state.image;
  return generation + 1 == state.generation ? state.before : 0;
}

/** Whether all slots still hold the bytes that were loaded. */
export function imagesIntact(): bool {
  for (let slot: u32 = 0; slot < BANKS_MAX * 2; slot++) {
    const state = changetype<SlotState>(banks + <usize>(slot << 6));
    if (state.image && crc32(state.image, load<u32>(state.image + 8)) != state.crc) return false;
  }
  return true;
}

/** What can keep the core from an answer; the order is the image's. */
export enum Failure {
  TRAP = 0,
  UNREACHABLE = 1,
  OVERLIMIT = 2,
  OVERSIZE = 3,
}

/** Whether an image's policy stops a request in this case, unless a scope says otherwise. */
export function failsClosed(image: usize, failure: Failure): bool {
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
