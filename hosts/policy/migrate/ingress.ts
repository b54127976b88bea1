/** Ingresses and their annotations as scopes and rules of one policy. */
import { z } from "zod";
import { networkSchema } from "../network.ts";
import { directivesOf } from "../seclang/directives.ts";
import { translate } from "../seclang/translate.ts";
import { type Draft, INGRESS_PREFIXES, type Origin, plainName, type Report } from "./draft.ts";
import { type Manifest, valueAt } from "./manifest.ts";
import { mergeSettings, readSetting, templateText, type Written } from "./settings.ts";

const ruleSchema = z.object({
  host: z.string().default(""),
  http: z
    .object({
      paths: z.array(z.object({ path: z.string().default("/"), pathType: z.string().default("") })).default([]),
    })
    .prefault({}),
});

/** Where settings count. */
interface Place {
  readonly host?: string;
  readonly path?: string;
}

/** Names of a policy's settings in the Policy resource of NGINX's own controller, and as annotations. */
const POLICY_FIELDS: Readonly<Record<string, string>> = {
  mode: "mode",
  modeAllowOverride: "mode-allow-override",
  fallback: "fallback",
  application: "application",
  blockPage: "block-page",
  unpackResponse: "unpack-response",
  parseResponse: "parse-response",
  parseWebsocket: "parse-websocket",
  parserDisable: "parser-disable",
  partnerClientUUID: "partner-client-uuid",
};
/** Annotations about protection that have no counterpart. */
const LEFT: readonly (readonly [RegExp, string])[] = [
  [/^limit-/, "it limits where it stands; keep it, or write a threshold, docs/thresholds.md"],
  [
    /^proxy-body-size$/,
    "it refuses large bodies, and stays where it is; limits.inspectBytes says how much is looked at",
  ],
  [/^modsecurity-transaction-id$/, "every record has an id of its own; see docs/records.md"],
  [/^(?:server|configuration|location|stream)-snippets?$/, "pieces of another server's configuration are not taken"],
];

/** Collects Ingresses. */
export class IngressPolicy {
  readonly #origin: Origin;
  readonly #report: Report;
  readonly #draft: Draft = { name: "ingress", from: "Ingresses", defaults: {}, scopes: [], rules: [] };
  readonly #scopes = new Map<string, { readonly match: Place; settings: Written }>();
  readonly #policies = new Map<string, readonly [name: string, value: string][]>();
  readonly #ruleNames = new Set<string>();
  #any = false;

  constructor(origin: Origin, report: Report) {
    this.#origin = origin;
    this.#report = report;
  }

