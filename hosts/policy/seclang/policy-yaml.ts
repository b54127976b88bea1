/** Imported rules as a policy file, each with a comment that says where it comes from and in what it differs. */
import { stringify } from "yaml";
import { MerlonError } from "../../core/error.ts";
import { compilePolicy } from "../image.ts";
import { type Rule, ruleSchema } from "../rule/rule.ts";
import { API_VERSION, defaultPolicy } from "../schema.ts";
import type { Imported, ImportedRule, Refusal } from "./translate.ts";

const COMMENT_CHARS_MAX = 110;
/** Rules of a policy. */
const RULES_MAX = 512;

/** @returns the file's text; with the same rules always the same */
export function policyYaml({ rules, mode }: Imported): string {
  const head = [`apiVersion: ${API_VERSION}`, "kind: WafPolicy", "spec:"];
  const defaults = mode === undefined ? [] : [`  defaults: { mode: ${mode} }`];
  const body = rules.length === 0 ? ["  rules: []"] : ["  rules:", ...rules.map(ruleYaml)];
  return `${[...head, ...defaults, ...body].join("\n")}\n`;
}

function ruleYaml(rule: ImportedRule): string {
  const { name, kind, when, type, action, experimental } = rule;
  const written = { name, ...(kind === "vpatch" ? { kind } : {}), type, when };
  const fields = {
    ...written,
    ...(action === "report" ? { action } : {}),
    ...(experimental ? { experimental } : {}),
  };
  const place = `${rule.file.replace(/^.*[\\/]/, "")}:${rule.line}`;
  const comments = [`${place}${rule.message === "" ? "" : ` ${rule.message}`}`, ...rule.notes];
  const text = stringify([fields], { lineWidth: 0, defaultStringType: "PLAIN", defaultKeyType: "PLAIN" }).trimEnd();
  return [...comments.map((line) => `# ${commentText(line)}`), ...text.split("\n")]
    .map((line) => `    ${line}`)
    .join("\n");
}

/** A comment ends with its line, whatever its author wrote. */
function commentText(text: string): string {
  const plain = text.replace(/\p{C}/gu, " ").trim();
  return plain.length > COMMENT_CHARS_MAX ? `${plain.slice(0, COMMENT_CHARS_MAX)}…` : plain;
}

/**
 * Leaves out what one policy has no room for: rules stay in their order, and the last ones go.
 * @returns what fits, with a line for each rule that does not
 */
export function withinRoom(imported: Imported): Imported {
  const { rules } = imported;
  // One more than a policy takes is enough to see that it is too much.
  const forms = rules.slice(0, RULES_MAX + 1).map(compiledForm);
  if (roomFault(forms) === undefined) return imported;
  let [fits, fails] = [0, forms.length];
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    if (roomFault(forms.slice(0, middle)) === undefined) fits = middle;
    else fails = middle;
  }
  const why = roomFault(forms.slice(0, fails)) ?? "";
  const left = rules.slice(fits).map(({ file, line, name }): Refusal => {
    const fix = "import fewer files at once, and keep the rules that your applications need";
    return { file, line, kind: "room", text: `${name} — one policy has no room for it: ${why}; ${fix}` };
  });
  return { ...imported, rules: rules.slice(0, fits), refusals: [...imported.refusals, ...left] };
}

/** @returns why a policy of these rules is too large for the core, undefined where it is not */
function roomFault(rules: readonly Rule[]): string | undefined {
  try {
    compilePolicy({ ...defaultPolicy, rules });
    return undefined;
  } catch (error) {
    if (!(error instanceof MerlonError)) throw error;
    return error.message.split(" — ").at(-1)?.split(";")[0] ?? error.message;
  }
}

function compiledForm({ name, kind, when, type, action, experimental }: ImportedRule): Rule {
  return ruleSchema.parse({ name, kind, when, type, action, experimental });
}
