/**
 * Command positions: where an operator of a shell makes the next word a command, and how likely the word there is one
 * that somebody brought along.
 *
 * Every position is weighed by itself: how it was opened, what the resolved word is, whether it was hidden, and what
 * shape its arguments have. The same word behind the same operator is harmless in a sentence and an attack at the end
 * of a parameter, so the sum must reach a threshold that depends on the place.
 */
import { Limit } from "../../abi/status";
import { equalsLower, isAlpha, isDigit, isWord, startsLower } from "../../bytes/ascii";
import { layer } from "../../decode/layer";
import { Place } from "../../decode/point";
import { wordPayload } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { place, spend } from "../../decode/value";
import { SHELL_MASK, SHELL_SHIFT, ShellWord } from "../../tables/words.gen";
import {
  argumentsEnd,
  closed,
  oneNumber,
  optionFirst,
  proseFirst,
  readArguments,
  Shape,
  shellArguments,
  spacesEnd,
} from "./argument";
import { prefixGenerated, prefixSyntax, prefixTick, runsOwnName, skipPrefix, usesOwnName } from "./prefix";
import { readWord, wordAt, wordEnd, wordGlobs, wordHidden, wordQuoted, wordSize, wordSpaced } from "./word";

/** How a command position came about. */
export enum Opening {
  /** The begin of the value. */
  START = 0,
  /** `;`, `|`, `&`. */
  SINGLE = 1,
  /** `||`, `&&`, `|&`. */
  DOUBLE = 2,
  LINE = 3,
  /** A backtick, `$(`, `<(`, `>(`. */
  SUBSTITUTION = 4,
}

/** From this size on a value has any two or three characters somewhere by chance. */
const LONG_BYTES: u32 = 512;

/** Points of an attack, and of what is no command at all. */
export const ATTACK: i32 = 4;
const NOTHING: i32 = -99;
/** Bytes in which a switch must follow. */
const SWITCH_BYTES: usize = 96;
/** What it costs to weigh a word that may be a command, in units. */
const WORD_UNITS: u32 = 128;
/** What a byte of a word costs, in units: words are read anew from each position, and one may hold the next. */
const BYTE_UNITS: u32 = 3;
/** Words that run another in a row, and options of each. */
const RUNNERS_MAX: u32 = 3;
const OPTIONS_MAX: u32 = 3;

/** Span of the command judged last. */
export let commandFrom: usize = 0;
export let commandTo: usize = 0;

/** What surrounds the position, set by the scan. */
export let inside: bool = false;
export let manyLines: bool = false;
/** Whether a quote closes right before the operator, or the command stands between two ampersands. */
let breaksOut: bool = false;

/** Tells `judgeCommand` what surrounds the positions that follow. */
export function setSurroundings(isInside: bool, hasManyLines: bool): void {
  inside = isInside;
  manyLines = hasManyLines;
  breaksOut = false;
}

/** Tells `judgeCommand` that the operator before the next position closes what was around the value. */
export function setBreaksOut(): void {
  breaksOut = true;
}

/** Folders of programs: the resolved word begins with one. @returns bytes of the folder, or 0 */
function folderSize(at: usize, size: u32): u32 {
  let skip: u32 = 0;
  if (size && load<u8>(at) == 0x2f) skip = 1;
  const p = at + <usize>skip;
  const left = size - skip;
  if (skip && startsLower(p, left, "bin/")) return skip + 4;
  if (skip && startsLower(p, left, "sbin/")) return skip + 5;
  if (startsLower(p, left, "usr/bin/")) return skip + 8;
  if (startsLower(p, left, "usr/sbin/")) return skip + 9;
  if (startsLower(p, left, "usr/local/bin/")) return skip + 14;
  return 0;
}

/** A pattern that only a shell expands to a program's path: `/???/c?t`, `/bin/c*t`. */
function isPatternPath(at: usize, size: u32): bool {
  if (size < 5 || load<u8>(at) != 0x2f || !wordGlobs) return false;
  let slashes: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c == 0x2f) slashes++;
    else if (!isAlpha(c) && !isDigit(c) && c != 0x3f) return false;
  }
  return slashes > 1 && slashes < 5;
}

