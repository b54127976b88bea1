/**
 * Server-side and edge-side includes.
 *
 * What an attack IS: a directive that a server which assembles pages would carry out when the value is stored in or
 * echoed into one: `<!--#element attribute=value -->` (Apache mod_include, nginx ngx_http_ssi_module, IIS) or an
 * element of the ESI name space (ESI Language Specification 1.0). What is none: an HTML comment, also one that begins
 * with `#`, because an element of the language and its attribute must follow.
 */
import { Limit } from "../abi/status";
import { equalsLower, isAlpha, isSpace, startsLower } from "../bytes/ascii";
import { findByte } from "../bytes/scan";
import { layer } from "../decode/layer";
import { Has } from "../decode/profile";
import { reachLimit } from "../decode/transaction";
import { spend } from "../decode/value";
import { Signature } from "../tables/signatures.gen";
import { report } from "./match";

/** Bytes of white space that a directive may have before its element's attribute. */
const SPACES_MAX: u32 = 32;
/** Bytes in which an element's first attribute must have its equals sign. */
const ATTRIBUTE_MAX: u32 = 64;

/** Whether the current layer can hold such an attack. */
export function includeGate(): bool {
  return (layer.has & Has.LESS) != 0 && (layer.has & (Has.HASH | Has.COLON)) != 0;
}

function skipSpace(at: usize, end: usize): usize {
  const stop = at + <usize>SPACES_MAX < end ? at + <usize>SPACES_MAX : end;
  while (at < stop && isSpace(load<u8>(at))) at++;
  return at;
}

/** Elements of SSI that take attributes; `printenv` takes none. */
function isElement(at: usize, size: u32): bool {
  switch (size) {
    case 2:
      return equalsLower(at, size, "if");
    case 3:
      return equalsLower(at, size, "set");
    case 4:
      return equalsLower(at, size, "exec") || equalsLower(at, size, "echo") || equalsLower(at, size, "elif");
    case 5:
      return equalsLower(at, size, "fsize") || equalsLower(at, size, "block");
    case 6:
      return equalsLower(at, size, "config");
    case 7:
      return equalsLower(at, size, "include");
    case 8:
      return equalsLower(at, size, "flastmod");
    default:
      return false;
  }
}

/** A directive behind `<!--`. @returns its end, or 0 */
function directiveEnd(at: usize, end: usize): usize {
  at = skipSpace(at, end);
  if (at == end || load<u8>(at) != 0x23) return 0;
  at = skipSpace(at + 1, end);
  const name = at;
  while (at < end && at - name < 10 && isAlpha(load<u8>(at))) at++;
  const size = <u32>(at - name);
  if (equalsLower(name, size, "printenv")) return at;
  if (!isElement(name, size)) return 0;
  const stop = at + <usize>ATTRIBUTE_MAX < end ? at + <usize>ATTRIBUTE_MAX : end;
  at = skipSpace(at, stop);
  const attribute = at;
  while (at < stop && isAlpha(load<u8>(at))) at++;
  if (at == attribute) return 0;
  at = skipSpace(at, stop);
  return at < stop && load<u8>(at) == 0x3d ? at + 1 : 0;
}

/** Elements that fetch, show or run something. Behind `<esi:`. */
function isEdgeElement(at: usize, size: u32): bool {
  if (startsLower(at, size, "include") || startsLower(at, size, "inline")) return true;
  if (startsLower(at, size, "vars") || startsLower(at, size, "assign")) return true;
  return startsLower(at, size, "debug") || startsLower(at, size, "eval");
}

/** Looks for such attacks in the current layer. */
export function includeLex(): void {
  if (!includeGate()) return;
  if (!spend(layer.size >> 1)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const end = layer.at + <usize>layer.size;
  let at = findByte(layer.at, end, 0x3c);
  while (at + 6 < end) {
    const next = at + 1;
    const left = <u32>(end - next);
    if (startsLower(next, left, "!--")) {
      const stop = directiveEnd(next + 3, end);
      if (stop) {
        report(Signature.SSI_DIRECTIVE, at, stop);
        return;
      }
    } else if (startsLower(next, left, "esi:") && isEdgeElement(next + 4, left - 4)) {
      const stop = findByte(next, end, 0x3e);
      report(Signature.SSI_EDGE, at, stop < end ? stop + 1 : end);
      return;
    }
    at = findByte(next, end, 0x3c);
  }
}
