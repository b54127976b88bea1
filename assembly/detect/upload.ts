/**
 * Names of uploaded files that a server would run, or that change what it runs.
 *
 * What an attack IS: a file name that, after the check of its ending, the server takes for a script: a script's ending
 * in front of what the file system or the server drops (a NUL, a stream's name, trailing dots and spaces, what follows
 * a semicolon), in front of an image's ending (Apache's AddHandler looks at every ending: mod_mime, "Files with
 * Multiple Extensions"), or in odd case; and files that set a folder's rules. What is none: names that hold such a word
 * inside; saved pages; a script sent as it is called, which developers do all day and which is told, not blocked.
 */
import { Limit } from "../abi/status";
import { equalsLower, isAlpha, isDigit, startsLower } from "../bytes/ascii";
import { layer } from "../decode/layer";
import { Place } from "../decode/point";
import { Has } from "../decode/profile";
import { reachLimit } from "../decode/transaction";
import { place, spend } from "../decode/value";
import { Signature } from "../tables/signatures.gen";
import { report } from "./match";

/** Longest name that is read; file systems take 255 bytes. */
const NAME_BYTES_MAX: u32 = 1024;

/** Whether the current layer can hold such a name. */
export function uploadGate(): bool {
  return place == Place.FILENAME && (layer.has & Has.DOT) != 0 && layer.size <= NAME_BYTES_MAX;
}

/** Endings that PHP's handler is given: `php` and its versions, `pht`, `phtml`, `phar`. */
function isPhp(at: usize, size: u32): bool {
  if (size < 3 || size > 5 || !startsLower(at, size, "ph")) return false;
  if (startsLower(at, size, "php")) return size == 3 || (size == 4 && isDigit(load<u8>(at + 3)));
  return equalsLower(at, size, "pht") || equalsLower(at, size, "phtml") || equalsLower(at, size, "phar");
}

/** Endings of other pages that a server runs: JSP, ASP and ASP.NET, ColdFusion. */
function isPage(at: usize, size: u32): bool {
  if (startsLower(at, size, "jsp")) return size == 3 || (size == 4 && (load<u8>(at + 3) | 32) == 0x78);
  if (startsLower(at, size, "asp")) return size == 3 || (size == 4 && (load<u8>(at + 3) | 32) == 0x78);
  if (equalsLower(at, size, "ashx") || equalsLower(at, size, "asmx") || equalsLower(at, size, "asa")) return true;
  return equalsLower(at, size, "cfm") || equalsLower(at, size, "cfml");
}

/** Endings of images, which checks let pass. */
function isImage(at: usize, size: u32): bool {
  if (size == 4) return equalsLower(at, 4, "jpeg") || equalsLower(at, 4, "webp");
  if (size != 3) return false;
  if (equalsLower(at, 3, "jpg") || equalsLower(at, 3, "png") || equalsLower(at, 3, "gif")) return true;
  return equalsLower(at, 3, "bmp") || equalsLower(at, 3, "ico");
}

/** Both cases in one ending: `pHp`. `Php` is how some systems write the first letter. */
function isOddCase(at: usize, size: u32): bool {
  let upper: u32 = 0;
  let small: u32 = 0;
  for (let i: u32 = 1; i < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c - 65 < 26) upper++;
    else if (c - 97 < 26) small++;
  }
  return upper != 0 && (small != 0 || load<u8>(at) - 97 < 26);
}

/** Files that change the rules of the folder they lie in. */
function isRules(at: usize, size: u32): bool {
  return (
    equalsLower(at, size, ".htaccess") || equalsLower(at, size, ".user.ini") || equalsLower(at, size, "web.config")
  );
}

/** Whether [at, end), behind a script's ending, is what a file system or server drops. */
function isDropped(at: usize, end: usize): bool {
  const c = <u32>load<u8>(at);
  if (!c || c == 0x3b) return true;
  if (c == 0x3a) return startsLower(at, <u32>(end - at), "::$data") || startsLower(at, <u32>(end - at), ":$data");
  while (at < end && (load<u8>(at) == 0x2e || load<u8>(at) == 0x20 || load<u8>(at) - 9 < 5)) at++;
  return at == end;
}

/** Whether `..` is a step of the path in [from, at). */
function climbs(from: usize, at: usize): bool {
  for (let p = from; p + 2 < at; p++) {
    if (load<u16>(p) == 0x2e2e && (load<u8>(p + 2) == 0x2f || load<u8>(p + 2) == 0x5c)) return true;
  }
  return false;
}

/** Weighs the script's ending in [at, stop), which `judge` found. @returns whether the look is over */
function judgeEnding(from: usize, at: usize, stop: usize, end: usize): bool {
  const size = <u32>(stop - at);
  const php = isPhp(at, size);
  if (!php && !isPage(at, size)) return false;
  if (stop == end) {
    const hidden = isOddCase(at, size) || climbs(layer.at, from);
    report(hidden ? Signature.FILE_UPLOAD_VIOLATION_HIDDEN : Signature.FILE_UPLOAD_VIOLATION_SCRIPT, from, end);
    return true;
  }
  let last = end;
  while (last > stop && isAlpha(load<u8>(last - 1))) last--;
  const image = last > stop && load<u8>(last - 1) == 0x2e && isImage(last, <u32>(end - last));
  let between = stop;
  while (between < last && (load<u8>(between) == 0x20 || load<u8>(between) == 0x2e)) between++;
  if (isDropped(stop, end) || (php && image && between == last)) {
    report(Signature.FILE_UPLOAD_VIOLATION_HIDDEN, from, end);
    return true;
  }
  return false;
}

/** Looks for such names in the current layer. */
export function uploadLex(): void {
  if (!uploadGate()) return;
  if (!spend(layer.size * 2)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const end = layer.at + <usize>layer.size;
  let from = end;
  while (from > layer.at && load<u8>(from - 1) != 0x2f && load<u8>(from - 1) != 0x5c) from--;
  if (isRules(from, <u32>(end - from))) {
    report(Signature.FILE_UPLOAD_VIOLATION_RULES, from, end);
    return;
  }
  let at = from;
  while (at < end) {
    if (load<u8>(at) != 0x2e || at == from) {
      at++;
      continue;
    }
    let stop = at + 1;
    while (stop < end && stop - at < 8 && (isAlpha(load<u8>(stop)) || isDigit(load<u8>(stop)))) stop++;
    if (stop > at + 2 && judgeEnding(from, at + 1, stop, end)) return;
    at = stop;
  }
}
