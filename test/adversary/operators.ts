/** All operators, in the order of the report. */
import type { Operator } from "./operator.ts";
import { ENCODING_OPERATORS } from "./operators/encoding.ts";
import { MARKUP_OPERATORS } from "./operators/markup.ts";
import { FRAMING_OPERATORS, PADDING_OPERATORS } from "./operators/padding.ts";
import { PATH_OPERATORS } from "./operators/path.ts";
import { POLLUTION_OPERATORS } from "./operators/pollution.ts";
import { SHELL_OPERATORS } from "./operators/shell.ts";
import { SQL_OPERATORS } from "./operators/sql.ts";

/** All operators. */
export const OPERATORS: readonly Operator[] = [
  ...SQL_OPERATORS,
  ...MARKUP_OPERATORS,
  ...SHELL_OPERATORS,
  ...PATH_OPERATORS,
  ...ENCODING_OPERATORS,
  ...POLLUTION_OPERATORS,
  ...PADDING_OPERATORS,
  ...FRAMING_OPERATORS,
];
