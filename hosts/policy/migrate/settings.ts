/**
 * What annotations and values of Wallarm's and NGINX's controllers say, in the words of a policy. Names and meanings
 * are those of their public documentation; what has no counterpart is told with the nearest thing.
 */

import type { z } from "zod";
import { parseTemplate } from "../match.ts";
import type { settingsSchema } from "../schema.ts";
import { PARSERS } from "../schema.ts";

/** Settings of a policy or of one of its scopes, as a file has them. */
export type Written = Partial<
  Pick<
    z.input<typeof settingsSchema>,
    "mode" | "modeAllowOverride" | "application" | "failure" | "parsers" | "blockPage" | "clientIP"
  >
>;

/** What one setting became. */
export interface Outcome {
  readonly settings: Written;
  /** Why it was not carried over, or not whole: the reason and the nearest thing. */
  readonly left: readonly string[];
}

const MODES = ["off", "monitoring", "safe_blocking", "block"] as const;
const OVERRIDES = ["off", "strict", "on"] as const;
const PARSER_NAMES: ReadonlyMap<string, (typeof PARSERS)[number]> = new Map([
  ...PARSERS.map((name) => [name, name] as const),
  ["urlenc", "form_urlencoded"],
]);
const CAUSES = ["attack", "acl_ip"] as const;

function done(settings: Written): Outcome {
  return { settings, left: [] };
}

function refused(...left: string[]): Outcome {
  return { settings: {}, left };
}

type Reader = (value: string) => Outcome;

const READERS: Readonly<Record<string, Reader>> = {
  mode: modeOf,
  "mode-allow-override": overrideOf,
  application: applicationOf,
  fallback: failureOf,
  "parser-disable": parsersOf,
  "block-page": blockPageOf,
};
/** Settings that need nothing here. */
const NEEDLESS: Readonly<Record<string, string>> = {
  "enable-libdetection": "a second look is always taken",
  "acl-export-enable": "refused sources are always recorded",
  "upstream-connect-attempts": "there is no upstream of records to tune; see docs/records.md",
  "upstream-reconnect-interval": "there is no upstream of records to tune; see docs/records.md",
};
const REASONS: Readonly<Record<string, string>> = {
  "parse-response": "a policy has no switch for answers: they are looked at where the host shows them",
  "unpack-response": "a policy has no switch for answers: they are looked at where the host shows them",
  "parse-websocket": "messages of WebSockets are passed through; protect what they lead to",
  "partner-client-uuid": "there are no tenants; run a store for each, or use application",
  "node-group": "there are no groups of an account; label the nodes of the policy service",
  "api-firewall-enabled": "an OpenAPI document is a WafApiSpec; see docs/api-specification.md",
};

/** Names of settings, without their prefixes; `instance` is the old name of `application`. */
export const SETTING_NAMES = [...Object.keys(READERS), ...Object.keys(NEEDLESS), ...Object.keys(REASONS), "instance"];

/**
 * @param name such as `mode` or `block-page`
 * @returns what it became; undefined where nobody knows the name
 */
export function readSetting(name: string, value: string): Outcome | undefined {
  const known = name === "instance" ? "application" : name;
  const reader = Object.hasOwn(READERS, known) ? READERS[known] : undefined;
  if (reader !== undefined) return reader(value.trim());
  if (Object.hasOwn(NEEDLESS, known)) return done({});
  return Object.hasOwn(REASONS, known) ? refused(REASONS[known] ?? "") : undefined;
}

function modeOf(value: string): Outcome {
  const mode = MODES.find((known) => known === value);
  return mode === undefined ? refused(`takes ${MODES.join(", ")}; write spec.defaults.mode`) : done({ mode });
}

function overrideOf(value: string): Outcome {
  const modeAllowOverride = OVERRIDES.find((known) => known === value);
  return modeAllowOverride === undefined ? refused(`takes ${OVERRIDES.join(", ")}`) : done({ modeAllowOverride });
}

