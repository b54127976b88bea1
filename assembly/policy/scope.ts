/**
 * Which mode counts for this request: the image's own, the console's general one, and the console's rule that fits
 * most closely. Rules of the image: u8 mode or 255 for "default", u8 method size, u16 path size, method, path prefix.
 */
import { sameBytes } from "../bytes/scan";
import { methodAt, methodSize } from "../decode/head";
import { stepPercent } from "../decode/percent";
import { stepBytes, stepPlain, stepRead, stepSize } from "../decode/step";
import { pathAt, pathSize } from "../decode/uri";
import { Section, sectionOf, sectionSize } from "./image";
import { effectiveMode, MODE_UNSET } from "./mode";

/**
 * Whether the path is the prefix or goes on below it. Escapes of the path are undone as it is compared, since back ends
 * undo them before they route: `/%6dain` is `/main`.
 */
function pathUnder(prefix: usize, size: u32): bool {
  let at = pathAt;
  const end = pathAt + <usize>pathSize;
  for (let i: u32 = 0; i < size; i++) {
    if (at == end) return false;
    if (load<u8>(at) == 0x25) stepPercent(at, end);
    else stepPlain(load<u8>(at));
    if (stepSize != 1 || <u8>stepBytes != load<u8>(prefix + <usize>i)) return false;
    at += <usize>stepRead;
  }
  if (at == end || (size > 0 && load<u8>(prefix + <usize>size - 1) == 0x2f)) return true;
  if (load<u8>(at) == 0x25) stepPercent(at, end);
  else stepPlain(load<u8>(at));
  return <u8>stepBytes == 0x2f;
}

/** The console's mode for this request: of the rules that fit the one with the longest path, then one with a method. */
function remoteMode(image: usize): u32 {
  let best: u32 = 0;
  let mode = <u32>load<u8>(image + 18);
  let at = sectionOf(image, Section.MODE_RULES);
  const end = at + <usize>sectionSize;
  while (at + 4 <= end) {
    const ruleMode = <u32>load<u8>(at);
    const methodBytes = <u32>load<u8>(at + 1);
    const pathBytes = <u32>load<u16>(at + 2);
    const method = at + 4;
    const path = method + <usize>methodBytes;
    at = path + <usize>pathBytes;
    if (at > end) break;
    if (methodBytes && (methodBytes != methodSize || !sameBytes(method, methodAt, methodBytes))) continue;
    if (!pathUnder(path, pathBytes)) continue;
    const weight: u32 = 1 + pathBytes * 2 + (methodBytes ? 1 : 0);
    if (weight < best) continue;
    best = weight;
    mode = ruleMode;
  }
  return mode;
}

/** The mode that counts for the request whose head was read last. */
export function modeOf(image: usize): u32 {
  const remote = remoteMode(image);
  return effectiveMode(
    <u32>load<u8>(image + 16),
    <u32>load<u8>(image + 17),
    remote == MODE_UNSET ? MODE_UNSET : remote,
  );
}
