/**
 * Lookups of Log4j 2 and its kin: `${jndi:ldap://…}`, with its letters put together from other lookups
 * (Apache Log4j 2 manual, "Lookups"; CVE-2021-44228, CVE-2021-45105). Inner lookups are worked out as the logger does:
 * `lower` and `upper` give their argument, `date` what is quoted in its pattern, any with `:-` gives its default. Some
 * letters beyond ASCII become ASCII ones in the other case. Lookups of Apache Commons Text that run a script or fetch
 * an address count too (CVE-2022-42889).
 */
import { Limit } from "../../abi/status";
import { lower, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { reachLimit } from "../../decode/transaction";
import { spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { report } from "../match";

const TEXT_BYTES: u32 = 512;
const DEPTH: u32 = 16;
/** Inner lookups that give one letter from which nobody meant a default. */
const LETTERS_MANY: u32 = 2;

const text: usize = memory.data(TEXT_BYTES + 16, 16);
const starts: usize = memory.data(DEPTH * 4, 4);

let size: u32 = 0;
let depth: u32 = 0;
let letters: u32 = 0;

function start(level: u32): u32 {
  return load<u32>(starts + ((<usize>level) << 2));
}

/** What a byte costs inside a lookup, in units. */
const INSIDE_UNITS: u32 = 4;

function keep(c: u32): void {
  if (size == TEXT_BYTES) return;
  if (size && c - 0xb1 < 0x10 && foldWide(c)) return;
  store<u8>(text + <usize>size, <u8>lower(c));
  size++;
}

/** `ı` (U+0131) is a lower case of `I`, `ſ` (U+017F) one of `S`: their second byte makes the first a letter. */
function foldWide(second: u32): bool {
  const at = text + <usize>(size - 1);
  const first = <u32>load<u8>(at);
  const letter: u32 = first == 0xc4 && second == 0xb1 ? 0x69 : first == 0xc5 && second == 0xbf ? 0x73 : 0;
  if (letter) store<u8>(at, <u8>letter);
  return letter != 0;
}

/** What a date pattern gives as it is: the text between its quotes, which moves to the begin. @returns its bytes */
function takeQuoted(at: usize, length: u32): u32 {
  let kept: u32 = 0;
  let quoted = false;
  for (let i: u32 = 0; i < length; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c == 0x27) quoted = !quoted;
    else if (quoted) {
      store<u8>(at + <usize>kept, <u8>c);
      kept++;
    }
  }
  return kept;
}

/** Closes the innermost lookup: what it gives stays in the text. */
function close(): void {
  depth--;
  const from = start(depth);
  const at = text + <usize>from;
  const length = size - from;
  let skip: u32 = 0;
  if (startsLower(at, length, "lower:") || startsLower(at, length, "upper:")) skip = 6;
  else if (startsLower(at, length, "date:")) {
    const kept = takeQuoted(at + 5, length - 5);
    if (!kept) return;
    size = from + 5 + kept;
    skip = 5;
  } else {
    let i: u32 = 0;
    while (i + 1 < length && !(load<u8>(at + <usize>i) == 0x3a && load<u8>(at + <usize>(i + 1)) == 0x2d)) i++;
    if (i + 1 < length) skip = i + 2;
  }
  if (!skip) return;
  const kept = size - from - skip;
  if (depth && kept < 3) letters++;
  memory.copy(at, at + <usize>skip, <usize>kept);
  size = from + kept;
}

/** Whether the innermost lookup is by JNDI, runs a script or fetches an address. */
function asks(): bool {
  const from = start(depth - 1);
  const at = text + <usize>from;
  const length = size - from;
  if (startsLower(at, length, "jndi:") || startsLower(at, length, "script:javascript:")) return true;
  return startsLower(at, length, "url:utf-8:http") || startsLower(at, length, "dns:address|");
}

/** Looks for lookups in the current layer. */
export function lookupLex(): void {
  inside = 0;
  readLookups();
  if (!spend(inside * INSIDE_UNITS)) reachLimit(Limit.FUEL);
}

/** Bytes read inside lookups. */
let inside: u32 = 0;

function readLookups(): void {
  const end = layer.at + <usize>layer.size;
  if (!spend(layer.size >> 1)) {
    reachLimit(Limit.FUEL);
    return;
  }
  size = 0;
  depth = 0;
  letters = 0;
  let from: usize = 0;
  let at = findByte(layer.at, end, 0x24);
  while (at < end) {
    const c = <u32>load<u8>(at);
    inside++;
    if (c == 0x24 && at + 1 < end && load<u8>(at + 1) == 0x7b) {
      if (!depth) {
        from = at;
        size = 0;
        letters = 0;
      }
      if (depth < DEPTH) {
        store<u32>(starts + ((<usize>depth) << 2), size);
        depth++;
      }
      at += 2;
      continue;
    }
    if (c == 0x7d && depth) {
      close();
      if (letters >= LETTERS_MANY) {
        report(Signature.RCE_LOOKUP, from, at + 1);
        return;
      }
    } else if (depth) keep(c);
    at++;
    if (depth) {
      if (c == 0x3a || c == 0x7d || c == 0x7c) {
        if (asks()) {
          report(Signature.RCE_LOOKUP, from, at);
          return;
        }
      }
    } else at = findByte(at, end, 0x24);
  }
}