function applicationOf(value: string): Outcome {
  const number = /^[1-9]\d{0,9}$/.test(value) ? Number(value) : 0;
  if (number > 0 && number <= 0x7fff_ffff) return done({ application: number });
  return value === "-1" ? done({}) : refused("is no number from 1; write spec.defaults.application");
}

function failureOf(value: string): Outcome {
  if (value !== "on" && value !== "off") return refused("takes on or off; write failure.trap and failure.unreachable");
  const side = value === "on" ? "open" : "closed";
  return done({ failure: { trap: side, unreachable: side } });
}

function parsersOf(value: string): Outcome {
  const written = value.split(/[\s;,]+/).filter((name) => name !== "");
  const disable = written.flatMap((name) => PARSER_NAMES.get(name) ?? []);
  const unknown = written.filter((name) => !PARSER_NAMES.has(name));
  return {
    settings: disable.length === 0 ? {} : { parsers: { disable: [...new Set(disable)] } },
    left: unknown.map((name) => `${name}: no parser has this name; see docs/policy.md#parsers`),
  };
}

/** `&/page.html response_code=445 type=attack,acl_ip;…`: of several, the first that is for attacks counts. */
function blockPageOf(value: string): Outcome {
  const left: string[] = [];
  const pages = value.split(";").flatMap((part) => {
    const [target = "", ...words] = part.trim().split(/\s+/);
    return target === "" ? [] : [pageOf(target, words, left)];
  });
  const page = pages.find(({ types }) => types === undefined || types.includes("attack")) ?? pages[0];
  if (page === undefined) return refused("is empty; see blockPage in docs/policy.md");
  if (pages.length > 1) left.push("there is one page for each scope, and the first one is taken; see blockPage.types");
  const { statusCode, redirect, types } = page;
  const blockPage = {
    ...(statusCode === undefined ? {} : { statusCode }),
    ...(redirect === undefined ? {} : { redirect }),
    ...(types === undefined || types.length === 0 ? {} : { types }),
  };
  return { settings: Object.keys(blockPage).length === 0 ? {} : { blockPage }, left };
}

interface Page {
  readonly statusCode: number | undefined;
  readonly redirect: string | undefined;
  readonly types: ("attack" | "acl_ip")[] | undefined;
}

function pageOf(target: string, words: readonly string[], left: string[]): Page {
  const valueOfWord = (name: string): string | undefined =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const isRedirect = /^(?:https?:\/\/[!-~]+|\/(?!\/)[!-~]*)$/.test(target);
  if (!isRedirect) left.push(`${target}: the page is not read; put its text into blockPage.html`);
  const code = Number(valueOfWord("response_code") ?? Number.NaN);
  const isCode = Number.isInteger(code) && code >= 400 && code <= 599;
  if (!Number.isNaN(code) && !isCode) left.push(`response_code=${code}: a page has a status from 400 to 599`);
  const written = valueOfWord("type")?.split(",");
  const other = written?.filter((type) => !CAUSES.some((cause) => cause === type)) ?? [];
  if (other.length > 0) left.push(`type=${other.join(",")}: pages are for ${CAUSES.join(" and ")}`);
  return {
    statusCode: isCode ? code : undefined,
    redirect: isRedirect ? target : undefined,
    types: written && CAUSES.filter((cause) => written.includes(cause)),
  };
}

/** Later settings stand beside or in the place of earlier ones. */
export function mergeSettings(one: Written, other: Written): Written {
  const failure = one.failure || other.failure ? { failure: { ...one.failure, ...other.failure } } : {};
  return { ...one, ...other, ...failure };
}

/** @returns the template of an Ingress path, or why there is none */
export function templateText(path: string, pathType: string, isRegex: boolean): { path?: string } | string {
  if (path === "" || (path === "/" && pathType !== "Exact")) return {};
  if (isRegex && /[()[\]{}|^$+?*\\]/.test(path)) {
    return `the path ${path} is a pattern — scopes take templates; write one such as /api/**`;
  }
  const text = pathType === "Exact" ? path : `${path.replace(/\/+$/, "")}/**`;
  const template = parseTemplate(text);
  return typeof template === "string" ? `the path ${path} ${template}` : { path: text };
}
