/** Values of the charts of Wallarm and ingress-nginx: what of them is a policy, and where the rest is said here. */
import { networkSchema } from "../network.ts";
import type { Draft, Origin, Report } from "./draft.ts";
import { leavesOf, type Manifest, valueAt } from "./manifest.ts";
import { mergeSettings, readSetting, type Written } from "./settings.ts";

/** Keys that are settings of a policy, by the name of the annotation that says the same. */
const SETTINGS: Readonly<Record<string, string>> = {
  "config.wallarm.mode": "mode",
  "config.wallarm.modeAllowOverride": "mode-allow-override",
  "config.wallarm.fallback": "fallback",
  "config.wallarm.enableLibDetection": "enable-libdetection",
  "config.wallarm.aclExportEnable": "acl-export-enable",
  "config.wallarm.parseResponse": "parse-response",
  "config.wallarm.unpackResponse": "unpack-response",
  "config.wallarm.parseWebsocket": "parse-websocket",
  "config.wallarm.api.nodeGroup": "node-group",
  "config.wallarm.apiFirewall.mode": "api-firewall-enabled",
  "config.api.nodeGroup": "node-group",
  "config.connector.mode_override": "mode",
  "config.connector.route_config.wallarm_mode": "mode",
  "config.connector.route_config.wallarm_application": "application",
  "controller.wallarm.fallback": "fallback",
};
const TRUSTED = ["config.nginx.setRealIpFrom", "config.agent.loadBalancerTrustedCIDRs"];
const HEADERS = ["config.nginx.realIpHeader", "config.agent.loadBalancerRealIPHeader"];
/** Why the other keys are not carried over, the first that fits. */
const LEFT: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:config\.(?:wallarm\.)?api|controller\.wallarm\.(?:token|apiHost|existingSecret))\b/,
    "no account and no token is needed; delete them",
  ],
  [
    /^(?:config\.connector\.(?:route_config|input_filters))\b/,
    "settings for a part of the requests are scopes; see docs/policy.md",
  ],
  [/^(?:config\.(?:wallarm\.)?apiFirewall)\b/, "an OpenAPI document is a WafApiSpec; see docs/api-specification.md"],
  [
    /^controller\.config\.(?:modsecurity-snippet|enable-(?:modsecurity|owasp))/,
    "hand the snippet to merlon import seclang, and set spec.defaults.mode",
  ],
  [
    /-snippets?$|nginx-|^config\.profiles/,
    "pieces of another server's configuration are not taken; write a scope or a rule",
  ],
  [
    /^postanalytics|wstore|^aggregation|^config\.aggregation/,
    "the store of records has its own settings; see docs/store.md",
  ],
  [/^config\.(?:wcli|wallarm\.wd)/, "there are no such programs; see docs/metrics.md and docs/records.md"],
  [
    /^config\.(?:injectionStrategy|annotationPrefix|nginx|agent|connector)/,
    "it sets up proxies and not a policy; see docs/protect.md",
  ],
];
const CHART = "it sets up the cluster and not a policy; see the values of the chart";

/** @returns the policy of the values; none where they say nothing of one */
export function readValues(manifest: Manifest, origin: Origin, report: Report): Draft[] {
  const { content, place } = manifest;
  let defaults: Written = {};
  const groups = new Map<string, string[]>();
  for (const [path, value] of leavesOf(content)) {
    const setting = origin === "wallarm" && Object.hasOwn(SETTINGS, path) ? SETTINGS[path] : undefined;
    if (TRUSTED.includes(path) || HEADERS.includes(path)) continue;
    const outcome = setting === undefined ? undefined : readSetting(setting, String(value));
    if (outcome === undefined) {
      const why = LEFT.find(([pattern]) => pattern.test(path))?.[1] ?? CHART;
      groups.set(why, [...(groups.get(why) ?? []), path]);
      continue;
    }
    defaults = mergeSettings(defaults, outcome.settings);
    if (outcome.left.length === 0) report.taken();
    for (const why of outcome.left) report.left(place, path, why);
  }
  const client = origin === "wallarm" ? clientOf(manifest, report) : {};
  for (const [why, paths] of groups) {
    const more = paths.length > 3 ? ` and ${paths.length - 3} more` : "";
    report.left(place, `${paths.slice(0, 3).join(", ")}${more}`, why);
  }
  const all = mergeSettings(defaults, client);
  return Object.keys(all).length === 0
    ? []
    : [{ name: "values", from: "values", defaults: all, scopes: [], rules: [] }];
}

/** Whom the address of a client is believed from. */
function clientOf({ content, place }: Manifest, report: Report): Written {
  for (const path of HEADERS) {
    const header = valueAt(content, path);
    if (header === undefined || String(header).toLowerCase() === "x-forwarded-for") continue;
    report.left(place, path, "only X-Forwarded-For is read; let the proxy in front send it");
  }
  const written = TRUSTED.map((path) => ({ path, value: valueAt(content, path) })).find(({ value }) =>
    Array.isArray(value),
  );
  if (written === undefined || !Array.isArray(written.value)) return {};
  const networks = written.value.map(String);
  const bad = networks.filter((one) => !networkSchema.safeParse(one).success);
  for (const one of bad) report.left(place, `${written.path}: ${one}`, "is no network; write one such as 10.0.0.0/8");
  const trustedCIDRs = networks.filter((one) => !bad.includes(one));
  if (trustedCIDRs.length === 0) return {};
  report.taken();
  return { clientIP: { trustedCIDRs } };
}
