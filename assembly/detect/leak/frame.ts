/**
 * Lines of stack traces. What one IS: a place in a program as its language prints it, with file and line number. What
 * is none: a sentence that begins with "at", a link to a file, a version number.
 */
import { isDigit, isSpace, isWord, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";

/** The byte behind the digits that begin at `at`, or `at` where there is none. */
function digitsEnd(at: usize, end: usize): usize {
  while (at < end && isDigit(load<u8>(at))) at++;
  return at;
}

/** Java, Kotlin, Scala, JavaScript: `at name(File.java:12)`, `at name (/app/x.js:10:15)`. [at, end) follows "at ". */
function isCallFrame(at: usize, end: usize): bool {
  const from = at;
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (c == 0x28) break;
    if (!isWord(c) && c != 0x2e && c != 0x24 && c != 0x3c && c != 0x3e && c != 0x20 && c != 0x5b && c != 0x5d)
      return false;
    at++;
  }
  if (at == from || at == end) return false;
  const close = findByte(at, end, 0x29);
  if (close == end) return false;
  let colon = close;
  while (colon > at && isDigit(load<u8>(colon - 1))) colon--;
  return colon < close && load<u8>(colon - 1) == 0x3a && findByte(at, close, 0x2e) < close;
}

/** .NET: `at Name.Space.Method(String a) in C:\src\file.cs:line 12`. [at, end) follows "at ". */
function isNetFrame(at: usize, end: usize): bool {
  const close = findByte(at, end, 0x29);
  if (close + 4 > end || !startsLower(close, <u32>(end - close), ") in ")) return false;
  for (let p = close; p + 6 < end; p++) {
    if (load<u8>(p) == 0x3a && startsLower(p, <u32>(end - p), ":line ") && isDigit(load<u8>(p + 6))) return true;
  }
  return false;
}

/** Python: `File "/srv/app.py", line 12, in handler`. */
function isFileFrame(at: usize, end: usize): bool {
  if (!startsLower(at, <u32>(end - at), 'file "')) return false;
  const quote = findByte(at + 6, end, 0x22);
  if (!startsLower(quote, <u32>(end - quote), '", line ')) return false;
  const stop = digitsEnd(quote + 8, end);
  return stop > quote + 8 && startsLower(stop, <u32>(end - stop), ", in ");
}

/** PHP: `#0 /var/www/index.php(12): f()`. */
function isNumberedFrame(at: usize, end: usize): bool {
  if (load<u8>(at) != 0x23) return false;
  const path = digitsEnd(at + 1, end);
  if (path == at + 1 || path + 2 > end || load<u8>(path) != 0x20) return false;
  const open = findByte(path, end, 0x28);
  const stop = digitsEnd(open + 1 < end ? open + 1 : end, end);
  return stop > open + 1 && startsLower(stop, <u32>(end - stop), "): ");
}

/** Ruby: `app/models/user.rb:12:in 'find'`. */
function isRubyFrame(at: usize, end: usize): bool {
  const colon = findByte(at, end, 0x3a);
  if (colon < at + 3 || !startsLower(colon - 3, 3, ".rb")) return false;
  const stop = digitsEnd(colon + 1 < end ? colon + 1 : end, end);
  return stop > colon + 1 && startsLower(stop, <u32>(end - stop), ":in ");
}

/** Whether the line [at, end) is one call of a stack trace. */
export function isFrame(at: usize, end: usize): bool {
  while (at < end && isSpace(load<u8>(at))) at++;
  if (at + 8 > end) return false;
  if (startsLower(at, 3, "at ")) return isCallFrame(at + 3, end) || isNetFrame(at + 3, end);
  return isFileFrame(at, end) || isNumberedFrame(at, end) || isRubyFrame(at, end);
}
