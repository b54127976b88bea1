/**
 * URLs that send a browser elsewhere, or a program for a script: what ssrf.ts read, weighed for the other end.
 *
 * What an open redirect IS: a value that a check for "a path of this site" or "this site's host" lets pass and that a
 * browser reads as another host: slashes mixed with backslashes or broken by controls, three and more of them, letters
 * that no keyboard has, this site's own name where the user stands. What is none: any URL written as people write it.
 * What an inclusion IS: a URL of a file with source code, ended so that nothing can be added behind it, or called like
 * a web shell. What is none: a link to a page that happens to be made by a script.
 */
import { equalsLower, isAlpha, startsLower } from "../../bytes/ascii";
import { hashWord } from "../../bytes/hash";
import { findByte, findEither } from "../../bytes/scan";
import { Decoder } from "../../decode/decoder";
import { layer } from "../../decode/layer";
import { Place } from "../../decode/point";
import { Has } from "../../decode/profile";
import { current } from "../../decode/transaction";
import { place } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { report } from "../match";
import {
  hostEnd,
  otherAt,
  otherEnd,
  restAt,
  schemeAt,
  schemeSize,
  slashBroken,
  slashCount,
  slashMixed,
  userAt,
  userEnd,
} from "./authority";
import { hasDomain, hostAt, hostEnclosed, hostSize, isSite } from "./host";

/** Longest ending of a file's name that is looked at. */
const ENDING_BYTES_MAX: u32 = 6;

/** Endings of files, not domains: what three slashes in a sloppy template are followed by. */
function isFileEnding(): bool {
  const end = hostAt() + <usize>hostSize;
  let at = end;
  while (at > hostAt() && isAlpha(load<u8>(at - 1))) at--;
  const size = <u32>(end - at);
  if (isSourceEnding(at, size)) return true;
  if (size == 4) return startsLower(at, 4, "html") || startsLower(at, 4, "jpeg") || startsLower(at, 4, "json");
  if (size == 2) return startsLower(at, 2, "js");
  if (size != 3) return false;
  if (startsLower(at, 3, "htm") || startsLower(at, 3, "css") || startsLower(at, 3, "xml")) return true;
  if (startsLower(at, 3, "png") || startsLower(at, 3, "jpg") || startsLower(at, 3, "gif")) return true;
  return (
    startsLower(at, 3, "svg") || startsLower(at, 3, "ico") || startsLower(at, 3, "pdf") || startsLower(at, 3, "mp4")
  );
}

/** Every slash behind a backslash of its own: a string of JSON or a script, copied with its escapes. */
function isEscaped(end: usize): bool {
  let at = layer.at;
  while (at < end) {
    if (load<u8>(at) != 0x5c || at + 1 == end || load<u8>(at + 1) != 0x2f) return false;
    at += 2;
  }
  return true;
}

/** Whether [at, end) is the site's host: bare, or with what follows a host cut off. */
function namesSite(at: usize, end: usize): bool {
  let p = at;
  while (p < end && load<u8>(p) != 0x3a && load<u8>(p) != 0x25) p++;
  return p > at && hashWord(at, <u32>(p - at)) == current.siteHash;
}

/** Weighs the URL read last, whose host leads to the public. @param from first byte behind the slashes */
export function judgeRedirect(from: usize, end: usize): void {
  if (isSite()) return;
  const named = hasDomain() && !isFileEnding();
  let hidden: bool = hostEnclosed && hasDomain();
  if (!schemeSize) {
    const first = load<u8>(layer.at);
    if (place == Place.PATH) hidden = hidden || (named && first == 0x2f && (slashMixed || slashBroken));
    else if (slashMixed && !isEscaped(from)) hidden = hidden || (named && (first == 0x2f || slashCount > 2));
    else if (first == 0x2f) hidden = hidden || (named && (slashBroken || slashCount > 2));
  } else if (slashBroken && named) hidden = true;
  else if (named && place == Place.QUERY && isWebScheme()) hidden = endsInBackslash(end);
  if (userEnd > userAt && namesSite(userAt, userEnd)) hidden = true;
  if (otherAt && namesSite(otherAt, otherEnd)) hidden = true;
  if (hidden) report(Signature.REDIR_HIDDEN, layer.at, hostEnd < end ? hostEnd : end);
}