/** Size of a word without the ending of a Windows program. */
function stemSize(at: usize, size: u32): u32 {
  return size > 4 && (startsLower(at + <usize>(size - 4), 4, ".exe") || startsLower(at + <usize>(size - 4), 4, ".com"))
    ? size - 4
    : size;
}

/** Verbs of PowerShell's commands (PowerShell reference, "Approved Verbs"), each with its dash. */
const VERBS: string = "invoke- get- set- new- start- stop- remove- out- write- copy- move- import- export- add- test- ";

/** Whether the resolved word is a command of PowerShell: a verb, a dash, a noun. */
function isCmdlet(at: usize, size: u32): bool {
  let row = changetype<usize>(VERBS);
  const end = row + ((<usize>VERBS.length) << 1);
  while (row < end) {
    let i: u32 = 0;
    while (i < size && <u32>load<u16>(row) == <u32>load<u8>(at + <usize>i)) {
      i++;
      row += 2;
    }
    if (load<u16>(row) == 0x20) return size - i > 3;
    while (load<u16>(row) != 0x20) row += 2;
    row += 2;
  }
  return false;
}

/** Whether the word read last can be a program although it is none of the table. */
function isPathOrCmdlet(): bool {
  const word = wordAt();
  return folderSize(word, wordSize) != 0 || (wordSize > 7 && isCmdlet(word, wordSize));
}

/** Kind of the word read last, without its folder and ending. */
function kindOfWord(): u32 {
  const word = wordAt();
  const folder = folderSize(word, wordSize);
  const stem = stemSize(word, wordSize) - folder;
  if (!stem) return ShellWord.NONE;
  const kind = (wordPayload(word + <usize>folder, stem) >> SHELL_SHIFT) & SHELL_MASK;
  return !kind && stem > 7 && isCmdlet(word, wordSize) ? <u32>ShellWord.TOOL : kind;
}

/** Whether the first argument of a SUB command is one of its subcommands. */
function hasSubcommand(word: usize, at: usize, end: usize): bool {
  while (at < end && load<u8>(at) == 0x20) at++;
  const left = <u32>(end - at);
  switch (load<u8>(word)) {
    case 0x6e:
      return (
        startsLower(at, left, "view") ||
        startsLower(at, left, "user") ||
        startsLower(at, left, "use ") ||
        startsLower(at, left, "share") ||
        startsLower(at, left, "localgroup") ||
        startsLower(at, left, "start ") ||
        startsLower(at, left, "stop ") ||
        startsLower(at, left, "group") ||
        startsLower(at, left, "accounts") ||
        startsLower(at, left, "firewall") ||
        startsLower(at, left, "advfirewall") ||
        startsLower(at, left, "interface")
      );
    case 0x72:
      return startsLower(at, left, "query ") || startsLower(at, left, "add ") || startsLower(at, left, "delete ");
    case 0x73:
      if (startsLower(word, 8, "schtasks")) return startsLower(at, left, "/");
      return startsLower(at, left, "/a") || startsLower(at, left, "query") || startsLower(at, left, "config ");
    case 0x77:
      if (startsLower(at, left, "process ") || startsLower(at, left, "os get")) return true;
      return (
        startsLower(at, left, "useraccount") || startsLower(at, left, "service ") || startsLower(at, left, "/node:")
      );
    case 0x63:
      return startsLower(at, left, "/") || startsLower(at, left, "c:");
    default:
      return false;
  }
}

/** Whether a switch of Windows, ` /add`, follows within a few words. */
function hasSwitch(at: usize, end: usize): bool {
  const stop = at + SWITCH_BYTES < end ? at + SWITCH_BYTES : end;
  for (; at + 2 < stop; at++) {
    if (load<u8>(at) == 0x20 && load<u8>(at + 1) == 0x2f && isAlpha(load<u8>(at + 2))) return true;
  }
  return false;
}

