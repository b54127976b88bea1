/** From the directives of SecLang to rules of a policy: what has a counterpart is carried over, the rest is told. */
import { dirname, join } from "node:path";
import { MerlonError } from "../../core/error.ts";
import type { Mode } from "../../core/verdict.ts";
import { compileExpression } from "../expression/expression.ts";
import { REQUEST_VARIABLES } from "../expression/variables.ts";
import { ruleSchema } from "../rule/rule.ts";
import { type Condition, conditionOf, countOf, coveredBy, networksOf } from "./conditions.ts";
import type { Directive, Sources } from "./directives.ts";
import { type Action, actionsOf, type Operator, operatorOf, SecLangFault, variablesOf } from "./rule-text.ts";
import { type Target, targetsOf } from "./targets.ts";

/** A rule as it is written into a policy, and where it comes from. */
export interface ImportedRule {
  readonly name: string;
  readonly kind: "detector" | "vpatch";
  readonly when: string;
  readonly type: string;
  readonly action: "block" | "report";
  readonly experimental: boolean;
  /** For the comment above it: what its author called it. */
  readonly message: string;
  /** In what it differs from what was written. */
  readonly notes: readonly string[];
  readonly file: string;
  readonly line: number;
  readonly id: number;
  readonly tags: readonly string[];
}

/** One line that was not carried over. */
export interface Refusal {
  readonly file: string;
  readonly line: number;
  /** What, why, and what to do instead. */
  readonly text: string;
  /** A rule, a setting of their engine, a rule whose work Merlon does without it, or one that has no room. */
  readonly kind: "rule" | "setting" | "covered" | "room";
}

/** What came of the files. */
export interface Imported {
  readonly rules: readonly ImportedRule[];
  readonly refusals: readonly Refusal[];
  /** Rules that were read, chains counted once; those that only steer others not at all. */
  readonly read: number;
  /** Rules above the level of paranoia that was asked for, and those that others remove. */
  readonly aside: number;
  readonly mode: Mode | undefined;
}

/** How to read. */
export interface ImportOptions {
  /** Highest level of paranoia whose rules are taken, as the Core Rule Set counts them, 1 to 4. */
  readonly paranoia: number;
  /** Type of rules whose tags name none. */
  readonly type: string;
}

/** Transformations that the readings of values have already, or that change nothing that a rule could see. */
const IMPLIED =
  /^(?:none|urldecode(?:uni)?|htmlentitydecode|jsdecode|base64decode(?:ext)?|utf8tounicode|escapeseqdecode)$/;
const DECODING = /decode|utf8tounicode/;
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^attack-sqli$/, "sqli"],
  [/^attack-xss$/, "xss"],
  [/^attack-(?:rce|injection-php|injection-java|injection-generic|php|java)$/, "rce"],
  [/^attack-lfi$/, "ptrav"],
  [/^attack-rfi$/, "rfi"],
  [/^attack-ssrf$/, "ssrf"],
  [/^attack-ldap$/, "ldapi"],
  [/^attack-(?:reputation-scanner|reputation-crawler)$/, "scanner"],
  [/^attack-(?:protocol|multipart-header)$/, "protocol_anomaly"],
];
const DISRUPTIVE = new Set(["deny", "block", "drop", "redirect", "proxy", "pass", "allow"]);
/** Actions that are read elsewhere, or are about logs. */
const QUIET = new RegExp(
  "^(?:id|msg|phase|t|(?:no)?log|(?:no)?auditlog|logdata|status|tag|rev|ver|severity|maturity|accuracy|capture" +
    "|chain|multimatch|xmlns|saniti[sz]e.*)$",
);
const ENGINE_MODES: ReadonlyMap<string, Mode> = new Map([
  ["on", "block"],
  ["off", "off"],
  ["detectiononly", "monitoring"],
]);
const ACTION_REASONS: Readonly<Record<string, string>> = {
  exec: "no program is run for a request",
  proxy: "a rule sends a request nowhere else; route it where requests are routed",
  allow: "what shall pass is said by an exception or an allow list; write a WafException or a WafIPList",
  initcol: "rules keep nothing between requests; use a rate limit",
  setuid: "rules keep nothing between requests; use a rate limit",
  setsid: "rules keep nothing between requests; use a rate limit",
  expirevar: "rules keep nothing between requests; use a rate limit",
  deprecatevar: "rules keep nothing between requests; use a rate limit",
  skip: "a rule skips no others; join its condition with theirs",
  skipafter: "a rule skips no others; join its condition with theirs",
  ctl: "a rule changes no others; write a WafException with match and ignore",
  setenv: "rules set no variables",
  append: "a rule changes nothing in an answer",
  prepend: "a rule changes nothing in an answer",
};

