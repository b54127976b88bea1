/**
 * Command lines as programs put them together: each template takes a value as if it were harmless. A value is an attack
 * if in one of them it starts a program of its own.
 */
import type { Jail } from "./jail.ts";

type Template = (value: string) => string;

/** Where a value lands in a command line. `cmd` is the program's own command and does nothing. */
export const TEMPLATES: readonly Template[] = [
  (value) => `cmd ${value}`,
  (value) => `cmd '${value}'`,
  (value) => `cmd "${value}"`,
  (value) => `cmd --name=${value} /tmp/x`,
  (value) => `x=\`cmd ${value}\``,
  (value) => `x="$(cmd ${value})"`,
  (value) => `cmd <<END\n${value}\nEND`,
  (value) => `cmd </tmp/${value}.txt`,
];

/** Programs that each value starts in any template. */
export function judgeValues(jail: Jail, values: readonly string[]): Set<string>[] {
  const started = jail.run(values.flatMap((value) => TEMPLATES.map((template) => template(value))));
  return values.map((_, index) => {
    const from = index * TEMPLATES.length;
    return new Set(started.slice(from, from + TEMPLATES.length).flatMap((names) => [...names]));
  });
}
