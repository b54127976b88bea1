/**
 * Tools that look for holes and say who they are.
 *
 * What an attack IS: a request whose User-Agent, or a header of their own, names a tool that does nothing but attack
 * (the words TOOL of source/words/scanner.tsv), and paths that such tools ask for to learn how a server answers.
 * Surveys of the whole Internet are told, not blocked. What is none: libraries and command line clients, whatever they
 * are used for; the name of a tool anywhere else, as in a forum or a shop for books.
 */
import { Limit } from "../abi/status";
import { isWord, startsLower } from "../bytes/ascii";
import { eightAt, hasOther, layer } from "../decode/layer";
import { findLastName, lastNameAt, lastNameSize, Place } from "../decode/point";
import { wordPayload } from "../decode/profile";
import { reachLimit } from "../decode/transaction";
import { place, spend } from "../decode/value";
import { Signature } from "../tables/signatures.gen";
import { OTHER_MASK, OTHER_SHIFT, OtherWord } from "../tables/words.gen";
import { report } from "./match";

/** The first four letters of each path in `PROBES`. */
function mayProbe(): bool {
  const four = <u32>(eightAt(layer.at) >> 8) | 0x20202020;
  return four == 0x6e756361 || four == 0x74303077 || four == 0x70616d6e || four == 0x6563696e || four == 0x6569756d;
}

/** Whether the current layer can name a tool. */
export function scannerGate(): bool {
  if (place == Place.PATH) return mayProbe();
  if (place == Place.USER_AGENT) return hasOther(OtherWord.TOOL) || hasOther(OtherWord.SURVEY);
  return place == Place.HEADER && hasOther(OtherWord.TOOL);
}

/** Whether the field's name is one that tools add. */
function isToolField(): bool {
  if (!findLastName()) return false;
  return startsLower(lastNameAt, lastNameSize, "acunetix-") || startsLower(lastNameAt, lastNameSize, "x-scan");
}

/** Paths that no site has: nmap-service-probes, nselib/http.lua; DFind; Acunetix; Muieblackcat. */
function isProbe(): bool {
  const at = layer.at;
  const size = layer.size;
  if (startsLower(at, size, "/acunetix-wvs-test-for-some-inexistent-file")) return true;
  if (startsLower(at, size, "/w00tw00t.at.") || startsLower(at, size, "/nmaplowercheck")) return true;
  return startsLower(at, size, "/nice ports,/tri") || startsLower(at, size, "/muieblackcat");
}

/** Looks for the words of tools. */
function judgeWords(end: usize): void {
  let at = layer.at;
  while (at < end) {
    const from = at;
    while (at < end && isWord(load<u8>(at))) at++;
    if (at == from) {
      at++;
      continue;
    }
    const kind = (wordPayload(from, <u32>(at - from)) >> OTHER_SHIFT) & OTHER_MASK;
    if (kind == <u32>OtherWord.TOOL) report(Signature.SCANNER_TOOL, from, at);
    else if (kind == <u32>OtherWord.SURVEY) report(Signature.SCANNER_SURVEY, from, at);
  }
}

/** Looks for tools in the current layer. */
export function scannerLex(): void {
  if (!scannerGate()) return;
  if (!spend(layer.size)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const end = layer.at + <usize>layer.size;
  if (place == Place.PATH) {
    if (isProbe()) report(Signature.SCANNER_PROBE, layer.at, end);
  } else if (place == Place.USER_AGENT || isToolField()) judgeWords(end);
}
