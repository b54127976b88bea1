/** From variables of SecLang to parts of a request that our expressions can ask. */
import { SecLangFault, type Variable } from "./rule-text.ts";

/** What a rule can ask: one text, which may be missing, or every reading of the values at some points. */
export type Target =
  | { readonly kind: "text"; readonly subject: string; readonly has?: string; readonly isIp?: boolean }
  | { readonly kind: "points"; readonly pattern: string };

/** Targets of a rule, and in what they differ from what was written. */
export interface Asked {
  readonly targets: readonly Target[];
  readonly notes: readonly string[];
  /** Whether the rule looks at more than was written. */
  readonly isWider: boolean;
}

/** Variables that hold one text. */
const TEXTS: Readonly<Record<string, string>> = {
  REQUEST_METHOD: "method",
  REQUEST_FILENAME: "path",
  REQUEST_BODY: "body",
  SERVER_NAME: "host",
  REMOTE_ADDR: "ip",
};
/** Variables whose values are found at points; with a key, `*` stands for it. */
const POINTS: Readonly<Record<string, readonly string[]>> = {
  ARGS: ["query.**", "post.**"],
  ARGS_GET: ["query.**"],
  ARGS_POST: ["post.**"],
  QUERY_STRING: ["query.**"],
  REQUEST_COOKIES: ["header.COOKIE.cookie.*"],
  REQUEST_HEADERS: ["header.*"],
  FILES: ["post.multipart.filename"],
  XML: ["post.xml.**"],
  JSON: ["post.json_doc.**"],
};
const KEYED: Readonly<Record<string, readonly string[]>> = {
  ARGS: ["query.*", "post.form_urlencoded.*", "post.multipart.*"],
  ARGS_GET: ["query.*"],
  ARGS_POST: ["post.form_urlencoded.*", "post.multipart.*"],
  REQUEST_COOKIES: ["header.COOKIE.cookie.*"],
  REQUEST_HEADERS: ["header.*"],
};
/** Names of things are looked at by signatures, and not shown to rules. */
const NAMES = /^(?:ARGS|ARGS_GET|ARGS_POST|REQUEST_COOKIES|REQUEST_HEADERS|FILES)_?NAMES$/;

/** Why a variable has no counterpart, and what to do. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^RESPONSE_/, "rules are asked of requests; Merlon's own signatures look for leaks in responses"],
  [/^(?:TX|ENV)$/, "rules keep no variables; write what is meant into the rule, or use Merlon's modes and severities"],
  [/^(?:IP|SESSION|GLOBAL|USER|RESOURCE)$/, "rules keep nothing between requests; use a rate limit"],
  [/^GEO$/, "the place of an address is asked by lists; write a WafIPList with country or asn"],
  [/^(?:MATCHED_|RULE)/, "rules do not see what other rules found; write the condition into this rule"],
  [/^TIME/, 'ask now instead, such as now < timestamp("2027-02-01T00:00:00Z")'],
  [/^(?:REQBODY|MULTIPART|FILES_|INBOUND|OUTBOUND|URLENCODED)/, "parsers report this themselves, as parser_anomaly"],
];

/** How the variables are looked at. */
export interface Reading {
  /** Escapes are undone, so that every reading of a value counts and not only the one as it came. */
  readonly decodes: boolean;
  /** The operator asks how a text begins or ends. */
  readonly isAnchored: boolean;
}

/** @returns the targets of a rule's variables @throws SecLangFault where none is left */
export function targetsOf(variables: readonly Variable[], { decodes, isAnchored }: Reading): Asked {
  const targets: Target[] = [];
  const notes: string[] = [];
  let isWider = false;
  for (const variable of variables) {
    const { name, key, isExcluded } = variable;
    const shown = key === undefined ? name : `${name}:${key}`;
    if (isExcluded) {
      // A name that is taken in by nothing else is not there to be left out.
      if (NAMES.test(name)) continue;
      notes.push(`!${shown} is looked at, too: a rule leaves no value out`);
      isWider = true;
    } else if (NAMES.test(name)) notes.push(`${shown} is not looked at: rules see values, signatures see names`);
    else if (/^REQUEST_URI(?:_RAW)?$/.test(name) && isAnchored) {
      notes.push(`${name} is asked as the path alone`);
      targets.push({ kind: "text", subject: "path" });
    } else if (/^REQUEST_URI(?:_RAW)?$/.test(name)) {
      notes.push(`${name} is asked as the path and as each value of the query`);
      targets.push({ kind: "text", subject: "path" }, { kind: "points", pattern: "query.**" });
    } else targets.push(...targetsOfOne(variable, decodes));
  }
  if (targets.length > 0) return { targets: unique(targets), notes, isWider };
  throw new SecLangFault(`${variables[0]?.name ?? "no variable"} — rules see values; use ARGS or REQUEST_HEADERS`);
}