/** Whether a backslash ends the host, as it does for browsers; other readers go on to the name that they know. */
function endsInBackslash(end: usize): bool {
  if (restAt + 1 >= end || load<u8>(restAt) != 0x5c) return false;
  const next = <u32>load<u8>(restAt + 1);
  return next != 0x2f && next != 0x5c;
}

/** Whether the URL read last is of the web. */
export function isWebScheme(): bool {
  return equalsLower(schemeAt, schemeSize, "http") || equalsLower(schemeAt, schemeSize, "https");
}

/** Endings of files with source code for a server, or of text that holds some. */
function isSourceEnding(at: usize, size: u32): bool {
  if (size == 3) {
    if (startsLower(at, 3, "php") || startsLower(at, 3, "inc") || startsLower(at, 3, "txt")) return true;
    return startsLower(at, 3, "asp") || startsLower(at, 3, "jsp") || startsLower(at, 3, "cgi");
  }
  if (size == 4) return startsLower(at, 4, "aspx") || startsLower(at, 4, "jspx") || startsLower(at, 4, "php5");
  return size == 5 && startsLower(at, 5, "phtml");
}

/** Whether the path in [restAt, at) ends in the name of a source file; `plain` asks for one that no server runs. */
function endsInSource(at: usize, plain: bool): bool {
  let p = at;
  while (p > restAt && at - p < <usize>ENDING_BYTES_MAX && load<u8>(p - 1) != 0x2e && load<u8>(p - 1) != 0x2f) p--;
  if (p <= restAt + 2 || load<u8>(p - 1) != 0x2e) return false;
  const size = <u32>(at - p);
  if (plain) return equalsLower(p, size, "txt") || equalsLower(p, size, "inc");
  return isSourceEnding(p, size);
}

/** Whether the last step of the path in [restAt, at) begins with the name of a web shell, and its ending follows. */
function namesShell(at: usize): bool {
  let p = at;
  while (p > restAt && load<u8>(p - 1) != 0x2f && load<u8>(p - 1) != 0x5c) p--;
  const size = <u32>(at - p);
  let name: u32 = 0;
  if (startsLower(p, size, "c99") || startsLower(p, size, "r57") || startsLower(p, size, "cmd")) name = 3;
  else if (startsLower(p, size, "shell") || startsLower(p, size, "c100."))
    name = size > 4 && load<u8>(p + 4) == 0x2e ? 4 : 5;
  else if (startsLower(p, size, "b374k")) name = 5;
  else if (startsLower(p, size, "webshell")) name = 8;
  return name != 0 && name < size && load<u8>(p + <usize>name) == 0x2e;
}

/** Weighs the URL read last as a script that a program would include. */
export function judgeInclusion(end: usize): void {
  if (restAt >= end || place == Place.PATH || place == Place.JSON) return;
  const web = isWebScheme();
  const file = equalsLower(schemeAt, schemeSize, "ftp") || equalsLower(schemeAt, schemeSize, "ftps");
  if (!web && !file && schemeSize) return;
  if (!schemeSize && (slashCount != 2 || !namesShell(findEither(restAt, end, 0x3f, 0x23)))) return;
  /* Nobody undoes the backslashes of a query, so that a NUL from there is none. */
  const nul = layer.has & Has.CONTROL && layer.decoder != Decoder.ESCAPE ? findByte(restAt, end, 0) : end;
  const stop = findEither(restAt, nul, 0x3f, 0x23);
  let cut: bool = false;
  if (nul < end) cut = endsInSource(stop, false);
  else if (stop < end) {
    /* Source that is to be read as text, and a query that swallows the ending that the program adds. */
    const ends = stop + 1 == end || (stop + 2 == end && load<u8>(stop + 1) == 0x3f);
    cut = (ends && endsInSource(stop, true)) || (namesShell(stop) && endsInSource(stop, false));
  } else if (namesShell(stop)) cut = endsInSource(stop, false);
  else cut = file && endsInSource(stop, false) && place != Place.PART;
  if (cut) report(Signature.RFI_SCRIPT, layer.at, end);
}