/** Points for the word: 0 when it is no command. */
function wordPoints(kind: u32, folder: u32, pattern: bool): u32 {
  if (pattern) return 4;
  if (folder) return kind ? 4 : 3;
  switch (kind) {
    case ShellWord.SURE:
      return 3;
    case ShellWord.BARE:
    case ShellWord.TOOL:
      return 2;
    case ShellWord.PLAIN:
    case ShellWord.SUB:
      return 1;
    default:
      return 0;
  }
}

/** Points for what follows the word. */
function shapePoints(shape: Shape, kind: u32, known: bool): i32 {
  switch (shape) {
    case Shape.SHELL:
      return shellArguments > 2 ? 4 : shellArguments > 1 ? 3 : 2;
    case Shape.NONE:
      if (kind == ShellWord.PLAIN || kind == ShellWord.TOOL || kind == ShellWord.SUB)
        return closed != 0 && inside ? 1 : -1;
      return 1;
    case Shape.NEUTRAL:
      return kind == ShellWord.BARE ? -1 : kind == ShellWord.SURE ? 0 : known ? 2 : 1;
    case Shape.PROSE:
      return inside && startsLower(wordAt(), wordSize, "echo") ? 0 : kind == ShellWord.SURE ? -1 : -3;
    default:
      return -9;
  }
}

/** Commands whose argument is a number or a host's name. */
function takesNumber(at: usize, size: u32): bool {
  return (
    startsLower(at, size, "sleep") ||
    startsLower(at, size, "usleep") ||
    startsLower(at, size, "expr") ||
    startsLower(at, size, "ping") ||
    startsLower(at, size, "timeout") ||
    startsLower(at, size, "nslookup") ||
    startsLower(at, size, "dig") ||
    startsLower(at, size, "wget") ||
    startsLower(at, size, "curl")
  );
}

/** Points that a place takes away: cookies, agents and bodies have separators of their own, but not at their begin. */
function placePoints(begins: bool): i32 {
  switch (place) {
    case Place.COOKIE:
    case Place.COOKIE_NAME:
      return begins ? -1 : -2;
    case Place.BODY:
    case Place.USER_AGENT:
    case Place.FRAGMENT:
      return -1;
    default:
      return 0;
  }
}

/** Whether the command's words are those of a brace expansion: `{cat,/etc/passwd}`. */
let braced: bool = false;

/** Whether the word read last prints. */
function isPrinter(): bool {
  return equalsLower(wordAt(), wordSize, "echo") || equalsLower(wordAt(), wordSize, "printf");
}

/** Whether the word read last runs the next, or prints what a substitution behind it runs. */
function runsAnother(end: usize, begins: bool): bool {
  if (kindOfWord() == ShellWord.RUN) return true;
  if (begins || !isPrinter()) return false;
  const at = spacesEnd(wordEnd, end);
  if (at == wordEnd || at + 2 >= end) return false;
  return load<u8>(at) == 0x60 || (load<u8>(at) == 0x24 && load<u8>(at + 1) == 0x28);
}

/** Skips words that run another, with options and numbers: `env -i a=1 id`. @returns where the last one begins */
function skipRunners(from: usize, end: usize, begins: bool): usize {
  for (let runs: u32 = 0; runs < RUNNERS_MAX && runsAnother(end, begins); runs++) {
    if (wordEnd >= end || (load<u8>(wordEnd) > 32 && load<u8>(wordEnd) != 0x24)) break;
    from = skipPrefix(spacesEnd(wordEnd, end), end, begins);
    for (let options: u32 = 0; options < OPTIONS_MAX && from < end; options++) {
      const c = <u32>load<u8>(from);
      if (c != 0x2d && !isDigit(c)) break;
      while (from < end && load<u8>(from) > 32) from++;
      from = skipPrefix(from, end, begins);
    }
    braced = from < end && load<u8>(from) == 0x7b;
    if (braced) from++;
    readWord(from, end, braced);
  }
  return from;
}

/** A name in braces and nothing else, which zsh and PowerShell run: `{cmd}`. Known names only, behind an operator. */
function isBraced(kind: u32, opening: Opening, leading: i32): bool {
  return (
    closed == 0x7d && opening != Opening.START && leading > 0 && (kind == ShellWord.SURE || kind == ShellWord.TOOL)
  );
}

