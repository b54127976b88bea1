/**
 * Commands of key-value stores behind a line break: programs that write a key into the protocol of Redis or memcached
 * without a check of its characters let it end the line.
 *
 * What an attack IS: one token, a break, and a command that stores, configures, loads, copies or empties, with the
 * arguments it needs; or Redis' own framing (`*2` and `$4` on lines of their own). What is none: a text of lines that
 * begins with words, and a text in which such a word begins a line without those arguments.
 */
import { equalsLower, isDigit, isRow, isSpace } from "../../bytes/ascii";
import { layer } from "../../decode/layer";
import { Place } from "../../decode/point";
import { place, spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { lineAt, lineEnd, linesBegin, linesGate, linesNext } from "../lines";
import { report } from "../match";

/** Arguments of a line that are told apart. */
const WORDS_MAX: u32 = 8;
/** Starts of the line's words, and their sizes. */
const starts: usize = memory.data(WORDS_MAX * 4, 4);
const sizes: usize = memory.data(WORDS_MAX * 4, 4);
let words: u32 = 0;

/** Redis: commands that need nothing behind them, and those that need a subcommand. */
const ALONE: string = `flushall
flushdb
bgsave
bgrewriteaof
flush_all
`;
const CONFIGURED: string = `dir
dbfilename
slave-read-only
rename-command
requirepass
protected-mode
loadmodule
`;

/** Whether the current layer can hold such an attack. */
export function commandGate(): bool {
  return linesGate();
}

function wordAt(index: u32): usize {
  return load<usize>(starts + ((<usize>index) << 2));
}

function wordSize(index: u32): u32 {
  return load<u32>(sizes + ((<usize>index) << 2));
}

function isWordAt(index: u32, literal: string): bool {
  return index < words && equalsLower(wordAt(index), wordSize(index), literal);
}

function isNumberAt(index: u32): bool {
  if (index >= words) return false;
  const at = wordAt(index);
  for (let i: u32 = 0; i < wordSize(index); i++) if (!isDigit(load<u8>(at + <usize>i))) return false;
  return true;
}

/** Splits the line at white space. */
function split(): void {
  words = 0;
  let at = lineAt;
  while (at < lineEnd && words < WORDS_MAX) {
    while (at < lineEnd && isSpace(load<u8>(at))) at++;
    if (at >= lineEnd) return;
    store<usize>(starts + ((<usize>words) << 2), at);
    const start = at;
    while (at < lineEnd && !isSpace(load<u8>(at))) at++;
    store<u32>(sizes + ((<usize>words) << 2), <u32>(at - start));
    words++;
  }
}

/** Commands that change the server or run something. */
function isServerCommand(): bool {
  if (words == 1 || (words == 2 && isWordAt(1, "async"))) return isRow(ALONE, wordAt(0), wordSize(0));
  if (isWordAt(0, "config")) return words > 3 && isWordAt(1, "set") && isRow(CONFIGURED, wordAt(2), wordSize(2));
  if (isWordAt(0, "slaveof") || isWordAt(0, "replicaof")) return words == 3 && (isNumberAt(2) || isWordAt(2, "one"));
  if (isWordAt(0, "module") || isWordAt(0, "script")) return words > 2 && isWordAt(1, "load");
  return isWordAt(0, "eval") && words > 2 && (load<u8>(wordAt(1)) == 0x22 || load<u8>(wordAt(1)) == 0x27);
}

/** memcached: `set key flags time bytes`. Redis: `SET key value`, in places that hold one line. */
function isStore(): bool {
  if (isWordAt(0, "set") || isWordAt(0, "add") || isWordAt(0, "replace")) {
    if (words >= 5 && isNumberAt(2) && isNumberAt(3) && isNumberAt(4)) return true;
  }
  if (place > Place.COOKIE || words != 3 || load<u8>(wordAt(0)) != 0x53 || !isWordAt(0, "set")) return false;
  return load<u8>(wordAt(1)) != 0x3d && load<u8>(wordAt(2)) != 0x3d;
}

/** `*` or `$` and a number alone. */
function isFrame(mark: u32): bool {
  if (words != 1 || <u32>load<u8>(lineAt) != mark || wordSize(0) < 2 || wordSize(0) > 5) return false;
  for (let i: u32 = 1; i < wordSize(0); i++) if (!isDigit(load<u8>(lineAt + <usize>i))) return false;
  return true;
}

/** Looks for such attacks in the current layer. */
export function commandLex(): void {
  if (!commandGate() || !linesBegin() || !spend(layer.size)) return;
  let framed: bool = false;
  while (linesNext()) {
    split();
    if ((framed && isFrame(0x24)) || isServerCommand() || isStore()) {
      report(Signature.NOSQLI_COMMAND, lineAt, lineEnd);
      return;
    }
    framed = isFrame(0x2a);
  }
}