  /** @returns the policy of all Ingresses; none where no annotation said anything */
  drafts(): Draft[] {
    const scopes = [...this.#scopes.values()].map(({ match, settings }) => ({ match, ...settings }));
    return this.#any ? [{ ...this.#draft, scopes }] : [];
  }

  /** Takes an object; what is neither an Ingress nor a policy of one is passed by. */
  async take(manifest: Manifest): Promise<void> {
    const { kind, name, content } = manifest;
    if (kind === "Policy") {
      const said = Object.entries(POLICY_FIELDS).flatMap(([field, setting]): [string, string][] => {
        const value = valueAt(content, `spec.wallarm.${field}`);
        const text = Array.isArray(value) ? value.join(";") : value;
        return text === undefined ? [] : [[setting, String(text)]];
      });
      this.#policies.set(name, said);
      return;
    }
    if (kind !== "Ingress" && kind !== "VirtualServer") return;
    const places = this.#placesOf(manifest);
    await this.#annotated(manifest, places);
    if (this.#origin === "wallarm") this.#referred(manifest, places);
  }

  #placesOf(manifest: Manifest): Place[] {
    const { content, kind, place, name, annotations } = manifest;
    if (kind === "VirtualServer") {
      const host = valueAt(content, "spec.host");
      return [typeof host === "string" ? { host } : {}];
    }
    const rules = z.array(ruleSchema).safeParse(valueAt(content, "spec.rules") ?? []);
    if (!rules.success) {
      this.#report.left(place, `Ingress ${name}`, "its rules are no list of hosts and paths; mend it");
      return [];
    }
    const isRegex = INGRESS_PREFIXES.some((prefix) => annotations.get(`${prefix}use-regex`) === "true");
    const isOpen = isRegex || [...annotations.keys()].some((key) => key.endsWith("/rewrite-target"));
    const found = rules.data.flatMap(({ host, http }) => {
      const paths = http.paths.length === 0 ? [{ path: "/", pathType: "Prefix" }] : http.paths;
      return paths.flatMap(({ path, pathType }): Place[] => {
        const template = templateText(path, pathType, isOpen);
        if (typeof template === "string") {
          this.#report.left(place, `Ingress ${name}`, template);
          return [];
        }
        return [{ ...(host === "" ? {} : { host }), ...template }];
      });
    });
    // What holds for a whole host holds for its paths.
    const isCovered = ({ host, path }: Place): boolean =>
      path !== undefined && found.some((one) => one.host === host && one.path === undefined);
    return rules.data.length === 0 ? [{}] : found.filter((one) => !isCovered(one));
  }

  async #annotated(manifest: Manifest, places: readonly Place[]): Promise<void> {
    const { annotations, name, place } = manifest;
    const own = new Map<string, string>();
    for (const prefix of INGRESS_PREFIXES) {
      for (const [key, value] of annotations) if (key.startsWith(prefix)) own.set(key.slice(prefix.length), value);
    }
    for (const [key, value] of own) {
      const what = `Ingress ${name}: ${key}`;
      if (key.startsWith("wallarm-")) this.#setting(key.slice("wallarm-".length), value, places, place, what);
      else await this.#nginx(key, value, places, place, what);
    }
    if (this.#origin === "ingress-nginx") this.#modSecurity(own, places, place, `Ingress ${name}: enable-modsecurity`);
  }

  #setting(setting: string, value: string, places: readonly Place[], place: string, what: string): void {
    const outcome = readSetting(setting, value);
    if (outcome === undefined) {
      this.#report.left(place, what, "no such setting is known; see docs/import.md");
      return;
    }
    if (outcome.left.length === 0) this.#report.taken();
    for (const why of outcome.left) this.#report.left(place, what, why);
    this.#add(outcome.settings, places, place, what);
  }

