/**
 * Walks to the runtime without any delimiter, for places where a program works out a whole parameter, header or name:
 * `T(java.lang.Runtime).getRuntime()` (SpEL), `@java.lang.Runtime@getRuntime()` and `#_memberAccess` (OGNL),
 * `@System.Diagnostics.Process` (Razor), `().__class__.__bases__[0].__subclasses__()` (Python). Only steps that take
 * two rare words, or one that no source code has, count: people write about `__init__` and `java.io.File`.
 */
import { equalsLower, isAlpha, isWord, startsLower } from "../../bytes/ascii";
import { Signature } from "../../tables/signatures.gen";
import { TemplateWord } from "../../tables/words.gen";
import { report } from "../match";
import { byteAt, isJavaClass, isStatic, kindOf, wordEnd } from "./step";

/** Bytes between two steps of one walk. */
const STEP_BYTES: usize = 24;

/** Whether the word at `at` is a step of Python's: two underscores, behind a dot or as a key. */
function isStep(at: usize, before: u32): bool {
  return byteAt(at) == 0x5f && byteAt(at + 1) == 0x5f && (before == 0x2e || before == 0x27 || before == 0x22);
}

/** Whether `@System.Diagnostics.Process` of Razor stands around the word. */
function isProcess(from: usize, at: usize, stop: usize): bool {
  const whole = at - from > 7 && startsLower(at - 8, 8, "@system.") && equalsLower(at, <u32>(stop - at), "diagnostics");
  return whole && byteAt(stop) == 0x2e && (byteAt(stop + 1) | 32) == 0x70;
}

/** Whether the word in [at, stop) of this kind begins a walk of Java's expression languages. */
function isJavaWalk(from: usize, at: usize, stop: usize, kind: TemplateWord): bool {
  const before = at > from ? <u32>load<u8>(at - 1) : 0;
  if (kind == TemplateWord.DEEP) return before == 0x23 && byteAt(at) == 0x5f;
  if (kind == TemplateWord.WALK) return before == 0x2e && isProcess(from, at, stop);
  if (kind != TemplateWord.JAVA || !isJavaClass(stop)) return false;
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
