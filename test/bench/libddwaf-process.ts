/**
 * libddwaf behind its Node binding, in its own process. The folder of the installed packages is the only argument;
 * they are no dependency of Merlon, so they are loaded from there at run time.
 *
 * Only the engine is measured: libddwaf takes parsed addresses, and parsing the request for it happens before.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import { type BenchRequest, headerOf } from "./mix.ts";
import { serve } from "./wire.ts";

/** The binding's own default is 5 ms, after which it gives up; a peer that gives up is not a fast peer. */
const TIMEOUT_US = 10_000_000;
const RULES = "dd-trace/packages/dd-trace/src/appsec/recommended.json";
const BINDING = "@datadog/native-appsec";

interface Context {
  run(payload: { persistent: object }, timeoutUs: number): { readonly events?: readonly object[] };
  dispose(): void;
}

const versionSchema = z.object({ version: z.string() });
const rulesSchema = z.looseObject({ metadata: z.object({ rules_version: z.string() }) });
// The binding is native code: that its exports are callable is all that can be checked of them.
const bindingSchema = z.object({ DDWAF: z.custom<BindingClass>((value) => typeof value === "function") });
type BindingClass = new (rules: object, path: string) => { createContext(): Context };

const folder = process.argv[2] ?? "";
const load = createRequire(join(folder, "node_modules", "_"));
const { DDWAF } = bindingSchema.parse(load(BINDING));
const rules = rulesSchema.parse(JSON.parse(readFileSync(join(folder, "node_modules", RULES), "utf8")));
const { version } = versionSchema.parse(load(`${BINDING}/package.json`));
const waf = new DDWAF(rules, "recommended");

serve({
  name: `libddwaf (node binding ${version}, rules ${rules.metadata.rules_version})`,
  prepare: addresses,
  inspect: (prepared) => void run(prepared),
  blocks: (prepared) => (run(prepared).events?.length ?? 0) > 0,
});

function run(persistent: object): { readonly events?: readonly object[] } {
  const context = waf.createContext();
  const result = context.run({ persistent }, TIMEOUT_US);
  context.dispose();
  return result;
}

/** The addresses that its tracer gives it for a request, under the names of its rules. */
function addresses(request: BenchRequest): object {
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const name = (request.rawHeaders[at] ?? "").toLowerCase();
    if (name !== "cookie") headers[name] = request.rawHeaders[at + 1] ?? "";
  }
  const query = request.target.indexOf("?");
  return {
    "http.client_ip": "192.0.2.10",
    "server.request.method": request.method,
    "server.request.uri.raw": request.target,
    "server.request.query": query < 0 ? {} : parsePairs(request.target.slice(query + 1), "&"),
    "server.request.headers.no_cookies": headers,
    "server.request.cookies": parsePairs(headerOf(request, "cookie"), ";"),
    "server.request.body": parseBody(request),
  };
}

function parseBody(request: BenchRequest): unknown {
  if (request.body.length === 0) return undefined;
  const type = headerOf(request, "content-type").toLowerCase();
  const text = new TextDecoder().decode(request.body);
  if (type.startsWith("application/x-www-form-urlencoded")) return parsePairs(text, "&");
  if (!type.includes("json")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // A body that is not what it says is still inspected, as text.
  }
}

function parsePairs(text: string, separator: string): Record<string, string[]> {
  const pairs: Record<string, string[]> = Object.create(null);
  for (const pair of text.split(separator)) {
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals)).trim();
    if (name === "" && equals < 0) continue;
    const values = pairs[name] ?? [];
    values.push(equals < 0 ? "" : decode(pair.slice(equals + 1)));
    pairs[name] = values;
  }
  return pairs;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