  #add(settings: Written, places: readonly Place[], place: string, what: string): void {
    this.#any = true;
    const { failure, ...scoped } = settings;
    if (failure !== undefined) {
      const known = this.#draft.defaults.failure;
      const isOther = known !== undefined && JSON.stringify(known) !== JSON.stringify(failure);
      if (isOther)
        this.#report.left(place, what, "failure.trap counts for a whole policy, and another Ingress says else");
      else this.#draft.defaults = mergeSettings(this.#draft.defaults, { failure });
    }
    if (Object.keys(scoped).length === 0) return;
    for (const match of places) {
      const key = `${match.host ?? ""} ${match.path ?? ""}`;
      const known = key === " " ? this.#draft.defaults : (this.#scopes.get(key)?.settings ?? {});
      for (const [field, now] of Object.entries(scoped)) {
        const before = Object.entries(known).find(([one]) => one === field)?.[1];
        if (before === undefined || JSON.stringify(before) === JSON.stringify(now)) continue;
        this.#report.left(
          place,
          what,
          `another Ingress says else of ${field} for ${key.trim() || "all"}; the last one counts`,
        );
      }
      if (key === " ") this.#draft.defaults = mergeSettings(known, scoped);
      else this.#scopes.set(key, { match, settings: mergeSettings(known, scoped) });
    }
  }

  async #nginx(key: string, value: string, places: readonly Place[], place: string, what: string): Promise<void> {
    const reason = LEFT.find(([pattern]) => pattern.test(key))?.[1];
    if (reason !== undefined) this.#report.left(place, what, reason);
    if (key === "modsecurity-snippet" && this.#origin === "ingress-nginx")
      await this.#snippet(value, places, place, what);
    const isAllow = /^(?:white|allow)list-source-range$/.test(key);
    if (!isAllow && key !== "denylist-source-range") return;
    const networks = value.split(/[\s,]+/).filter((one) => one !== "");
    const bad = networks.find((one) => !networkSchema.safeParse(one).success);
    if (bad !== undefined || networks.length === 0) {
      this.#report.left(place, what, `${bad ?? "it"} is no network; write ip in ["10.0.0.0/8"] in a rule`);
      return;
    }
    this.#report.taken();
    const inside = `ip in ${JSON.stringify(networks)}`;
    const rule = { kind: "vpatch", when: isAllow ? `!(${inside})` : inside, type: "blocked_source" };
    this.#addRule(`${isAllow ? "only" : "not"}-from-${plainName(what.split(" ")[1] ?? "")}`, rule, places);
  }

  /** ModSecurity, where it is on at all, only watches until a snippet says otherwise. */
  #modSecurity(own: ReadonlyMap<string, string>, places: readonly Place[], place: string, what: string): void {
    const isOn = own.get("enable-modsecurity");
    if (isOn === undefined) return;
    this.#report.taken();
    const engine = /^\s*SecRuleEngine\s+(\w+)/im.exec(own.get("modsecurity-snippet") ?? "")?.[1]?.toLowerCase();
    const mode = isOn !== "true" || engine === "off" ? "off" : engine === "on" ? "block" : "monitoring";
    this.#add({ mode }, places, place, what);
  }

  async #snippet(value: string, places: readonly Place[], place: string, what: string): Promise<void> {
    const files = { read: () => Promise.resolve(""), find: () => Promise.resolve([]) };
    const directives = directivesOf(value, what).filter(({ name }) => !/^(?:include|secruleengine)$/i.test(name));
    const { rules, refusals } = await translate(directives, files, { paranoia: 1, type: "custom" });
    for (const { line, text } of refusals) this.#report.left(place, `${what}, line ${line}`, text);
    for (const { name, when, type, action, experimental } of rules) {
      this.#report.taken();
      this.#addRule(name, { when, type, action, ...(experimental ? { experimental } : {}) }, places);
    }
    if (/^\s*Include\s/im.test(value))
      this.#report.left(place, what, "Include — Merlon's signatures need no rules; see docs/import.md");
  }

  #addRule(name: string, rule: object, places: readonly Place[]): void {
    this.#any = true;
    for (const match of places) {
      let own = name;
      for (let count = 2; this.#ruleNames.has(own); count++) own = `${name.slice(0, 52)}-${count}`;
      this.#ruleNames.add(own);
      const scope = Object.keys(match).length === 0 ? {} : { match };
      this.#draft.rules.push({ name: own, ...scope, ...rule });
    }
  }

  /** Policies that an Ingress names, as NGINX's own controller reads them. */
  #referred({ annotations, place, name, kind, content }: Manifest, places: readonly Place[]): void {
    const list = z.array(z.object({ name: z.string() })).safeParse(valueAt(content, "spec.policies") ?? []);
    const named = kind === "VirtualServer" && list.success ? list.data.map((one) => one.name) : [];
    const written = annotations.get("nginx.org/policies") ?? "";
    for (const policy of [...named, ...written.split(",").map((one) => one.trim())]) {
      if (policy === "") continue;
      const said = this.#policies.get(policy.split("/").at(-1) ?? "");
      if (said === undefined) {
        this.#report.left(place, `${kind} ${name}: policy ${policy}`, "it is not among the objects; add it");
      }
      for (const [setting, value] of said ?? []) {
        this.#setting(setting, value, places, place, `${kind} ${name}: policy ${policy}, ${setting}`);
      }
    }
  }
}
