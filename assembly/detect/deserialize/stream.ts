/**
 * Streams of Python's pickle and Ruby's Marshal: whether they name something that acts.
 *
 * pickle (CPython, Lib/pickletools.py): GLOBAL `c module\nname\n`, INST `i module\nname\n`, and STACK_GLOBAL with both
 * as strings before it. Marshal (ruby, doc/marshal.rdoc): `o:`, `c`, `U:` and `e:` with the class's name.
 */
import { isAlpha, isDigit, isSpace, isWord, startsLower } from "../../bytes/ascii";
import { spend } from "../../decode/value";

/** Modules of Python whose functions run commands or code, a line each. */
const MODULES: string = `os
posix
nt
subprocess
sys
builtins
__builtin__
commands
pty
platform
runpy
timeit
socket
importlib
shutil
ctypes
code
codeop
bdb
pickle
_pickle
multiprocessing
webbrowser
`;
/** Classes of Ruby from which chains of gadgets are made, as the names begin, a line each. */
const CLASSES: string = `Gem::
ERB
ActiveSupport::Deprecation
ActiveModel::AttributeMethods
Net::
UncaughtThrowError
Logger
Kernel
Process
Open3
Sprockets::
DRb::
`;

/** What it costs to try all rows, in units. */
const ROWS_UNITS: u32 = 64;

/** Size of the row of `rows` that stands at `at`, up to the first byte that is no part of a name, or 0. */
function rowAt(rows: string, at: usize, end: usize): u32 {
  if (!spend(ROWS_UNITS)) return 0;
  let row = changetype<usize>(rows);
  const stop = row + ((<usize>rows.length) << 1);
  while (row < stop) {
    let p = at;
    while (p < end && load<u16>(row) != 0x0a && <u32>load<u16>(row) == <u32>load<u8>(p)) {
      p++;
      row += 2;
    }
    if (load<u16>(row) == 0x0a && (load<u8>(p - 1) == 0x3a || p == end || !isWord(load<u8>(p)))) return <u32>(p - at);
    while (load<u16>(row) != 0x0a) row += 2;
    row += 2;
  }
  return 0;
}

/** Operations that may follow an import: marks, strings, empty tuples, the memo, the end. */
function isOperation(at: usize, end: usize): bool {
  const c = <u32>load<u8>(at);
  const next = at + 1 < end ? <u32>load<u8>(at + 1) : 0;
  if (c >= 0x80 || c == 0x28 || c == 0x29 || c == 0x2e || c == 0x5d || c == 0x7d) return true;
  if (c == 0x70) return isDigit(next);
  if (c == 0x53) return next == 0x27 || next == 0x22;
  return c == 0x71 || c == 0x72 || c == 0x55 || c == 0x58 || c == 0x4b;
}

/** `module\nname\n` behind the operation at `at`, and another operation behind it. */
function isImport(at: usize, end: usize): bool {
  let p = at + 1 + <usize>rowAt(MODULES, at + 1, end);
  if (p == at + 1) return false;
  while (p < end && load<u8>(p) == 0x2e) while (++p < end && isWord(load<u8>(p))) {}
  if (p >= end || load<u8>(p) != 0x0a) return false;
  const name = p + 1;
  p = name;
  while (p < end && (isWord(load<u8>(p)) || load<u8>(p) == 0x2e)) p++;
  return p > name && p + 1 < end && load<u8>(p) == 0x0a && isOperation(p + 1, end);
}

/** Whether the pickle at `at` imports something that acts. */
export function isPickle(at: usize, size: u32): bool {
  const start = at;
  const end = at + <usize>size;
  const binary = load<u8>(at) == 0x80;
  if (binary) at += 2;
  /* As text it ends in a full stop; in base64 its end may be cut off. */
  let last = end;
  while (last > start && isSpace(load<u8>(last - 1))) last--;
  if (!binary && load<u8>(last - 1) != 0x2e) return false;
  while (at < end) {
    const c = <u32>load<u8>(at);
    const before = at == start ? 0x28 : <u32>load<u8>(at - 1);
    if ((c == 0x63 || c == 0x69) && !isAlpha(before) && isImport(at, end)) return true;
    /* A short string that is a module's name, in front of STACK_GLOBAL. */
    if (binary && c == 0x8c && at + 2 < end) {
      const length = <u32>load<u8>(at + 1);
      if (length && rowAt(MODULES, at + 2, end) == length) return true;
    }
    at++;
  }
  return false;
}

/** Whether the Marshal stream at `at` builds an object of a class that acts. */
export function isRubyObject(at: usize, size: u32): bool {
  const end = at + <usize>size;
  at += 2;
  while (at + 4 < end) {
    const c = <u32>load<u8>(at);
    /* `:` or the `c` of a class, a length of one byte plus five, the name. */
    if ((c == 0x3a || c == 0x63 || c == 0x6d) && <u32>load<u8>(at + 1) - 7 < 120) {
      const length = <u32>load<u8>(at + 1) - 5;
      const name = at + 2;
      if (name + <usize>length <= end && load<u8>(name) - 65 < 26) {
        const found = rowAt(CLASSES, name, name + <usize>length);
        if (
          found &&
          (found == length || load<u8>(name + <usize>found - 1) == 0x3a || !startsLower(name, found, "log"))
        ) {
          return true;
        }
      }
    }
    at++;
  }
  return false;
}
