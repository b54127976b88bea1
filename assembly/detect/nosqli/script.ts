/**
 * Script of a document database: `$where`, mapReduce and the shell's `eval` run JavaScript that programs join out of
 * texts. So does `eval` in a program.
 *
 * What an attack IS: a value that leaves its string, or stands behind a number, and goes on
 *   - behind `;` with a statement that answers for the author (`return true`), waits (`sleep(…)`, a loop) or reaches
 *     for the document or the database (`this.x`, `db.x`), perhaps with assignments before it,
 *   - behind `&&` or `||` with the document's own fields, the database, or a constant and a comment that cuts off the
 *     rest: `' || true //`. Constants without the comment are SQL too (sqli/);
 * or a value that is a function called at once that waits for a clock.
 * What is none: source. It opens its strings before it closes them, so behind its first quote stands a text and no
 * operator, and it does not begin behind a number.
 */
import { equalsLower, isAlpha, isDigit, isRow, isSpace, isWord, startsLower } from "../../bytes/ascii";
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";
import { spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { QUERY_SHIFT, QueryWord } from "../../tables/words.gen";
import { behindPlain, behindQuote, skipSpace, valueStart, wordEnd } from "../break";
import { report } from "../match";

/** Longest value that is taken for one call: what is longer is source. */
const CALL_BYTES_MAX: u32 = 2048;
/** Bytes behind a break in which it must act. */
const REACH_MAX: usize = 2048;
/** Longest value that may be a function that waits: scripts of pages are longer. */
const WAIT_BYTES_MAX: u32 = 384;
/** Statements that are read behind the break. */
const STATEMENTS_MAX: u32 = 6;

/** Methods of the shell that write or run (mongosh methods). Behind a collection they take a document. */
const WRITES: string = `insert
insertone
insertmany
insert_one
insert_many
update
updateone
updatemany
update_one
update_many
replaceone
save
remove
deleteone
deletemany
delete_one
delete_many
mapreduce
aggregate
`;
const COMMANDS: string = `drop
dropdatabase
dropuser
createuser
updateuser
eval
runcommand
admincommand
shutdownserver
renamecollection
mapreduce
`;

/** Whether the layer has one of the words of such script. */
export function hasScriptWord(): bool {
  return ((layer.words >> QUERY_SHIFT) & QueryWord.SCRIPT) != 0;
}

/** Whether the current layer can hold such an attack. */
export function scriptGate(): bool {
  if (hasScriptWord()) {
    return (layer.has & JOINS) != 0 || (layer.has & CALLS) == CALLS;
  }
  return (layer.has & Has.SLASH) != 0 && (layer.has & QUOTES) != 0 && (layer.has & (Has.PIPE | Has.AMPERSAND)) != 0;
}

const QUOTES: u32 = Has.SINGLE | Has.DOUBLE;
const JOINS: u32 = Has.SEMICOLON | Has.AMPERSAND | Has.PIPE;
const CALLS: u32 = Has.DOT | Has.OPEN;

function next(at: usize, end: usize): u32 {
  return at < end ? <u32>load<u8>(at) : 0;
}

/** `true`, `!0`, a number, a string, a group, or a way from `this`: what stands behind `return` if it answers. */
function answers(at: usize, end: usize): bool {
  const space = at;
  at = skipSpace(at, end);
  const c = next(at, end);
  if (c == 0x28 || c == 0x21 || c == 0x27 || c == 0x22) return true;
  if (at == space) return false;
  if (isDigit(c)) {
    while (at < end && isDigit(load<u8>(at))) at++;
    at = skipSpace(at, end);
    const stop = next(at, end);
    return at == end || stop == 0x3b || stop == 0x7d || stop == 0x2f || stop == 0x3d || stop == 0x27 || stop == 0x22;
  }
  const stop = wordEnd(at, end);
  const size = <u32>(stop - at);
  if (equalsLower(at, size, "this") || equalsLower(at, size, "db")) return next(stop, end) == 0x2e;
  if (!equalsLower(at, size, "true") && !equalsLower(at, size, "false")) return false;
  const after = next(skipSpace(stop, end), end);
  return !after || after == 0x3b || after == 0x7d || after == 0x2f || after == 0x27 || after == 0x22;
}

/** A name that reaches the document or the database, or a call that waits. @returns its end, or 0 */
function reachEnd(at: usize, end: usize): usize {
  const stop = wordEnd(at, end);
  const size = <u32>(stop - at);
  if (equalsLower(at, size, "this")) {
    const c = next(stop, end);
    return (c == 0x2e && isAlpha(next(stop + 1, end))) || c == 0x5b ? stop + 1 : 0;
  }
  if (equalsLower(at, size, "db")) return next(stop, end) == 0x2e && isAlpha(next(stop + 1, end)) ? stop + 1 : 0;
  if (!equalsLower(at, size, "sleep") && !equalsLower(at, size, "emit") && !equalsLower(at, size, "tojson")) return 0;
  const open = skipSpace(stop, end);
  return next(open, end) == 0x28 ? open + 1 : 0;
}

/** End of a statement that acts, at `at`, or 0. */
function actEnd(at: usize, end: usize): usize {
  const reach = reachEnd(at, end);
  if (reach) return reach;
  const stop = wordEnd(at, end);
  const size = <u32>(stop - at);
  if (equalsLower(at, size, "return")) return answers(stop, end) ? stop : 0;
  const c = next(skipSpace(stop, end), end);
  if (equalsLower(at, size, "while") || equalsLower(at, size, "for")) return c == 0x28 ? stop : 0;
  return equalsLower(at, size, "do") && c == 0x7b ? stop : 0;
}

/** End of an assignment of something without quotes, behind its semicolon, or 0. */
function assignmentEnd(at: usize, end: usize): usize {
  let stop = wordEnd(at, end);
  const size = <u32>(stop - at);
  if (equalsLower(at, size, "var") || equalsLower(at, size, "let") || equalsLower(at, size, "const")) {
    at = skipSpace(stop, end);
    stop = wordEnd(at, end);
  }
  if (stop == at) return 0;
  at = skipSpace(stop, end);
  if (next(at, end) != 0x3d || next(at + 1, end) == 0x3d) return 0;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x3b) return at;
    if (c == 0x27 || c == 0x22 || c == 0x60 || c == 0x7b) return 0;
  }
  return 0;
}

