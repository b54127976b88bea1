/**
 * What can be wrong between a client and Merlon in an Envoy: pure, from what the admin interface says to findings. Each
 * names the hop that is broken, why that matters, and the fix.
 */
import { z } from "zod";
import { MODES } from "../../core/verdict.ts";
import { bytesText } from "../../policy/quantity.ts";
import { showWord } from "../text.ts";
import type { Patient } from "./admin.ts";
import { extProcSchema, type HttpChain, type HttpFilter, speaksHttp2, wasmSchema } from "./config-dump.ts";

/** How bad it is: requests are lost or not looked at; something may be lost; for information. */
export const LEVELS = ["broken", "risk", "ok"] as const;

/** One thing that was looked at. */
export interface Finding {
  readonly level: (typeof LEVELS)[number];
  /** Stable, for scripts. */
  readonly code: string;
  readonly what: string;
  /** What to do; empty where all is well. */
  readonly fix: string;
}

const EXT_PROC = /\.ExternalProcessor$/;
const WASM = /\.Wasm$/;
const WORD_CHARS_MAX = 200;

/** @param hops proxies in front of Envoy that append to X-Forwarded-For; null where nobody said */
export function diagnose(patient: Patient, hops: number | null): Finding[] {
  const { managers, errors } = patient.configuration;
  const findings = [...rejections(patient, errors)];
  let found = 0;
  for (const manager of managers) {
    const filters = manager.http_filters.flatMap((filter) => merlonIn(patient, filter));
    found += filters.length;
    if (filters.length > 0) findings.push(...clientAddress(manager, hops));
    for (const filter of filters) {
      findings.push(
        ...(EXT_PROC.test(typeOf(filter))
          ? checkExtProc(patient, manager, filter)
          : checkWasm(patient, manager, filter)),
      );
    }
  }
  if (found === 0) findings.push(absent(managers));
  return findings.sort((one, other) => LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level));
}

function finding(level: Finding["level"], code: string, what: string, fix = ""): Finding {
  return { level, code, what, fix };
}

function typeOf(filter: HttpFilter): string {
  return filter.typed_config?.["@type"] ?? "";
}

/** The filter itself, or what discovery brought under its name, where it is Merlon's. */
function merlonIn({ configuration }: Patient, filter: HttpFilter): HttpFilter[] {
  const one = filter.config_discovery === undefined ? filter : configuration.discovered.get(filter.name);
  if (one === undefined || !(EXT_PROC.test(typeOf(one)) || WASM.test(typeOf(one)))) return [];
  if (/merlon/i.test(one.name)) return [one];
  if (EXT_PROC.test(typeOf(one))) return /merlon/i.test(clusterOf(one)) ? [one] : [];
  const { name, root_id: root, vm_config: vm } = wasmSchema.parse(one.typed_config).config;
  return [name, root, vm.vm_id].some((word) => /merlon/i.test(word)) ? [one] : [];
}

function clusterOf(filter: HttpFilter): string {
  return extProcSchema.parse(filter.typed_config).grpc_service?.envoy_grpc?.cluster_name ?? "";
}

function absent(managers: readonly HttpChain[]): Finding {
  const listeners = [...new Set(managers.map(({ listener }) => listener))].map((name) => showWord(name)).join(", ");
  const where = listeners === "" ? "there is no listener for HTTP" : `listeners: ${listeners.slice(0, WORD_CHARS_MAX)}`;
  return finding(
    "broken",
    "filter-absent",
    `no filter of Merlon's is in any listener (${where})`,
    'apply what "merlon connector print" prints; with Istio, check the selector and the namespace of the EnvoyFilter',
  );
}

function sumOf({ stats }: Patient, pattern: RegExp): number {
  let sum = 0;
  for (const [name, value] of stats) if (pattern.test(name)) sum += value;
  return sum;
}

/** Configurations that Envoy did not take: it goes on with the one before, or without. */
function rejections(patient: Patient, errors: readonly string[]): Finding[] {
  const fix = "mend what is named, and apply it again";
  const named = errors.map((details) =>
    finding("broken", "config-rejected", `Envoy rejected a configuration: ${showWord(details.slice(0, 400))}`, fix),
  );
  const counted = sumOf(patient, /(?:lds|cds)\.update_rejected$|extension_config_discovery\..*\.config_fail$/);
  if (named.length > 0 || counted === 0) return named;
  const what = `Envoy rejected ${counted} configurations since it started, and has taken others since`;
  return [finding("risk", "config-rejected", what, "see Envoy's log for the reason")];
}