/**
 * Words that another language has in the same place: `df = …` in Python, where it is the usual name of a table, and
 * `COPY --from=build` of a Dockerfile; the shells' own take no such argument.
 */
function isOtherLanguage(word: usize, at: usize, end: usize): bool {
  const left = <u32>(end - at);
  if (equalsLower(word, wordSize, "df")) return startsLower(at, left, " = ") || startsLower(at, left, " == ");
  return equalsLower(word, wordSize, "copy") && startsLower(at, left, " --");
}

/** Points for what the words say: the name, what hides it, and its arguments. -9 and below is no command at all. */
function readPoints(opening: Opening, end: usize, leading: i32, syntax: bool): i32 {
  let brace = braced;
  const word = wordAt();
  const kind = kindOfWord();
  const folder = folderSize(word, wordSize) < wordSize ? folderSize(word, wordSize) : 0;
  const pattern = isPatternPath(word, wordSize);
  let points = <i32>wordPoints(kind, folder, pattern);
  if (!points) return NOTHING;
  const hidden = wordHidden != 0;
  const number = takesNumber(word, wordSize);
  let behind = wordEnd;
  const printed = isPrinter();
  if (wordSpaced) points += 1;
  if (brace && behind + 1 < end && load<u16>(behind) == 0x7d2c) {
    brace = false;
    behind += 2;
    points += 3;
  }
  if (isOtherLanguage(word, behind, end)) return NOTHING;
  let shape = readArguments(behind, end, brace);
  /* `users can't find c:\temp`: a command that needs no argument has no word of a sentence for its first. */
  if (kind == ShellWord.BARE && shape == Shape.SHELL && proseFirst && !folder && opening == Opening.START)
    shape = Shape.PROSE;
  if (kind == ShellWord.BARE && optionFirst && (shape == Shape.PROSE || shape == Shape.NEUTRAL)) shape = Shape.SHELL;
  if (pattern && shape == Shape.PROSE) shape = Shape.NEUTRAL;
  commandTo = argumentsEnd;
  if (brace && closed == 0x7d && shape == Shape.NONE) return isBraced(kind, opening, leading) ? 4 : NOTHING;
  /* A blank behind the comma ends the expansion before it is one (Bash manual §3.5.1): `{id, name}` lists members. */
  if (brace && (behind + 1 >= end || load<u8>(behind) != 0x2c || load<u8>(behind + 1) == 0x20)) return NOTHING;
  if (brace && opening != Opening.START) points += 3;
  if (kind == ShellWord.SUB && !folder) {
    if (!hasSubcommand(word, behind, end)) return NOTHING;
    points += 3;
  } else points += shapePoints(shape, kind, number);
  if (hidden) points += 3;
  /* Scanners print words of their own to see them in the answer. */
  const prose = shape == Shape.PROSE || shape == Shape.NEUTRAL;
  if (prose && breaksOut && closed != 0 && printed) points = ATTACK;
  if (opening == Opening.START) {
    if (pattern && shape != Shape.SHELL) return NOTHING;
    const path = folder != 0 && (place <= Place.FORM || closed == 0x7c);
    /* Nobody writes a program's name in pieces but for a filter. */
    const whole = path || (hidden && kind == ShellWord.SURE && shape == Shape.NONE);
    if (shape != Shape.SHELL && !whole && !(kind == ShellWord.SUB && hasSwitch(behind, end))) return NOTHING;
  } else {
    if (kind == ShellWord.PLAIN && optionFirst) points += 1;
    if (number && oneNumber && shape == Shape.NEUTRAL && (closed != 0 || commandTo == end)) points += 1;
  }
  /* Two letters between marks are found in any random text, so the substitution must be whole. */
  if (shape != Shape.NONE || hidden || folder) return points;
  if (wordQuoted && !inside && !syntax && leading < 1 && closed != 0x23) return NOTHING;
  if (kind == ShellWord.TOOL || (kind == ShellWord.PLAIN && wordSize < 4)) return NOTHING;
  const around = opening == Opening.SUBSTITUTION && breaksOut;
  const sure = syntax || (wordQuoted ? around : leading > 0);
  if (kind == ShellWord.BARE && (!sure || layer.size > LONG_BYTES)) return NOTHING;
  const whole = closed == 0x60 || closed == 0x29 || closed == 0x3b || closed == 0x7c || (syntax && closed == 0x26);
  return opening == Opening.SUBSTITUTION && !whole ? NOTHING : points;
}

