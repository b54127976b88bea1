/**
 * Names that reach out of the object which a request fills.
 *
 * What an attack IS: a name whose steps lead from the author's object to what all objects share: the prototype of a
 * script (`a[__proto__][b]`, CWE-1321), the class and its loader in Java (`class.module.classLoader`), the globals of
 * a Python function, the callbacks of a render array, the variables that PHP keeps for itself. A binder that follows
 * it writes there; that is mass assignment taken to its end (CWE-915, the parent of CWE-1321). What is none: the same
 * words in a value, in prose, or as a plain name, for nothing is below them then; `constructor` alone, a word of
 * racing and of building.
 */
import { equalsLower, isAlpha, isRow } from "../bytes/ascii";
import { layer } from "../decode/layer";
import { Place } from "../decode/point";
import { Has } from "../decode/profile";
import { place, spend } from "../decode/value";
import { Signature } from "../tables/signatures.gen";
import { MEMBER_MASK, MEMBER_SHIFT, MemberWord } from "../tables/words.gen";
import { report } from "./match";
import { isNamePlace, outerStep, stepAt, stepBracketed, stepSize, stepsBegin, stepsEnded, stepsNext } from "./name";

/** Steps from an object to what its language shares (Python data model; java.lang.Class). */
const SHARED: string = `__class__
__globals__
__builtins__
__subclasses__
__mro__
`;
/** Properties of render arrays that are called when the page is made (Drupal Form API). */
const CALLBACKS: string = `#post_render
#pre_render
#lazy_builder
#access_callback
#value_callback
#process
#submit
#validate
#element_validate
#after_build
#theme_wrappers
#markup
#type
`;
/** Superglobals (PHP manual, Superglobals). */
const SUPERGLOBALS: string = `globals
_session
_server
_env
_cookie
_request
_files
_post
_get
`;

/** Whether the current layer can be such a name. */
export function objectGate(): bool {
  if (!isNamePlace()) return false;
  if (place != Place.JSON_KEY) return (layer.has & (Has.BRACKET | Has.DOT)) != 0;
  /* Kinds of words are or-ed: with all bits of the kind the word may be there. */
  return ((layer.words >> MEMBER_SHIFT) & MEMBER_MASK & MemberWord.PROTO) == MemberWord.PROTO;
}

/** A prototype as a key of a document: by its own name, or as the property of a constructor. */
function judgeKey(): void {
  const end = layer.at + <usize>layer.size;
  if (equalsLower(layer.at, layer.size, "__proto__")) report(Signature.MASS_ASSIGNMENT_PROTOTYPE, layer.at, end);
  else if (equalsLower(layer.at, layer.size, "prototype") && outerStep(1)) {
    if (equalsLower(stepAt, stepSize, "constructor")) report(Signature.MASS_ASSIGNMENT_PROTOTYPE, layer.at, end);
  }
}

/** What a step is, seen with the one before it. */
enum Step {
  OTHER = 0,
  CLASS = 1,
  MODULE = 2,
  CONSTRUCTOR = 3,
  GLOBAL = 4,
}

function kindOfStep(first: bool): Step {
  if (equalsLower(stepAt, stepSize, "constructor")) return Step.CONSTRUCTOR;
  if (equalsLower(stepAt, stepSize, "class")) return Step.CLASS;
  if (equalsLower(stepAt, stepSize, "module")) return Step.MODULE;
  return first && isRow(SUPERGLOBALS, stepAt, stepSize) ? Step.GLOBAL : Step.OTHER;
}

/** The signature that the step completes, 0 for none. */
function judgeStep(before: Step): Signature {
  if (equalsLower(stepAt, stepSize, "__proto__")) return Signature.MASS_ASSIGNMENT_PROTOTYPE;
  if (before == Step.CONSTRUCTOR && equalsLower(stepAt, stepSize, "prototype")) {
    return Signature.MASS_ASSIGNMENT_PROTOTYPE;
  }
  if ((before == Step.CLASS || before == Step.MODULE) && equalsLower(stepAt, stepSize, "classloader")) {
    return Signature.MASS_ASSIGNMENT_CLASS;
  }
  if (stepSize > 6 && load<u8>(stepAt) == 0x5f && isRow(SHARED, stepAt, stepSize)) {
    return Signature.MASS_ASSIGNMENT_CLASS;
  }
  if (stepBracketed && stepSize && load<u8>(stepAt) == 0x23 && isRow(CALLBACKS, stepAt, stepSize)) {
    return Signature.MASS_ASSIGNMENT_RENDER;
  }
  return before == Step.GLOBAL && stepBracketed && stepSize && isAlpha(load<u8>(stepAt))
    ? Signature.MASS_ASSIGNMENT_GLOBAL
    : <Signature>0;
}

/** Looks for such names in the current layer. */
export function objectLex(): void {
  if (!objectGate() || !spend(layer.size * 2)) return;
  if (place == Place.JSON_KEY) judgeKey();
  let found = <Signature>0;
  let from: usize = 0;
  let steps: u32 = 0;
  let before = Step.OTHER;
  stepsBegin();
  while (stepsNext()) {
    const signature = judgeStep(before);
    if (signature && !found) {
      found = signature;
      from = stepAt;
    }
    before = kindOfStep(!steps);
    steps++;
  }
  if (found && steps > 1 && stepsEnded()) report(found, from, layer.at + <usize>layer.size);
}