/** @returns the rules of the directives, and a line for all that has no counterpart */
export async function translate(
  directives: readonly Directive[],
  sources: Sources,
  options: ImportOptions,
): Promise<Imported> {
  const translator = new Translator(sources, options);
  for (let at = 0; at < directives.length; ) at += await translator.take(directives, at);
  return translator.result();
}

class Translator {
  readonly #sources: Sources;
  readonly #options: ImportOptions;
  readonly #names = new Set<string>();
  readonly #refusals: Refusal[] = [];
  #rules: ImportedRule[] = [];
  #read = 0;
  #aside = 0;
  #mode: Mode | undefined;
  #default = "pass";
  /** Until which marker rules are above the level, innermost last. */
  #above: string | undefined;

  constructor(sources: Sources, options: ImportOptions) {
    this.#sources = sources;
    this.#options = options;
  }

  result(): Imported {
    const { length } = this.#rules;
    return {
      rules: this.#rules,
      refusals: this.#refusals,
      read: this.#read,
      aside: this.#aside,
      mode: length === 0 ? undefined : this.#mode,
    };
  }

  /** Takes the directive at a place, with the chain that it begins. @returns how many were taken */
  async take(all: readonly Directive[], at: number): Promise<number> {
    const first = all[at];
    if (first === undefined) return 1;
    const name = first.name.toLowerCase();
    if (name !== "secrule" && name !== "secaction") {
      this.#setting(first, name);
      return 1;
    }
    const chain = [first];
    while (isChained(chain.at(-1)) && all[at + chain.length]?.name.toLowerCase() === "secrule") {
      const next = all[at + chain.length];
      if (next !== undefined) chain.push(next);
    }
    await this.#rule(chain, first);
    return chain.length;
  }

