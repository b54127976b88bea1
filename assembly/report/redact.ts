/**
 * What must not leave the core: values of secret names are hidden whole, and card numbers wherever they stand. Hidden
 * bytes become `*`, one for one, so that spans stay true.
 */
import { equalsLower, isDigit, startsLower } from "../bytes/ascii";
import { hashWord } from "../bytes/hash";
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

function isSecretName(at: usize, size: u32): bool {
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

/** Luhn's check (ISO/IEC 7812-1) over the digits of [at, end), separators skipped. */
function luhn(at: usize, end: usize): bool {
  let sum: u32 = 0;
  let double = false;
  while (end > at) {
    const c = <u32>load<u8>(--end);
    if (!isDigit(c)) continue;
    let digit = c - 48;
    if (double) {
      digit *= 2;
      if (digit > 9) digit -= 9;
    }
    sum += digit;
    double = !double;
  }
  return sum % 10 == 0;
}

/** Overwrites card numbers: 13 to 19 digits that pass Luhn's check, with single spaces or dashes between. */
export function hideCards(at: usize, size: u32): void {
  const end = at + <usize>size;
  while (at < end) {
    if (!isDigit(load<u8>(at))) {
      at++;
      continue;
    }
    const from = at;
    let last = at;
    let digits: u32 = 0;
    while (at < end && digits < 20) {
      const c = <u32>load<u8>(at);
      if (isDigit(c)) {
        digits++;
        last = at + 1;
      } else if ((c != 0x20 && c != 0x2d) || at == last + 1) break;
      at++;
    }
    if (digits >= 13 && digits <= 19 && luhn(from, last)) {
      for (let p = from; p < last; p++) if (isDigit(load<u8>(p))) store<u8>(p, 0x2a);
    }
    at = last;
  }
}

/** Overwrites all bytes. */
export function hideAll(at: usize, size: u32): void {
  memory.fill(at, 0x2a, size);
}
