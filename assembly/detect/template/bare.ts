/**
 * Walks to the runtime without any delimiter, for places where a program works out a whole parameter, header or name:
 * `T(java.lang.Runtime).getRuntime()` (SpEL), `@java.lang.Runtime@getRuntime()` and `#_memberAccess` (OGNL),
 * `@System.Diagnostics.Process` (Razor), `().__class__.__bases__[0].__subclasses__()` (Python). Only steps that take
 * two rare words, or one that no source code has, count: people write about `__init__` and `java.io.File`. A call that
 * loads code (`new javax.script.ScriptEngineManager()`) counts where no words stand before it.
 */
import { equalsLower, isAlpha, isSpace, isWord, startsLower } from "../../bytes/ascii";
import { Signature } from "../../tables/signatures.gen";
import { TemplateWord } from "../../tables/words.gen";
import { report } from "../match";
import { byteAt, isJavaClass, isStatic, kindOf, wordEnd } from "./step";

/** Bytes between two steps of one walk. */
const STEP_BYTES: usize = 24;
/** Shortest name of what loads code. */
const MAKER_BYTES: usize = 8;
/** Longest chain of names in front of a call. */
const CHAIN_BYTES: usize = 96;

/** Whether the word at `at` is a step of Python's: two underscores, behind a dot or as a key. */
function isStep(at: usize, before: u32): bool {
  return byteAt(at) == 0x5f && byteAt(at + 1) == 0x5f && (before == 0x2e || before == 0x27 || before == 0x22);
}

/** Whether `@System.Diagnostics.Process` of Razor stands around the word. */
function isProcess(from: usize, at: usize, stop: usize): bool {
  const whole = at - from > 7 && startsLower(at - 8, 8, "@system.") && equalsLower(at, <u32>(stop - at), "diagnostics");
  return whole && byteAt(stop) == 0x2e && (byteAt(stop + 1) | 32) == 0x70;
}

/** Whether the word is part of a key by which Struts' expressions reach their context: `#context['xwork.…` */
function isContextKey(from: usize, at: usize): bool {
  if (at - from > 4 && startsLower(at - 4, 4, "com.")) at -= 4;
  if (at - from < 12) return false;
  const quote = <u32>load<u8>(at - 1);
  at -= load<u8>(at - 2) == 0x5c ? 3 : 2;
  const bracket = <u32>load<u8>(at);
  if ((quote != 0x27 && quote != 0x22) || (bracket != 0x5b && bracket != 0x28)) return false;
  if (bracket == 0x28 && startsLower(at - 4, 4, ".get")) at -= 4;
  return at - from > 7 && startsLower(at - 8, 8, "#context");
}

/** First byte of the chain of names that ends at `at`, with `new` in front. */
function chainFrom(from: usize, at: usize): usize {
  const stop = at - from > CHAIN_BYTES ? at - CHAIN_BYTES : from;
  while (at > stop && (isWord(load<u8>(at - 1)) || load<u8>(at - 1) == 0x2e)) at--;
  return at - from > 3 && load<u8>(at - 1) == 0x20 && startsLower(at - 4, 4, "new ") ? at - 4 : at;
}

/** Whether an expression may begin at `at`: the value does, or a mark stands before and no word. */
function isOpen(from: usize, at: usize): bool {
  while (at > from && isSpace(load<u8>(at - 1))) at--;
  if (at == from) return true;
  const c = <u32>load<u8>(at - 1);
  return c == 0x28 || c == 0x7b || c == 0x3d || c == 0x2c || c == 0x3a || c == 0x2b;
}

/** `new javax.script.ScriptEngineManager()`, `a.b.FileSystemXmlApplicationContext("http…`: what loads code. */
function isMaker(from: usize, at: usize, stop: usize): bool {
  /* `java` and its like are packages, and names of tasks. */
  if (byteAt(stop) != 0x28 || at == from || load<u8>(at - 1) != 0x2e || stop - at < MAKER_BYTES) return false;
  const start = chainFrom(from, at);
  if (!isOpen(from, start)) return false;
  const argument = byteAt(stop + 1);
  if (argument == 0x22 || argument == 0x27) return true;
  /* An array in braces is SpEL's: `new java.lang.ProcessBuilder({"id"})`. */
  return startsLower(start, 4, "new ") && (argument == 0x29 || argument == 0x7b);
}

/** Whether the word in [at, stop) of this kind begins a walk of Java's expression languages. */
function isJavaWalk(from: usize, at: usize, stop: usize, kind: TemplateWord): bool {
  const before = at > from ? <u32>load<u8>(at - 1) : 0;
  if (kind == TemplateWord.DEEP) {
    if (before == 0x2e) return byteAt(at) != 0x5f && isMaker(from, at, stop);
    return before == 0x23 && byteAt(at) == 0x5f;
  }
  if (kind == TemplateWord.WALK) return before == 0x2e && isProcess(from, at, stop);
  if (kind != TemplateWord.JAVA) return false;
  if (!isJavaClass(stop)) return isContextKey(from, at) || isMaker(from, at, stop);
  if (before == 0x40) return isStatic(at);
  return before == 0x28 && at - from > 1 && load<u8>(at - 2) == 0x54;
}

/** Looks for such walks in the layer from `from` to `end`. */
export function bareLex(from: usize, end: usize, text: bool): void {
  let last: usize = 0;
  let deep = false;
  let at = from;
  while (at < end) {
    if (!isWord(load<u8>(at))) {
      at++;
      continue;
    }
    const stop = wordEnd(at);
    const kind = isAlpha(load<u8>(at)) || load<u8>(at) == 0x5f ? kindOf(at, <u32>(stop - at)) : TemplateWord.NONE;
    if (kind < TemplateWord.WALK) {
      at = stop;
      continue;
    }
    if (!text && isJavaWalk(from, at, stop, kind)) {
      report(Signature.SSTI_WALK, at, stop);
      return;
    }
    if (isStep(at, at > from ? <u32>load<u8>(at - 1) : 0)) {
      const near = last != 0 && at - last < STEP_BYTES;
      deep = kind == TemplateWord.DEEP || (near && deep);
      if (near && deep && !text) {
        report(Signature.SSTI_WALK, last, stop);
        return;
      }
      last = stop;
    }
    at = stop;
  }
}