  #refuse({ file, line }: Directive, kind: Refusal["kind"], text: string): void {
    this.#refusals.push({ file, line, kind, text });
  }

  async #rule(chain: readonly Directive[], first: Directive): Promise<void> {
    const actions = actionsOf(first.args.at(-1) ?? "");
    if (this.#steers(first, actions)) return;
    this.#read++;
    if (this.#above !== undefined) {
      this.#aside++;
      return;
    }
    let at = first;
    try {
      const links: Link[] = [];
      for (const link of chain) {
        at = link;
        links.push(await this.#link(link));
      }
      at = first;
      this.#rules.push(this.#imported(first, actions, links));
    } catch (error) {
      if (!(error instanceof SecLangFault)) throw error;
      const covered = chain.length === 1 ? coveredBy(operatorOf(first.args[1] ?? "")) : undefined;
      this.#refuse(at, covered === undefined ? "rule" : "covered", `${idText(actions)}${covered ?? error.message}`);
    }
  }

  /** Lines that only steer: levels of paranoia, and variables that are set for others. */
  #steers(first: Directive, actions: readonly Action[]): boolean {
    const marker = actions.find(({ name }) => name === "skipafter")?.value;
    const operator = operatorOf(first.args[1] ?? "");
    const level = /^TX:(?:DETECTION_|BLOCKING_)?PARANOIA_LEVEL$/i.test(first.args[0] ?? "");
    if (level && operator.name === "lt" && marker !== undefined) {
      if (this.#above === undefined && this.#options.paranoia < Number(operator.argument)) this.#above = marker;
      return true;
    }
    if (first.name.toLowerCase() !== "secaction") return false;
    const other = actions.find(({ name }) => !QUIET.test(name) && name !== "pass" && name !== "setvar");
    if (other === undefined) return true;
    this.#refuse(first, "setting", `SecAction ${other.name} — it asks nothing; ${reasonOf(other)}`);
    return true;
  }

  async #link(directive: Directive): Promise<Link> {
    const [variables = "", written = "", actionText = ""] = directive.args;
    const actions = actionsOf(actionText);
    for (const action of actions) checkAction(action);
    const phase = actions.find(({ name }) => name === "phase")?.value ?? "2";
    if (!/^(?:1|2|request)$/.test(phase)) {
      throw new SecLangFault(`phase:${phase} — rules are asked of requests; signatures look for leaks in responses`);
    }
    const covered = coveredBy(operatorOf(written));
    if (covered !== undefined) throw new SecLangFault(covered);
    const operator = await this.#withFile(operatorOf(written), directive.file);
    return linkOf(variables, operator, actions);
  }

  /** Words and networks of a file stand in the operator from here on. */
  async #withFile(operator: Operator, from: string): Promise<Operator> {
    const { name, argument } = operator;
    if (name !== "pmfromfile" && name !== "pmf" && name !== "ipmatchfromfile" && name !== "ipmatchf") return operator;
    const texts = argument
      .trim()
      .split(/\s+/)
      .map(async (file) => {
        if (/^https?:/.test(file)) throw new SecLangFault(`@${name} ${file} — nothing is fetched; save it as a file`);
        try {
          return await this.#sources.read(join(dirname(from), file));
        } catch (error) {
          if (!(error instanceof MerlonError)) throw error;
          throw new SecLangFault(`@${name} ${file} — the file cannot be read; put it beside the rules`);
        }
      });
    return { ...operator, argument: (await Promise.all(texts)).join("\n") };
  }

  #imported(first: Directive, actions: readonly Action[], links: readonly Link[]): ImportedRule {
    const textOf = (name: string): string | undefined => actions.find((action) => action.name === name)?.value;
    const id = Number(textOf("id") ?? "0");
    const tags = actions.flatMap(({ name, value }) => (name === "tag" ? [value] : []));
    const notes = [...new Set(links.flatMap((link) => link.notes))];
    const isWider = links.some((link) => link.isWider);
    const disruptive = actions.findLast(({ name }) => DISRUPTIVE.has(name))?.name ?? this.#default;
    const isScored = actions.some(({ name, value }) => name === "setvar" && /score/i.test(value));
    const blocks = disruptive === "block" ? this.#default !== "pass" || isScored : disruptive !== "pass" || isScored;
    if (isWider) notes.push("it looks at more than was written, and is only reported until experimental is deleted");
    const when = links.map((link) => (links.length > 1 ? `(${link.when})` : link.when)).join(" && ");
    const type = TYPES.find(([pattern]) => tags.some((tag) => pattern.test(tag)))?.[1] ?? this.#options.type;
    const rule = {
      ...{ name: this.#nameOf(id, first.line), kind: "detector" as const, when, type },
      ...{ action: blocks ? ("block" as const) : ("report" as const), experimental: isWider },
    };
    const checked = ruleSchema.safeParse(rule);
    if (!checked.success) {
      this.#names.delete(rule.name);
      throw new SecLangFault(checked.error.issues[0]?.message ?? "is no rule");
    }
    return { ...rule, message: textOf("msg") ?? "", notes, file: first.file, line: first.line, id, tags };
  }

  #nameOf(id: number, line: number): string {
    const name = id > 0 ? `sec-${id}` : `sec-line-${line}`;
    if (this.#names.has(name)) throw new SecLangFault(`id ${id} is that of an earlier rule — give it one of its own`);
    this.#names.add(name);
    return name;
  }

  #setting(directive: Directive, name: string): void {
    const [value = ""] = directive.args;
    switch (name) {
      case "secmarker":
        if (value === this.#above) this.#above = undefined;
        return;
      case "secdefaultaction": {
        const actions = actionsOf(value);
        if (/^(?:1|2)$/.test(actions.find((action) => action.name === "phase")?.value ?? "2")) {
          this.#default = actions.findLast((action) => DISRUPTIVE.has(action.name))?.name ?? this.#default;
        }
        return;
      }
      case "secruleengine":
        this.#mode = ENGINE_MODES.get(value.toLowerCase());
        return;
      case "secruleremovebyid":
        this.#remove(directive.args.join(" "));
        return;
      case "secruleremovebytag":
      case "secruleremovebymsg":
        this.#removeWhere((rule) => (name.endsWith("tag") ? rule.tags : [rule.message]), value);
        return;
      default:
        this.#refuse(directive, "setting", `${directive.name} — ${settingReason(name)}`);
    }
  }

  #remove(text: string): void {
    const ranges = text.split(/[\s,]+/).map((part) => part.split("-").map(Number));
    this.#drop(({ id }) => ranges.some(([first = -1, last = first]) => id >= first && id <= last));
  }

  #removeWhere(textsOf: (rule: ImportedRule) => readonly string[], wanted: string): void {
    this.#drop((rule) => textsOf(rule).some((text) => text.includes(wanted)));
  }

  #drop(isRemoved: (rule: ImportedRule) => boolean): void {
    const kept = this.#rules.filter((rule) => !isRemoved(rule));
    this.#aside += this.#rules.length - kept.length;
    this.#rules = kept;
  }
}

/** One rule of a chain. */
interface Link {
  readonly when: string;
  readonly notes: readonly string[];
  readonly isWider: boolean;
}

