/** What a policy says of one request, and which parts of it say so: asked of the core itself, never computed twice. */
import type { Engine } from "../../core/engine.ts";
import type { Mode } from "../../core/verdict.ts";
import { applicationsOf } from "../../policy/application.ts";
import { fitsRequest, type RequestPlace, templateText } from "../../policy/coverage.ts";
import { compilePolicy } from "../../policy/image.ts";
import { type Match, sortMatches } from "../../policy/match.ts";
import type { Policy } from "../../policy/schema.ts";
import type { Overlay } from "./overlay.ts";

/** What it says. */
export interface PolicyExplanation {
  readonly mode: Mode;
  readonly steps: readonly { readonly from: string; readonly says: string }[];
  readonly exceptions: readonly string[];
  readonly application: string | null;
}

const PEER = "203.0.113.9";

/** @returns a scope in the words of people */
export function scopeText({ host, method, path }: Match): string {
  const parts = [method, host, path === undefined ? undefined : templateText(path)];
  return parts.filter((part) => part !== undefined).join(" ") || "every request";
}

/** Explains policies. */
export class PolicyLens {
  readonly #engine: Engine;

  /** @param engine of its own: its policy is changed */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @throws MerlonError MERLON_POLICY where the policy cannot be compiled */
  explain(policy: Policy, overlay: Overlay, place: RequestPlace, nowSeconds: number): PolicyExplanation {
    this.#engine.loadPolicy("active", compilePolicy(policy));
    const transaction = this.#engine.begin(PEER, nowSeconds);
    const head = `${place.method} ${place.path} HTTP/1.1\r\nhost: ${place.host}\r\n\r\n`;
    transaction.raw(Buffer.from(head, "latin1"));
    transaction.end();
    const settings = transaction.settings();
    const { mode } = transaction.verdict();
    transaction.free();
    const application = settings === null ? undefined : applicationsOf(policy).get(settings.application);
    const exceptions = (policy.exceptions ?? []).filter(({ match, expiresAt }) => {
      return expiresAt > nowSeconds && fitsRequest(match, place);
    });
    return {
      mode,
      steps: stepsOf(policy, overlay, place),
      exceptions: exceptions.map(({ name }) => name),
      application: application ?? null,
    };
  }
}

/** From the widest to the closest, and last what has the last word. */
function stepsOf(policy: Policy, overlay: Overlay, place: RequestPlace): { from: string; says: string }[] {
  const { scopes = [], mode, modeAllowOverride, console: said } = policy;
  const fitting = scopes.filter(({ match }) => fitsRequest(match, place));
  const order = sortMatches(fitting.map(({ match }) => match));
  const byMatch = new Map(fitting.map((scope) => [scope.match, scope]));
  const steps = [{ from: "defaults", says: `mode ${mode}, override ${modeAllowOverride}` }];
  for (const match of order) {
    const { match: _match, ...rest } = byMatch.get(match) ?? { match };
    const words = Object.entries(rest).map(([field, value]) => {
      return `${field} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
    });
    steps.push({ from: `scope ${scopeText(match)}`, says: words.join(", ").slice(0, 500) });
  }
  if (said.mode !== "default") steps.push({ from: "console mode of the policy", says: `mode ${said.mode}` });
  for (const rule of said.rules) {
    const path = place.path;
    const fits = path === rule.path || path.startsWith(rule.path.endsWith("/") ? rule.path : `${rule.path}/`);
    if (fits && (rule.method ?? place.method) === place.method) {
      steps.push({ from: `console rule ${rule.path}`, says: `mode ${rule.mode}` });
    }
  }
  if (overlay.mode !== null) {
    const { item, by } = overlay.mode;
    steps.push({ from: `this console, ${by}: ${item.reason}`, says: `mode ${item.mode}, whatever else is written` });
  }
  return steps;
}
