/** From manifests to policies: one for all Ingresses, one for each workload with a sidecar, one for values. */
import { stringify } from "yaml";
import { API_VERSION } from "../schema.ts";
import { type Draft, type Origin, plainName, type Report } from "./draft.ts";
import { IngressPolicy } from "./ingress.ts";
import { type Manifest, valueAt } from "./manifest.ts";
import { mergeSettings, readSetting, type Written } from "./settings.ts";
import { readValues } from "./values.ts";

/** One policy file. */
export interface MigratedPolicy {
  /** Of the file: lower case, digits and dashes. */
  readonly name: string;
  /** What it is made of. */
  readonly from: string;
  readonly text: string;
}

/** What came of the manifests. */
export interface Migration {
  readonly policies: readonly MigratedPolicy[];
  /** A line for each thing that was not carried over: place, what, why, and the nearest thing. */
  readonly left: readonly string[];
  readonly settings: number;
}

/** Prefix of annotations on pods. */
const POD_PREFIX = "sidecar.wallarm.io/";
/** Pod annotations that set up the pod and say nothing of a policy, by the beginnings of their names. */
const POD_ONLY =
  /^(?:application-port|helper-|init-|proxy-(?:cpu|memory)|nginx-(?:listen|status|health|worker|wallarm)|sidecar-)/;
const POD_REFUSED = /^(?:nginx-|proxy-)/;

/** @returns the policies that say what the manifests said */
export async function migrate(manifests: readonly Manifest[], origin: Origin): Promise<Migration> {
  const left: string[] = [];
  let settings = 0;
  const report: Report = {
    taken() {
      settings++;
    },
    left(place, what, why) {
      left.push(`${place}: ${what} — ${why}`);
    },
  };
  const ingress = new IngressPolicy(origin, report);
  const drafts: Draft[] = [];
  // Policies that others name come first, wherever they stand.
  const isNamed = ({ kind }: Manifest): boolean => kind === "Policy";
  for (const manifest of manifests.toSorted((a, b) => Number(isNamed(b)) - Number(isNamed(a)))) {
    const draft = origin === "wallarm" ? workloadOf(manifest, report) : undefined;
    if (draft !== undefined) drafts.push(draft);
    else if (manifest.kind === "") drafts.push(...readValues(manifest, origin, report));
    else await ingress.take(manifest);
  }
  const all = [...ingress.drafts(), ...drafts];
  return { policies: named(all).map(policyFile), left, settings };
}

function policyFile({ name, from, defaults, scopes, rules }: Draft): MigratedPolicy {
  const spec = { defaults, ...(scopes.length > 0 ? { scopes } : {}), ...(rules.length > 0 ? { rules } : {}) };
  const document = { apiVersion: API_VERSION, kind: "WafPolicy", metadata: { name }, spec };
  return { name, from, text: `# From ${from}\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}` };
}

/** Two objects of one name get files of two names. */
function named(drafts: readonly Draft[]): Draft[] {
  const known = new Map<string, number>();
  return drafts.map((draft) => {
    const count = (known.get(draft.name) ?? 0) + 1;
    known.set(draft.name, count);
    return count === 1 ? draft : { ...draft, name: `${draft.name}-${count}` };
  });
}

/** A pod's template, wherever its kind has it. */
function podAnnotations({ content, annotations, kind }: Manifest): ReadonlyMap<string, string> {
  if (kind === "Pod") return annotations;
  const paths = ["spec.template.metadata.annotations", "spec.jobTemplate.spec.template.metadata.annotations"];
  const found = paths.map((path) => valueAt(content, path)).find((one) => one !== undefined);
  const entries = typeof found === "object" && found !== null ? Object.entries(found) : [];
  return new Map(entries.map(([name, value]) => [name, String(value)]));
}

function workloadOf(manifest: Manifest, report: Report): Draft | undefined {
  const own = [...podAnnotations(manifest)].filter(([name]) => name.startsWith(POD_PREFIX));
  if (own.length === 0) return undefined;
  const { place, kind, name } = manifest;
  let defaults: Written = {};
  for (const [annotation, value] of own) {
    const setting = annotation.slice(POD_PREFIX.length);
    const outcome = readSetting(setting.replace(/^wallarm-/, ""), value);
    const what = `${kind} ${name}: ${annotation}`;
    if (outcome === undefined) report.left(place, what, podReason(setting));
    else {
      defaults = mergeSettings(defaults, outcome.settings);
      if (outcome.left.length === 0) report.taken();
      for (const why of outcome.left) report.left(place, what, why);
    }
  }
  return { name: plainName(name), from: `${kind} ${name}`, defaults, scopes: [], rules: [] };
}

function podReason(setting: string): string {
  if (POD_ONLY.test(setting) || setting === "profile" || setting === "status")
    return "it sets up the pod and not the policy; see docs/protect.md for the proxy's flags";
  if (POD_REFUSED.test(setting))
    return "pieces of another server's configuration are not taken; write a scope or a rule";
  return "no such setting is known; see docs/import.md";
}
