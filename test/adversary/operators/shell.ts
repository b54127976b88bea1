/** Operators on commands of a POSIX shell: quotes inside words, other separators, expansions that come to nothing. */
import { pick } from "../../bench/random.ts";
import type { Attack } from "../attack.ts";
import { type Operator, type Rewriting, rewriting } from "../operator.ts";

/** A program of a POSIX system where a command begins. */
const NAMES = "cat|id|ls|uname|curl|wget|nc|bash|whoami|sleep|head|tail|chmod|ifconfig|ps|pwd";
const PROGRAM = new RegExp(`(?<=(?:[;&|\`\\n]|\\$\\()\\s*)(${NAMES})(?=[\\s;&|\`)]|$)`, "g");

function ofCommand(name: string, rewrite: Rewriting): Operator {
  const operator = rewriting(name, ["rce"], rewrite);
  const isCommand = ({ stamps }: Attack): boolean => stamps.includes("rce-command");
  return { ...operator, apply: (attack, random) => (isCommand(attack) ? operator.apply(attack, random) : undefined) };
}

/** Operators on commands. */
export const SHELL_OPERATORS: readonly Operator[] = [
  ofCommand("shell quotes", (value, random) =>
    value.replace(PROGRAM, (word) => {
      const cut = 1 + random(word.length - 1);
      const [a, b] = [word.slice(0, cut), word.slice(cut)];
      return pick(random, [`${a}''${b}`, `${a}""${b}`, `${a}\\${b}`, `"${word}"`, `'${word}'`, `${a}'${b}'`]);
    }),
  ),
  ofCommand("shell empty expansion", (value, random) =>
    value.replace(PROGRAM, (word) => {
      const cut = 1 + random(word.length - 1);
      return word.slice(0, cut) + pick(random, ["$@", "$*", "${x}", "$1", "``", "$()"]) + word.slice(cut);
    }),
  ),
  ofCommand("shell blank", (value, random) =>
    value.replace(new RegExp(`${PROGRAM.source} `, "g"), (_found, word: string) => {
      return word + pick(random, ["\t", "${IFS}", "$IFS$9", "  ", "$IFS''"]);
    }),
  ),
  ofCommand("shell path", (value, random) =>
    value.replace(PROGRAM, (word) => pick(random, ["/bin/", "/usr/bin/", "/b?n/", "/usr/b*n/"]) + word),
  ),
  ofCommand("shell separator", (value, random) =>
    value.replace(/^([^;'"`\\]*);\s*(?=[a-z])/i, (_found, before: string) => {
      return before + pick(random, ["&&", "||", "\n", "&", "|", "; ", " ; "]);
    }),
  ),
];
