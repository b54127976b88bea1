/** The reserved words of ECMA-262 §12.7.2 and its contextual ones, by what may stand beside them. */

/** The kinds of reserved words. */
export enum Keyword {
  NONE = 0,
  /** Stands for a value: `null`, `true`. */
  OPERAND = 1,
  /** Between two operands: `in`. */
  INFIX = 2,
  /** Before an operand or a statement: `new`, `return`. */
  PREFIX = 3,
  /** Before a parenthesis that is no argument list: `if`, `while`. */
  PAREN = 4,
  /** `function` and `class`: a name and a parameter list follow. */
  DECLARE = 5,
  THROW = 6,
}

/** Words of one length, each behind the digit of its kind. */
function wordsOf(size: u32): string {
  switch (size) {
    case 2:
      return "2in2of2as3do4if";
    case 3:
      return "3new3var3let3get3set3try4for";
    case 4:
      return "1null1true2from3void3else3case4with";
    case 5:
      return "1false3await3yield3const3async3break4while4catch5class6throw";
    case 6:
      return "3return3typeof3delete3static3export4switch";
    case 7:
      return "3default3finally3extends";
    case 8:
      return "3continue5function";
    case 10:
      return "2instanceof";
    default:
      return "";
  }
}

/** @returns what kind of reserved word [at, at + size) is; case counts */
export function keywordOf(at: usize, size: u32): Keyword {
  if (size < 2 || size > 10) return Keyword.NONE;
  const first = <u32>load<u8>(at);
  const list = wordsOf(size);
  const words = changetype<usize>(list);
  const count = <u32>list.length;
  for (let i: u32 = 1; i < count; i += size + 1) {
    if (<u32>load<u16>(words + ((<usize>i) << 1)) != first) continue;
    let j: u32 = 1;
    while (j < size && <u32>load<u16>(words + ((<usize>(i + j)) << 1)) == <u32>load<u8>(at + <usize>j)) j++;
    if (j == size) return <Keyword>(<u32>load<u16>(words + ((<usize>(i - 1)) << 1)) - 48);
  }
  return Keyword.NONE;
}