function unique(targets: readonly Target[]): Target[] {
  const known = new Map(targets.map((target) => [target.kind === "text" ? target.subject : target.pattern, target]));
  return [...known.values()];
}

function targetsOfOne({ name, key }: Variable, decodes: boolean): Target[] {
  const text = Object.hasOwn(TEXTS, name) ? TEXTS[name] : undefined;
  if (text !== undefined) return [{ kind: "text", subject: text, ...(text === "ip" ? { isIp: true } : {}) }];
  if (key !== undefined && /^\/.*\/$/.test(key)) {
    throw new SecLangFault(`${name}:${key} names by a pattern — rules name a value, or take all; write the names`);
  }
  const isKeyed = key !== undefined && name !== "XML" && name !== "JSON";
  const patterns = isKeyed ? KEYED[name] : Object.hasOwn(POINTS, name) ? POINTS[name] : undefined;
  if (patterns === undefined) {
    const reason = REASONS.find(([pattern]) => pattern.test(name))?.[1] ?? "rules cannot ask it; see docs/import.md";
    throw new SecLangFault(`${key === undefined ? name : `${name}:${key}`} — ${reason}`);
  }
  if (!isKeyed) return patterns.map((pattern) => ({ kind: "points", pattern }));
  return keyedTargets(name, key, patterns, decodes);
}

function keyedTargets(name: string, key: string, patterns: readonly string[], decodes: boolean): Target[] {
  if (name === "REQUEST_HEADERS") return [headerTarget(key, decodes)];
  const quoted = JSON.stringify(key);
  if (name === "REQUEST_COOKIES" && !decodes) {
    return [{ kind: "text", subject: `cookie[${quoted}]`, has: `has(cookie[${quoted}])` }];
  }
  if (name === "ARGS_GET" && !decodes) {
    return [{ kind: "text", subject: `query[${quoted}]`, has: `has(query[${quoted}])` }];
  }
  if (!/^[!-~]{1,128}$/.test(key) || key.includes("*")) {
    throw new SecLangFault(`${name}:${key} — no point has such a name; rename the parameter, or take all of ${name}`);
  }
  const escaped = key.replace(/[\\.]/g, "\\$&");
  const points = patterns.map((pattern): Target => ({ kind: "points", pattern: pattern.replace("*", escaped) }));
  const json = /^json\.(.+)$/i.exec(key)?.[1];
  if (name === "ARGS_GET" || json === undefined) return points;
  return [...points, { kind: "points", pattern: `post.json_doc.hash.${json.split(".").join(".hash.")}` }];
}

function headerTarget(key: string, decodes: boolean): Target {
  const name = key.toLowerCase();
  if (name === "host") return { kind: "text", subject: "host" };
  if (!/^[!#$%&'+.^_`|~0-9a-z-]{1,128}$/.test(name)) throw new SecLangFault(`REQUEST_HEADERS:${key} — is no header`);
  if (/^(?:content-length|transfer-encoding|connection|te|upgrade|expect)$/.test(name)) {
    throw new SecLangFault(`REQUEST_HEADERS:${key} — fields that frame a message are the host's; it refuses bad ones`);
  }
  if (decodes) return { kind: "points", pattern: `header.${name.toUpperCase().replace(/[\\.]/g, "\\$&")}` };
  return { kind: "text", subject: `header[${JSON.stringify(name)}]`, has: `has(header[${JSON.stringify(name)}])` };
}