/** A pipe from a printer into the shell that runs it: `echo whoami|$0`. */
function isOwnShell(at: usize, end: usize): bool {
  if (at == layer.at || at + 2 > end || load<u16>(at) != 0x3024 || load<u8>(at - 1) != 0x7c) return false;
  return (at + 2 == end || !isWord(load<u8>(at + 2))) && startsLower(layer.at, layer.size, "echo ");
}

/** A substitution that is a file's text: `$(</etc/passwd)` (Bash manual §3.5.4). */
function readsFile(opening: Opening, at: usize, end: usize): bool {
  if (opening != Opening.SUBSTITUTION || at + 2 >= end || load<u8>(at) != 0x3c) return false;
  at++;
  if (load<u8>(at) == 0x20) at++;
  return load<u8>(at) == 0x2f || load<u8>(at) == 0x7e || load<u8>(at) == 0x24;
}

/**
 * Weighs the command that begins at `at`.
 * @param leading points for the opening: more at the begin of a value than in its middle
 * @returns points; 4 is an attack
 */
export function judgeCommand(opening: Opening, at: usize, end: usize, leading: i32): i32 {
  const begins = opening == Opening.START;
  if (begins && (place == Place.PATH || place == Place.REFERER)) return 0;
  let from = skipPrefix(at, end, begins);
  if (runsOwnName(from, end)) {
    commandFrom = from;
    commandTo = from + 2;
    return manyLines ? 0 : ATTACK + placePoints(begins);
  }
  if (readsFile(opening, from, end) || isOwnShell(from, end)) {
    commandFrom = at;
    commandTo = from + 2;
    return ATTACK;
  }
  braced = from < end && load<u8>(from) == 0x7b;
  if (braced) from++;
  readWord(from, end, braced);
  commandTo = wordEnd;
  if (!spend(<u32>(wordEnd - from) * BYTE_UNITS)) {
    reachLimit(Limit.FUEL);
    return 0;
  }
  if (wordSize < 2) return 0;
  /* A word in plain sight is one of the layer's words; without any of the table only hidden ones and paths are left. */
  if (!wordHidden && !wordGlobs && !((layer.words >> SHELL_SHIFT) & SHELL_MASK) && !isPathOrCmdlet()) return 0;
  if (!spend(WORD_UNITS)) {
    reachLimit(Limit.FUEL);
    return 0;
  }
  let syntax: bool = prefixSyntax != 0;
  let generated: bool = prefixGenerated;
  let tick: bool = prefixTick;
  if (runsAnother(end, begins)) {
    /* Behind a line break, a printer may be that of an example in a text. */
    const prints = isPrinter() && opening != Opening.LINE;
    from = skipRunners(from, end, begins);
    syntax = syntax || prefixSyntax != 0 || wordQuoted || (prints && prefixGenerated);
    generated = generated || prefixGenerated;
    tick = tick || (prefixTick && !prints);
  }
  commandFrom = from;
  /* Code marked up with backticks in a text; the backtick is looked at as a position of its own. */
  if (tick && !isPrinter()) return 0;
  if (generated) setSurroundings(true, manyLines);
  let points = readPoints(opening, end, leading, syntax);
  if (points == NOTHING) return 0;
  if (usesOwnName(wordEnd, commandTo)) points += 2;
  if (inside) points += 1;
  if (generated) points += 3;
  if (syntax) points += 1;
  if (manyLines) points -= 3;
  if (layer.size > LONG_BYTES && at - layer.at > 64) points -= 1;
  return points + leading + placePoints(begins);
}
