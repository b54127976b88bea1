/**
 * What must not leave the core: values of secret names are hidden whole, and card numbers wherever they stand. Hidden
 * bytes become `*`, one for one, so that spans stay true.
 */
import { equalsLower, hexValue, isDigit, startsLower } from "../bytes/ascii";
import { hashWord } from "../bytes/hash";
import { findEither } from "../bytes/scan";
import { findLastName, lastNameAt, lastNameSize, Place } from "../decode/point";
import { place } from "../decode/value";
import { Slot } from "../policy/image";
import { imageHeld, scopeHeld, scopesHeld } from "../policy/scope";
import { hashesHave, Section, sectionHas, sectionOf } from "../policy/tables";

/** Parts of names that speak of secrets; a name is secret if one of them occurs in it. */
const SECRET: string = "passw pwd secret token authorization apikey api_key api-key credential private_key cvv ssn ";

/** Whether a lower-case part occurs in the name, ignoring the name's case. */
function occurs(at: usize, size: u32, part: usize, partSize: u32): bool {
  for (let i: u32 = 0; i + partSize <= size; i++) {
    let j: u32 = 0;
    while (j < partSize) {
      const c = <u32>load<u8>(at + <usize>(i + j));
      if ((c - 65 < 26 ? c + 32 : c) != <u32>load<u16>(part + ((<usize>j) << 1))) break;
      j++;
    }
    if (j == partSize) return true;
  }
  return false;
}

/** Whether the policy masks the name, for every request or for those of a scope that this one is in. */
function isMasked(hash: u32): bool {
  const image = imageHeld(Slot.ACTIVE);
  if (sectionHas(image, Section.MASKS, hash)) return true;
  const masks = sectionOf(image, Section.SCOPE_MASKS);
  if (!masks) return false;
  const scopes = scopesHeld(Slot.ACTIVE);
  for (let i: u32 = 1; i <= scopes; i++) {
    const scope = scopeHeld(Slot.ACTIVE, image, i);
    if (hashesHave(masks + ((<usize>scope.masks) << 2), scope.maskCount, hash)) return true;
  }
  return false;
}

/** Whether a name speaks of a secret, or the policy masks it for the current request. */
export function isSecretName(at: usize, size: u32): bool {
  if (isMasked(hashWord(at, size))) return true;
  const text = changetype<usize>(SECRET);
  const end = <u32>SECRET.length;
  let from: u32 = 0;
  for (let i: u32 = 0; i < end; i++) {
    if (load<u16>(text + ((<usize>i) << 1)) != 0x20) continue;
    if (occurs(at, size, text + ((<usize>from) << 1), i - from)) return true;
    from = i + 1;
  }
  return false;
}

/** Whether the current point's value is hidden as a whole. */
export function isSecretPoint(): bool {
  if (place == Place.COOKIE || place == Place.COOKIE_NAME) return true;
  if (!findLastName()) return false;
  if (place == Place.HEADER && equalsLower(lastNameAt, lastNameSize, "cookie")) return true;
  if (place == Place.HEADER && startsLower(lastNameAt, lastNameSize, "proxy-authorization")) return true;
  return isSecretName(lastNameAt, lastNameSize);
}

/** The unit that `readUnit` read: its byte and how many bytes it takes. */
export let unit: u32 = 0;
export let unitSize: u32 = 0;

/** Reads the byte at an address below `end`; where `escaped`, percent escapes and `+` are undone. */
export function readUnit(at: usize, end: usize, escaped: bool): void {
  unit = <u32>load<u8>(at);
  unitSize = 1;
  if (!escaped) return;
  if (unit == 0x2b) unit = 0x20;
  if (unit != 0x25 || <u32>(end - at) < 3) return;
  const high = hexValue(load<u8>(at + 1));
  const low = hexValue(load<u8>(at + 2));
  if ((high | low) > 15) return;
  unit = (high << 4) | low;
  unitSize = 3;
}

const CARD_DIGITS_MIN: u32 = 13;
const CARD_DIGITS_MAX: u32 = 19;
const digits: usize = memory.data(32, 16);

/** Luhn's check (ISO/IEC 7812-1) over `count` digits. */
function luhn(count: u32): bool {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    let digit = <u32>load<u8>(digits + <usize>(count - 1 - i));
    if (i & 1) digit = digit < 5 ? digit * 2 : digit * 2 - 9;
    sum += digit;
  }
  return sum % 10 == 0;
}

/** Overwrites the digits of [at, end). */
function hideDigits(at: usize, end: usize, escaped: bool): void {
  while (at < end) {
    readUnit(at, end, escaped);
    if (isDigit(unit)) memory.fill(at, 0x2a, unitSize);
    at += <usize>unitSize;
  }
}

function hideCardsAs(at: usize, end: usize, escaped: bool): void {
  while (at < end) {
    readUnit(at, end, escaped);
    if (!isDigit(unit)) {
      at += <usize>unitSize;
      continue;
    }
    const from = at;
    let last = at;
    let count: u32 = 0;
    while (at < end && count <= CARD_DIGITS_MAX) {
      readUnit(at, end, escaped);
      const isSeparator = (unit == 0x20 || unit == 0x2d) && at == last;
      if (!isDigit(unit) && !isSeparator) break;
      at += <usize>unitSize;
      if (isSeparator) continue;
      store<u8>(digits + <usize>count, <u8>(unit - 48));
      count++;
      last = at;
    }
    if (count >= CARD_DIGITS_MIN && count <= CARD_DIGITS_MAX && luhn(count)) hideDigits(from, last, escaped);
    at = last;
  }
}

/**
 * Overwrites card numbers: 13 to 19 digits that pass Luhn's check, with single spaces or dashes between; as they stand,
 * and as they are read once percent escapes and `+` are undone.
 */
export function hideCards(at: usize, size: u32): void {
  const end = at + <usize>size;
  hideCardsAs(at, end, false);
  if (findEither(at, end, 0x25, 0x2b) < end) hideCardsAs(at, end, true);
}

/** Overwrites all bytes. */
export function hideAll(at: usize, size: u32): void {
  memory.fill(at, 0x2a, size);
}