function clientAddress(manager: HttpChain, hops: number | null): Finding[] {
  const { listener, use_remote_address: isEdge = false, xff_num_trusted_hops: trusted = 0 } = manager;
  const where = `listener ${showWord(listener)}`;
  if ((manager.original_ip_detection_extensions ?? []).length > 0) return [];
  if (hops !== null && trusted !== hops) {
    const what = `${where}: the client's address is lost — ${hops} proxies stand in front, and it trusts ${trusted}`;
    return [finding("broken", "client-ip", what, `set xff_num_trusted_hops: ${hops} (Istio: numTrustedProxies)`)];
  }
  if (isEdge || trusted > 0) return [];
  const what = `${where}: anyone can write the client's address into X-Forwarded-For`;
  return [finding("risk", "client-ip", what, "set use_remote_address: true where no trusted proxy stands in front")];
}

function checkExtProc(patient: Patient, manager: HttpChain, filter: HttpFilter): Finding[] {
  const config = extProcSchema.parse(filter.typed_config);
  const name = clusterOf(filter);
  const where = `listener ${showWord(manager.listener)}, ext_proc`;
  const mode = config.observability_mode ? "out of band: nothing is blocked" : config.processing_mode.request_body_mode;
  const side = config.failure_mode_allow ? "open" : "closed";
  const findings = [finding("ok", "filter", `${where}: ${mode}, failure ${side}`)];
  if (config.processing_mode.request_header_mode === "SKIP") {
    findings.push(finding("broken", "head-skipped", `${where}: heads are not sent`, "set request_header_mode: SEND"));
  }
  if (!config.request_attributes.includes("source.address")) {
    const what = `${where}: the server does not learn the client's address`;
    findings.push(finding("risk", "client-ip", what, "add source.address to request_attributes"));
  }
  findings.push(...checkProcessor(patient, name, where));
  const open = sumOf(patient, /\.ext_proc\.failure_mode_allowed$/);
  if (open > 0) {
    const what = `${where}: ${open} requests went on without being looked at, since the server did not answer`;
    findings.push(finding("risk", "failed-open", what, "see to the server: merlon extproc"));
  }
  return findings;
}

/** The hop from Envoy to the server. */
function checkProcessor(patient: Patient, name: string, where: string): Finding[] {
  const cluster = patient.configuration.clusters.get(name);
  const shown = showWord(name);
  if (cluster === undefined) {
    const fix = "add the cluster that connector print prints; with Istio's own, check the Service's name and port";
    return [finding("broken", "cluster-absent", `${where}: its cluster ${shown} is not there`, fix)];
  }
  const findings: Finding[] = [];
  if (!speaksHttp2(cluster)) {
    const what = `${where}: cluster ${shown} speaks HTTP/1, and gRPC needs HTTP/2: every request fails`;
    const fix = "give it http2_protocol_options; in Kubernetes, give the Service's port appProtocol kubernetes.io/h2c";
    findings.push(finding("broken", "cluster-http1", what, fix));
  }
  const stat = (suffix: string): number => patient.stats.get(`cluster.${name}.${suffix}`) ?? 0;
  if (stat("ssl.fail_verify_san") > 0) {
    const what = `${where}: the server's certificate has another name than cluster ${shown} asks for`;
    findings.push(finding("broken", "tls-name", what, "print it with --tls-name <the certificate's name>"));
  } else if (stat("ssl.fail_verify_error") > 0 || stat("ssl.connection_error") > 0) {
    const what = `${where}: TLS to cluster ${shown} fails`;
    findings.push(finding("broken", "tls", what, "compare --tls-ca with the authority of the server's certificate"));
  }
  if (stat("membership_healthy") === 0) {
    const what = `${where}: cluster ${shown} has no endpoint that is up`;
    findings.push(finding("broken", "no-endpoint", what, "check the name, and that merlon extproc runs"));
  } else if (stat("upstream_cx_connect_fail") > 0 && stat("upstream_cx_active") === 0) {
    const what = `${where}: no connection to cluster ${shown} can be made`;
    findings.push(finding("broken", "no-connection", what, "check that merlon extproc listens where the cluster says"));
  }
  return findings;
}

/** The begin of an image, as far as the doctor reads it; see assembly/policy/image.ts. */
const IMAGE_MODE_AT = 16;
const IMAGE_HOLD_AT = 24;
const HOLD_BYTES = 512 * 1024;
const pluginSchema = z.looseObject({
  policy: z.string().optional(),
  mode: z.string().optional(),
  holdHead: z.boolean().default(true),
  policyCluster: z.string().optional(),
});

/** What the plugin was told; null where it is no JSON, which the plugin would have refused. */
function pluginOf(text: string | undefined): z.output<typeof pluginSchema> | null {
  try {
    return pluginSchema.parse(JSON.parse(text === undefined || text === "" ? "{}" : text));
  } catch {
    return null;
  }
}

