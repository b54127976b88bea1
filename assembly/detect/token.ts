/**
 * Tokens that nobody signed, where a signed one is expected (RFC 7519 §6, RFC 8725 §3.2).
 *
 * What an attack IS: a whole value in the form of a signed token (RFC 7515 §7.1) whose header says `"alg": "none"`, in
 * any case of letters: a verifier that believes it takes whatever claims follow. What is none: tokens with any other
 * algorithm; texts that show such a header; a request object of OpenID Connect, which may come unsigned in its own
 * parameter (OpenID Connect Core 1.0 §6.1). What the header's other fields hold (`kid`, `jku`, `x5u`) is a value like
 * any other: decode/jwt.ts takes it out.
 */
import { equalsLower, isSpace, lower, startsLower } from "../bytes/ascii";
import { findByte } from "../bytes/scan";
import { stepBase64 } from "../decode/base64";
import { tokenAt } from "../decode/jwt";
import { layer } from "../decode/layer";
import { findLastName, lastNameAt, lastNameSize } from "../decode/point";
import { Has } from "../decode/profile";
import { stepBytes, stepRead, stepSize } from "../decode/step";
import { spend } from "../decode/value";
import { Signature } from "../tables/signatures.gen";
import { report } from "./match";

/** Bytes of a header that are read: more than the fields of a request may have in most servers. */
const HEADER_BYTES_MAX: u32 = 8192;
/** Characters that no token has. */
const NOT_TOKEN: u32 =
  Has.SINGLE | Has.DOUBLE | Has.LESS | Has.OPEN | Has.SEMICOLON | Has.PIPE | Has.BACKSLASH | Has.COLON;

const header: usize = memory.data(HEADER_BYTES_MAX + 16, 16);

/** Whether the current layer can be a token. */
export function tokenGate(): bool {
  if (!(layer.has & Has.DOT) || (layer.has & NOT_TOKEN) != 0 || layer.size < 24) return false;
  return tokenAt(layer.at, layer.size) != 0;
}

/** Decodes the header to `header`. @returns its size */
function readHeader(at: usize, end: usize): u32 {
  let size: u32 = 0;
  while (at < end && size + 3 <= HEADER_BYTES_MAX) {
    stepBase64(at, end);
    at += <usize>stepRead;
    let bytes = stepBytes;
    for (let i: u32 = 0; i < stepSize; i++) {
      store<u8>(header + <usize>size, <u8>bytes);
      size++;
      bytes >>= 8;
    }
  }
  return size;
}

function skipSpace(at: usize, end: usize): usize {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

/** Whether the document at `header` has the key `alg`, or the same with escapes left out, with the text `none`. */
function saysNone(size: u32): bool {
  const end = header + <usize>size;
  let at = header;
  while (at < end) {
    at = findByte(at, end, 0x22) + 1;
    if (at >= end) return false;
    if (!startsLower(at, <u32>(end - at), "alg") || at + 3 >= end || load<u8>(at + 3) != 0x22) continue;
    at = skipSpace(at + 4, end);
    if (at == end || load<u8>(at) != 0x3a) continue;
    at = skipSpace(at + 1, end);
    if (at == end || load<u8>(at) != 0x22) continue;
    const stop = findByte(at + 1, end, 0x22);
    /* Of a key that comes twice most readers take the last. */
    if (equalsLower(at + 1, <u32>(stop - at - 1), "none")) return true;
  }
  return false;
}

/** Whether [at, end) has digits of base64url and one or two dots, no more. */
function isToken(at: usize, end: usize): bool {
  let dots: u32 = 0;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x2e) dots++;
    else if (!(lower(c) - 97 < 26 || c - 48 < 10 || c == 0x2d || c == 0x5f || c == 0x3d)) return false;
  }
  return dots == 1 || dots == 2;
}

/** Looks for a token without a signature. */
export function tokenLex(): void {
  if (!tokenGate()) return;
  const from = tokenAt(layer.at, layer.size);
  const end = layer.at + <usize>layer.size;
  if (!from || !spend(layer.size) || !isToken(from, end)) return;
  const dot = findByte(from, end, 0x2e);
  if (!saysNone(readHeader(from, dot))) return;
  if (findLastName() && equalsLower(lastNameAt, lastNameSize, "request")) return;
  report(Signature.AUTH_JWT_NONE, from, end);
}
