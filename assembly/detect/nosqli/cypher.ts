/**
 * Cypher, the language of graph databases (openCypher 9).
 *
 * What an attack IS: a value that leaves its string, perhaps closes the pattern around it, and adds a clause: one that
 * reads a file or an address (`LOAD CSV FROM`), calls a procedure, deletes, starts a pattern of its own, or answers and
 * cuts off the rest with a comment. What is none: a whole query, which consoles send, and the words in a sentence.
 */
import { equalsLower, isAlpha, isDigit, isRow } from "../../bytes/ascii";
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";
import { spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { behindQuote, skipSpace, stringEnd, wordEnd } from "../break";
import { report } from "../match";
import { hasScriptWord } from "./script";

/** Bytes behind a break in which its clause must begin. */
const REACH_MAX: usize = 1024;
/** Bytes behind `return` in which its comment must begin. */
const ANSWER_MAX: usize = 64;

/** Whether the current layer can hold such an attack. */
export function cypherGate(): bool {
  if (!hasScriptWord()) return false;
  return (layer.has & (Has.SINGLE | Has.DOUBLE)) != 0 && (layer.has & (Has.SLASH | Has.OPEN | Has.SPACE)) != 0;
}

/** Whether the next word is this one. Its end is in `wordStop`. */
let wordStop: usize = 0;
function isNext(at: usize, end: usize, literal: string): bool {
  at = skipSpace(at, end);
  wordStop = wordEnd(at, end);
  return equalsLower(at, <u32>(wordStop - at), literal);
}

/** Words that a query may go on with behind a pattern's string. */
function isClause(at: usize, size: u32): bool {
  switch (size) {
    case 2:
      return equalsLower(at, size, "or");
    case 3:
      return equalsLower(at, size, "and");
    case 4:
      return equalsLower(at, size, "with") || equalsLower(at, size, "call") || equalsLower(at, size, "load");
    case 5:
      return equalsLower(at, size, "match") || equalsLower(at, size, "union");
    case 6:
      return equalsLower(at, size, "return") || equalsLower(at, size, "detach") || equalsLower(at, size, "unwind");
    case 8:
      return equalsLower(at, size, "optional");
    default:
      return false;
  }
}

/** Whether behind `return` the rest is short and ends in a comment. */
function isCutAnswer(at: usize, end: usize): bool {
  if (end - at > ANSWER_MAX) end = at + ANSWER_MAX;
  at = skipSpace(at, end);
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (c == 0x2f && at + 1 < end) return load<u8>(at + 1) == 0x2f;
    if (!isAlpha(c) && !isDigit(c) && c != 0x20 && c != 0x2e && c != 0x2c && c != 0x2a && c != 0x5f) return false;
    at++;
  }
  return false;
}

/** Name spaces of procedures that servers bring. */
const SPACES: string = `db
dbms
apoc
gds
algo
tx
jwt
spatial
genai
`;

/** `dbms.components(`: a procedure with its name space. */
function isProcedure(at: usize, end: usize): bool {
  at = skipSpace(at, end);
  let stop = wordEnd(at, end);
  if (stop >= end || load<u8>(stop) != 0x2e || !isRow(SPACES, at, <u32>(stop - at))) return false;
  while (stop < end && (load<u8>(stop) == 0x2e || isAlpha(load<u8>(stop)) || isDigit(load<u8>(stop)))) stop++;
  return stop < end && load<u8>(stop) == 0x28;
}

/** `(n:Label`, or `(n)` with a relation or a clause behind it: a pattern. */
function isPattern(at: usize, end: usize): bool {
  at = skipSpace(at, end);
  if (at + 1 >= end || load<u8>(at) != 0x28) return false;
  at = wordEnd(at + 1, end);
  if (at >= end || load<u8>(at) == 0x3a) return at < end;
  if (load<u8>(at) != 0x29) return false;
  const relation = at + 1 < end ? <u32>load<u8>(at + 1) : 0;
  if (relation == 0x2d || relation == 0x3c) return true;
  at = skipSpace(at + 1, end);
  return isRow(BEHIND, at, <u32>(wordEnd(at, end) - at));
}

/** Clauses that may stand right behind a pattern. */
const BEHIND: string = `return
detach
delete
set
where
create
with
call
remove
`;

/** Whether the word [at, stop) begins a clause with an effect. */
function acts(at: usize, stop: usize, end: usize): bool {
  const size = <u32>(stop - at);
  if (equalsLower(at, size, "load")) return isNext(stop, end, "csv");
  if (equalsLower(at, size, "detach")) return isNext(stop, end, "delete");
  if (equalsLower(at, size, "call")) return isProcedure(stop, end);
  if (equalsLower(at, size, "match")) return isPattern(stop, end);
  return equalsLower(at, size, "return") && isCutAnswer(stop, end);
}

/** Looks for such attacks behind one kind of quote. @returns whether something was reported */
function read(quote: u32, end: usize): bool {
  const from = behindQuote(quote);
  /* A word right behind a quote is quoted: the quote opens. */
  if (!from || <u32>load<u8>(from - 1) == quote) return false;
  let at = from;
  if (!isClause(at, <u32>(wordEnd(at, end) - at))) return false;
  if (end - from > REACH_MAX) end = from + REACH_MAX;
  if (!spend(<u32>(end - at) * 4)) return false;
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (c == 0x27 || c == 0x22) {
      at = stringEnd(at, end);
      continue;
    }
    if (!isAlpha(c)) {
      at++;
      continue;
    }
    const stop = wordEnd(at, end);
    if (acts(at, stop, end)) {
      report(Signature.NOSQLI_CYPHER, from, stop);
      return true;
    }
    at = stop;
  }
  return false;
}

/** Looks for such attacks in the current layer. */
export function cypherLex(): void {
  if (!cypherGate() || !spend(layer.size >> 2)) return;
  const end = layer.at + <usize>layer.size;
  if (!read(0x27, end)) read(0x22, end);
}