function linkOf(variableText: string, operator: Operator, actions: readonly Action[]): Link {
  const steps = actions.flatMap(({ name, value }) => (name === "t" ? [value.toLowerCase()] : []));
  const own = steps.slice(steps.lastIndexOf("none") + 1);
  const odd = own.find((step) => !IMPLIED.test(step) && step !== "lowercase" && step !== "length");
  if (odd !== undefined) {
    throw new SecLangFault(
      `t:${odd} — values are not rewritten for rules; write the pattern for the value as it comes`,
    );
  }
  const variables = variablesOf(variableText);
  const isAnchored = /^(?:beginswith|endswith|streq)$/.test(operator.name) || /^\^|\$$/.test(operator.argument);
  if (variables.some(({ name }) => /^REQUEST_URI/.test(name)) && isAnchored && operator.argument.includes("?")) {
    throw new SecLangFault(`${variableText} with a query — a rule asks path and query["name"] apart; write two links`);
  }
  const { targets, notes, isWider } = targetsOf(variables, {
    decodes: own.some((step) => DECODING.test(step)),
    isAnchored,
  });
  if (variables.some(({ isCount }) => isCount)) return { when: countOf(operator, targets), notes, isWider };
  if (/^ipmatch/.test(operator.name)) return { when: addressText(operator, targets), notes, isWider };
  const condition = conditionOf(operator, own.includes("lowercase"), own.includes("length"));
  const asked = targets.map((target) => askText(target, condition, operator.isNegated));
  // A negated question is a "yes" for every reading that is not as it should be.
  const readings = operator.isNegated && targets.some(({ kind }) => kind === "points");
  const more = readings ? ["every reading of a value has to be as written, also what it decodes to"] : [];
  return { when: asked.join(" || "), notes: [...notes, ...more], isWider: isWider || readings };
}

function addressText({ argument, isNegated }: Operator, targets: readonly Target[]): string {
  if (!targets.every((target) => target.kind === "text" && target.isIp === true)) {
    throw new SecLangFault("@ipMatch of a text — only the client's address is compared; write REMOTE_ADDR");
  }
  return `${isNegated ? "!" : ""}(${networksOf(argument)})`;
}

function askText(target: Target, condition: Condition, isNegated: boolean): string {
  if (target.kind === "points") {
    const inner = condition("v");
    return `point[${JSON.stringify(target.pattern)}].exists(v, ${isNegated ? `!(${inner})` : inner})`;
  }
  if (target.isIp === true) {
    throw new SecLangFault("REMOTE_ADDR — an address is compared with networks; write @ipMatch");
  }
  const written = condition(target.subject);
  const asked = isNegated ? `!(${written})` : written;
  // What a request does not have is empty here, and nothing there.
  const isGuarded = target.has !== undefined && (isNegated || fitsNothing(condition));
  return isGuarded ? `(${target.has} && ${asked})` : asked;
}

function fitsNothing(condition: Condition): boolean {
  return compileExpression(condition('""'), REQUEST_VARIABLES).evaluate({}) === true;
}

function checkAction(action: Action): void {
  const { name, value } = action;
  if (QUIET.test(name) || (DISRUPTIVE.has(name) && name !== "allow" && name !== "proxy")) return;
  if (name === "setvar" && /^!?tx\.[^=]*score|^tx\.(?:\d|rfi|lfi)/i.test(value)) return;
  if (name === "setvar") throw new SecLangFault(`setvar:${value} — rules keep no variables; join what needs it here`);
  throw new SecLangFault(`${name}${value === "" ? "" : `:${value}`} — ${reasonOf(action)}`);
}

function reasonOf({ name }: Action): string {
  return ACTION_REASONS[name] ?? "rules have no such action; see docs/import.md";
}

function isChained(directive: Directive | undefined): boolean {
  return directive !== undefined && actionsOf(directive.args[2] ?? "").some(({ name }) => name === "chain");
}

function idText(actions: readonly Action[]): string {
  const id = actions.find(({ name }) => name === "id")?.value;
  return id === undefined ? "" : `rule ${id}: `;
}

function settingReason(name: string): string {
  if (/^secruleupdate/.test(name)) return "rules change no others; write a WafException with match.point and ignore";
  if (/^secrulescript$/.test(name)) return "no program is run for a request; write its condition as a rule";
  if (/limit/.test(name)) return "sizes are spec.defaults.limits and failure; see docs/policy.md";
  if (/^secaudit|log|^secdebug/.test(name)) return "records are kept as docs/records.md says; nothing is carried over";
  if (/^secrequestbody|^secresponsebody|^secstream|mime/.test(name)) return "bodies are always looked at; delete it";
  return "it sets an engine that is not there; delete it";
}