function checkWasm(patient: Patient, manager: HttpChain, filter: HttpFilter): Finding[] {
  const { config } = wasmSchema.parse(filter.typed_config);
  const where = `listener ${showWord(manager.listener)}, wasm`;
  const plugin = pluginOf(config.configuration?.value);
  const findings: Finding[] = [];
  const image = Buffer.from(plugin?.policy ?? "", "base64");
  const hold = image.length > IMAGE_HOLD_AT + 4 ? image.readUInt32LE(IMAGE_HOLD_AT) : HOLD_BYTES;
  const mode = plugin?.mode ?? MODES[image.length > IMAGE_MODE_AT ? image.readUInt8(IMAGE_MODE_AT) : 1] ?? "unknown";
  findings.push(finding("ok", "filter", `${where}: mode ${showWord(mode)}, bodies held up to ${bytesText(hold)}`));
  const stops = config.allow_on_headers_stop_iteration;
  const mayStop = typeof stops === "object" ? stops.value : stops === true;
  if (!mayStop && plugin?.holdHead !== false) {
    const what = `${where}: requests with a body hang, since the filter may not stop at their head`;
    const fix = 'set allow_on_headers_stop_iteration: true, or tell the plugin "holdHead": false';
    findings.push(finding("broken", "head-stop", what, fix));
  }
  if (config.failure_policy !== "FAIL_RELOAD") {
    const after = config.fail_open || config.failure_policy === "FAIL_OPEN" ? "lets everything pass" : "answers 503";
    const what = `${where}: after one trap the worker ${after} until Envoy is started again`;
    findings.push(finding("risk", "failure-policy", what, "set failure_policy: FAIL_RELOAD"));
  }
  if (manager.bufferBytes <= hold) {
    const what = `${where}: Envoy buffers ${bytesText(manager.bufferBytes)}, the policy holds ${bytesText(hold)}`;
    const fix = "raise per_connection_buffer_limit_bytes, or lower limits.holdBytes: Envoy answers 413 otherwise";
    findings.push(finding("broken", "buffer-limit", what, fix));
  }
  return [...findings, ...checkVm(patient, where), ...checkPolicy(patient, where, plugin?.policyCluster !== undefined)];
}

/** Values of the gauge of where the policy comes from, as hosts/dataplane/envoy/policy-gauges.ts has them. */
const LIVE = 2;

/** The policy that is in force, by what the filter tells: the configuration says only where it began. */
function checkPolicy({ stats }: Patient, where: string, follows: boolean): Finding[] {
  const told = (name: string): number => stats.get(`wasmcustom.merlon.policy.${name}`) ?? 0;
  const findings: Finding[] = [];
  const hash = told("hash").toString(16).padStart(12, "0");
  if (follows && told("source") === LIVE) findings.push(finding("ok", "policy", `${where}: follows policy ${hash}`));
  else if (follows && stats.has("wasmcustom.merlon.policy.source")) {
    const what = `${where}: the policy service does not answer (${told("failures")} times), an older policy counts`;
    const fix = "check the cluster merlon-policy: its address, its certificate, and the node's token or certificate";
    findings.push(finding("risk", "policy-away", what, fix));
  }
  if (told("refused") > 0) {
    const what = `${where}: ${told("refused")} policies of the policy service were refused`;
    findings.push(finding("risk", "policy-refused", what, "use the same release for both; see Envoy's log"));
  }
  if (told("entries_left_out") > 0) {
    const what = `${where}: ${told("entries_left_out")} entries of IP lists are not in the filter`;
    const fix = "shorten the lists, or use ext_proc: the filter has 1 MiB for networks and no countries or systems";
    findings.push(finding("risk", "lists-cut", what, fix));
  }
  return findings;
}

function checkVm(patient: Patient, where: string): Finding[] {
  const findings: Finding[] = [];
  const fetches = sumOf(patient, /^wasm\..*remote_load_fetch_failures$/);
  if (fetches > 0) {
    const what = `${where}: the module could not be fetched (${fetches} times)`;
    findings.push(finding("broken", "module-fetch", what, "check its URL, its hash, and Envoy's way to it"));
  }
  if (patient.stats.get("wasm.envoy.wasm.runtime.v8.active") === 0) {
    const what = `${where}: no instance of the module runs`;
    findings.push(finding("broken", "vm-absent", what, "see Envoy's log for the reason"));
  }
  const reloads = sumOf(patient, /vm_reload_(?:success|failure|backoff)$/);
  if (reloads > 0) {
    const what = `${where}: the module trapped, and requests were answered 503 meanwhile (${reloads} reloads or waits)`;
    findings.push(finding("risk", "vm-failed", what, "please report it, with Envoy's log"));
  }
  const refused = patient.stats.get("wasmcustom.merlon.configurations_refused") ?? 0;
  if (refused > 0) {
    const what = `${where}: ${refused} configurations of the plugin were refused`;
    findings.push(finding("risk", "plugin-config", what, 'see Envoy\'s log for "the configuration is refused"'));
  }
  return findings;
}