/** Statements behind a semicolon. @returns the end of the first that acts, or 0 */
function statementsEnd(at: usize, end: usize): usize {
  for (let i: u32 = 0; i < STATEMENTS_MAX; i++) {
    while (at < end && (isSpace(load<u8>(at)) || load<u8>(at) == 0x3b || load<u8>(at) == 0x7d)) at++;
    if (at >= end) return 0;
    const act = actEnd(at, end);
    if (act) return act;
    at = assignmentEnd(at, end);
    if (!at) return 0;
  }
  return 0;
}

/** End of a number or `true`. @returns 0 if there is neither */
function constantEnd(at: usize, end: usize): usize {
  const stop = wordEnd(at, end);
  if (stop == at) return 0;
  if (equalsLower(at, <u32>(stop - at), "true")) return stop;
  for (let p = at; p < stop; p++) if (!isDigit(load<u8>(p))) return 0;
  return stop;
}

/** A constant, perhaps compared with another, and the comment that cuts off the rest. @returns its end, or 0 */
function cutEnd(at: usize, end: usize): usize {
  at = constantEnd(at, end);
  if (!at) return 0;
  at = skipSpace(at, end);
  let c = next(at, end);
  if (c == 0x3d || c == 0x3c || c == 0x3e || c == 0x21) {
    while (at < end && (load<u8>(at) - 0x3c < 3 || load<u8>(at) == 0x21)) at++;
    at = constantEnd(skipSpace(at, end), end);
    if (!at) return 0;
    at = skipSpace(at, end);
  }
  while (at < end && load<u8>(at) == 0x29) at = skipSpace(at + 1, end);
  c = next(at, end);
  return c == 0x2f && next(at + 1, end) == 0x2f ? at + 2 : 0;
}

