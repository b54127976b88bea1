/** What differs between two policies, object by object, as lines for people. */
import { dateText } from "./date.ts";
import { secondsText } from "./duration.ts";
import { matchText } from "./match.ts";
import type { Rule } from "./rule/rule.ts";
import type { Policy } from "./schema.ts";
import type { ApiSpec } from "./specification/specification.ts";
import { keyPartText, type Threshold } from "./threshold/threshold.ts";

/** @returns a line for each field, scope, rule and exception that is new, gone or changed */
export function changesBetween(before: Policy, after: Policy): string[] {
  const { scopes: oldScopes = [], exceptions: oldExceptions = [], rules: oldRules = [], ...oldRest } = before;
  const { apiSpecs: oldSpecs = [], thresholds: oldThresholds = [], ...oldSettings } = oldRest;
  const { scopes = [], exceptions = [], rules = [], apiSpecs = [], thresholds = [], ...settings } = after;
  return [
    ...fieldChanges(new Map(Object.entries(oldSettings)), new Map(Object.entries(settings))),
    ...objectChanges(
      "scope",
      new Map(oldScopes.map(({ match, ...said }) => [matchText(match).trim(), said])),
      new Map(scopes.map(({ match, ...said }) => [matchText(match).trim(), said])),
    ),
    ...objectChanges("rule", new Map(oldRules.map(shownRule)), new Map(rules.map(shownRule))),
    ...specChanges(new Map(oldSpecs.map((one) => [one.name, one])), new Map(apiSpecs.map((one) => [one.name, one]))),
    ...objectChanges("threshold", new Map(oldThresholds.map(shownThreshold)), new Map(thresholds.map(shownThreshold))),
    ...objectChanges(
      "exception",
      new Map(oldExceptions.map((one) => [one.name, { ...one, expiresAt: dateText(one.expiresAt) }])),
      new Map(exceptions.map((one) => [one.name, { ...one, expiresAt: dateText(one.expiresAt) }])),
    ),
  ];
}

function shownRule({ name, match, expiresAt, ...said }: Rule): [string, object] {
  const ends = expiresAt === undefined ? {} : { expiresAt: dateText(expiresAt) };
  return [name, { match: matchText(match).trim(), ...said, ...ends }];
}

/** A specification is too long for a line: what is done with violations stands there, of the rest that it differs. */
function specChanges(before: ReadonlyMap<string, ApiSpec>, after: ReadonlyMap<string, ApiSpec>): string[] {
  const said = ({ host, violations, document: { operations, basePaths } }: ApiSpec): object => {
    return { host, basePaths, operations: operations.length, violations };
  };
  const shown = (specs: ReadonlyMap<string, ApiSpec>) => new Map([...specs].map(([name, one]) => [name, said(one)]));
  const inside = [...after].flatMap(([name, spec]) => {
    const old = before.get(name);
    const isSame = old === undefined || textOf(said(old)) !== textOf(said(spec)) || textOf(old) === textOf(spec);
    return isSame ? [] : [`~ specification ${name}: its document is another one`];
  });
  return [...objectChanges("specification", shown(before), shown(after)), ...inside];
}

function shownThreshold({ name, match, key, values, limit, for: time, ...said }: Threshold): [string, object] {
  const shown = {
    limit: { ...limit, per: secondsText(limit.per) },
    key: key.map(keyPartText),
    ...(values && { values: keyPartText(values) }),
    ...(time !== undefined && { for: secondsText(time) }),
    ...said,
    match: matchText(match).trim(),
  };
  return [name, shown];
}

function fieldChanges(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((field) => {
    const [old, now] = [textOf(before.get(field)), textOf(after.get(field))];
    return old === now ? [] : [`~ ${field}: ${old} → ${now}`];
  });
}

function objectChanges(
  kind: string,
  before: ReadonlyMap<string, object>,
  after: ReadonlyMap<string, object>,
): string[] {
  const gone = [...before].filter(([name]) => !after.has(name)).map(([name]) => `- ${kind} ${name}`);
  const rest = [...after].flatMap(([name, object]) => {
    const old = before.get(name);
    if (old === undefined) return [`+ ${kind} ${name}: ${textOf(object)}`];
    return textOf(old) === textOf(object) ? [] : [`~ ${kind} ${name}: ${textOf(old)} → ${textOf(object)}`];
  });
  return [...gone, ...rest];
}

/** Networks hold numbers that JSON has no form for. */
function textOf(value: unknown): string {
  if (value === undefined) return "none";
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? part.toString(16) : part));
}
