/**
 * Expressions that are open while a value is read, the innermost on top. They stand in a small stack, so that one
 * pass from left to right sees every expression, also those in strings and arguments of others.
 */

/** By what an expression or statement is delimited. */
export enum Kind {
  /** `{{ … }}`: Jinja, Twig, Liquid, Handlebars, Go, Angular and their kin. */
  CURLY = 1,
  /** `${…}` `#{…}` `*{…}` `%{…}` `@{…}` `~{…}`: FreeMarker, EL, SpEL, OGNL, Thymeleaf, Mako, Ruby, Pug, JavaScript. */
  MARKED = 2,
  /** `{% … %}`: Jinja, Twig, Django, Liquid, Tornado. */
  STATEMENT = 3,
  /** `<% … %>`: ERB, EJS, JSP, ASP, Mako. */
  SCRIPTLET = 4,
  /** `<#… …>`: FreeMarker. */
  DIRECTIVE = 5,
  /** `[#… …]`: FreeMarker's other syntax. */
  BRACKET = 6,
  /** `@(…)`: Razor. */
  RAZOR = 7,
  /** `#set(…)` and its like: Velocity. */
  VELOCITY = 8,
  /** `$name.name(…)`: Velocity. */
  REFERENCE = 9,
  /** `{name…}`: Smarty, and Python's format strings. */
  SINGLE = 10,
}

/** What was read last in an expression. */
export enum Last {
  NOTHING = 0,
  NUMBER = 1,
  STRING = 2,
  NAME = 3,
  /** `.`, `?.`, `->` or `::`. */
  DOT = 4,
  PIPE = 5,
  /** An opening bracket, round or curly. */
  GROUP = 6,
  /** A square bracket behind an operand. */
  SUBSCRIPT = 7,
  /** A square bracket where an operand may begin. */
  LIST = 8,
  CLOSE = 9,
  /** A pair of brackets with nothing between, which is a constant. */
  EMPTY = 10,
  COMMA = 11,
  /** `+` or `~`, which join strings. */
  JOIN = 12,
  AT = 13,
  DIVIDE = 14,
  OTHER = 15,
}

/** Operators that were applied to constants: bits. */
export enum Operator {
  /** `*` and comparisons, which stand in no date, number or range. */
  SURE = 1,
  PLUS = 2,
  /** `-` and `/`, which also write dates and fractions. */
  WEAK = 4,
  /** A division by zero. */
  ZERO = 8,
  /** `%`, with which shells cut a text. */
  REST = 16,
}

/** What else was seen in an expression: bits. */
export enum Seen {
  /** `getRuntime`. */
  RUNTIME = 1,
  CONSTRUCTOR = 2,
  /** A filter that calls the function it is given. */
  CALLING = 4,
  /** A string as the first thing in a subscript. */
  KEY = 8,
  /** An operator behind such a string. */
  JOINED = 16,
  LOOKUP = 32,
  /** The first word of a statement was read. */
  WORD = 64,
  /** A step to an object's inside. */
  STEP = 128,
}

/** One open expression; lives in the stack below. */
@unmanaged
export class Frame {
  kind: u32;
  /** Where its opening delimiter begins. */
  from: usize;
  /** Brackets open inside. */
  depth: u32;
  last: u32;
  /** What stood before the last dot. */
  base: u32;
  /** Bits of `Seen`. */
  seen: u32;
  /** First word of the chain of names that was read last. */
  rootAt: usize;
  rootSize: u32;
  /** Nothing but constants and operators so far. */
  constant: u32;
  /** The constants read so far end with an operand. */
  operand: u32;
  /** Bits of `Operator`. */
  operators: u32;
  /** A function is applied to the constants, by its name in front of everything. */
  called: u32;
  /** Constants read so far. */
  count: u32;
  /** The first constant has one digit. */
  digit: u32;
}

/** Expressions open at once; deeper ones take the place of the innermost. */
const FRAMES_MAX: u32 = 8;
const frames: usize = memory.data(1024, 16);

/** How many are open. */
export let open: u32 = 0;
/** The innermost; valid while `open` is above 0. */
export let frame: Frame = changetype<Frame>(frames);

function select(): void {
  if (open) frame = changetype<Frame>(frames + <usize>((open - 1) * offsetof<Frame>()));
}

/** Closes all. */
export function clearFrames(): void {
  open = 0;
}

/** Opens an expression whose delimiter begins at `from`. */
export function pushFrame(kind: Kind, from: usize): void {
  if (open) frame.constant = 0;
  if (open < FRAMES_MAX) open++;
  select();
  memory.fill(changetype<usize>(frame), 0, offsetof<Frame>());
  frame.kind = kind;
  frame.from = from;
  frame.constant = 1;
}

/** Closes the innermost. */
export function popFrame(): void {
  open--;
  select();
}

/** Makes the innermost expression of the kind the innermost of all. @returns false where none is open */
export function unwindTo(kind: Kind): bool {
  for (let level = open; level; level--) {
    if (changetype<Frame>(frames + <usize>((level - 1) * offsetof<Frame>())).kind != <u32>kind) continue;
    open = level;
    select();
    return true;
  }
  return false;
}