/** Reads on behind a break. @returns the end of what acts, or 0 */
function readOn(at: usize, end: usize, quoted: bool): usize {
  const c = next(at, end);
  if (c == 0x3b) return statementsEnd(at + 1, end);
  if ((c != 0x26 && c != 0x7c) || next(at + 1, end) != c) return 0;
  at = skipSpace(at + 2, end);
  while (at < end && (load<u8>(at) == 0x28 || load<u8>(at) == 0x21)) at = skipSpace(at + 1, end);
  const reach = reachEnd(at, end);
  return reach || !quoted ? reach : cutEnd(at, end);
}

/** Whether the literal that the value begins with is a number, or nothing at all. */
function beginsPlain(stop: usize): bool {
  const start = valueStart();
  let digits = false;
  for (let at = start; at < stop; at++) {
    const c = <u32>load<u8>(at);
    if (isWord(c) && !isDigit(c)) return false;
    if (isDigit(c)) digits = true;
  }
  return digits || stop == start;
}

/** The value as one call of the shell: `db.users.remove({})`. @returns the end of its method, or 0 */
function callEnd(end: usize): usize {
  let at = skipSpace(valueStart(), end);
  let stop = wordEnd(at, end);
  if (!equalsLower(at, <u32>(stop - at), "db")) return 0;
  let names: u32 = 0;
  while (next(stop, end) == 0x2e && names < 4) {
    at = stop + 1;
    stop = wordEnd(at, end);
    if (stop == at) return 0;
    names++;
  }
  if (next(stop, end) != 0x28) return 0;
  const size = <u32>(stop - at);
  const first = next(skipSpace(stop + 1, end), end);
  if (names > 1 && (first == 0x7b || first == 0x5b) && isRow(WRITES, at, size)) return stop;
  if (!isRow(COMMANDS, at, size)) return 0;
  return first == 0x7b || first == 0x29 || first == 0x27 || first == 0x22 || first == 0x66 ? stop : 0;
}

/** Where reading on behind a break at `at` ends. */
function reachOf(at: usize, end: usize): usize {
  return end - at > REACH_MAX ? at + REACH_MAX : end;
}

/**
 * A function that is called at once and waits in a loop for a clock: `(function(){…while(new Date()-a<9){}…}())`.
 * @returns the end of its loop's head, or 0
 */
function waitEnd(end: usize): usize {
  let at = layer.at;
  while (at < end && !isOpening(at, end)) at++;
  let clocks: u32 = 0;
  let loops: usize = 0;
  for (; at + 8 < end; at++) {
    const c = <u32>load<u8>(at) | 32;
    if (c == 0x64 && startsLower(at, 8, "date()") && isAlpha(load<u8>(at))) clocks++;
    else if (c == 0x77 && startsLower(at, 6, "while(")) loops = at + 6;
    if (clocks > 1 && loops) return loops;
  }
  return 0;
}

/** Whether `(function()` stands at `at`, and no name before it. */
function isOpening(at: usize, end: usize): bool {
  if (load<u8>(at) != 0x28 || !startsLower(at, <u32>(end - at), "(function()")) return false;
  return at == layer.at || !isWord(load<u8>(at - 1));
}

/** Looks for such attacks in the current layer. */
export function scriptLex(): void {
  const most = layer.size < <u32>REACH_MAX ? layer.size : <u32>REACH_MAX;
  if (!scriptGate() || !spend((layer.size >> 2) + most)) return;
  const end = layer.at + <usize>layer.size;
  for (let quote: u32 = 0x22; quote <= 0x27; quote += 5) {
    const at = behindQuote(quote);
    const stop = at ? readOn(at, reachOf(at, end), true) : 0;
    if (!stop) continue;
    report(Signature.NOSQLI_SCRIPT, at, stop);
    return;
  }
  if (!hasScriptWord()) return;
  const at = behindPlain();
  const stop = at && beginsPlain(at) ? readOn(at, reachOf(at, end), false) : 0;
  if (stop) report(Signature.NOSQLI_SCRIPT, at, stop);
  const call = layer.size <= CALL_BYTES_MAX ? callEnd(end) : 0;
  if (call) report(Signature.NOSQLI_STATEMENT, layer.at, call);
  const wait = layer.size < WAIT_BYTES_MAX ? waitEnd(end) : 0;
  if (wait) report(Signature.NOSQLI_SCRIPT, layer.at, wait);
}
