/** From a request and its findings to exceptions that let exactly these pass. */
import { stringify } from "yaml";
import type { Match as Finding } from "../core/verdict.ts";
import { dateText } from "./date.ts";
import { parseTemplate } from "./match.ts";
import { API_VERSION } from "./schema.ts";
import { isThresholdStamp } from "./threshold/threshold.ts";

/** What every proposed exception says. */
export interface ProposalTerms {
  readonly reason: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** Documents for a policy file, and what could not be said as closely as it should. */
export interface Proposal {
  readonly documents: readonly string[];
  readonly notes: readonly string[];
}

/** A segment that names one of many things, and not a page: numbers, UUIDs, long hexadecimal names. */
const IDENTIFIER = /^(?:\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[0-9a-f]*\d)[0-9a-f]{12,})$/i;
/** The point of an array's item holds its number, which the next request may have elsewhere. */
const ITEM = /(^|\.)array\.\d+(?=\.|$)/g;
/** A segment with a star of its own, which no pattern can say. */
const STARRED = /(?<=^|\.)[^.]*\*[^.]*(?=\.|$)/g;

/**
 * @param raw the request as HTTP/1.1
 * @param findings of the request; those that do not count get no exception
 */
export function proposeExceptions(raw: Buffer, findings: readonly Finding[], terms: ProposalTerms): Proposal {
  const notes: string[] = [];
  const match = matchOf(raw.toString("latin1"), notes);
  const stamps = new Map<string, Set<string>>();
  for (const { counts, point, stamp } of findings) {
    if (!counts) continue;
    if (isThresholdStamp(stamp)) {
      notes.push(`${stamp} is a threshold of the policy, which no exception lifts; change the threshold`);
      continue;
    }
    const place = point.replace(ITEM, "$1array.*").replace(STARRED, "*");
    stamps.set(place, (stamps.get(place) ?? new Set()).add(stamp));
  }
  const documents = [...stamps].map(([point, names], index) =>
    stringify({
      apiVersion: API_VERSION,
      kind: "WafException",
      metadata: { name: `proposed-${terms.expiresAt}-${index + 1}` },
      spec: {
        match: { ...match, point },
        ignore: { stamps: [...names].sort() },
        reason: terms.reason,
        expiresAt: dateText(terms.expiresAt),
      },
    }),
  );
  return { documents, notes };
}

function matchOf(raw: string, notes: string[]): { method?: string; host?: string; path?: string } {
  const [, method = "", target = ""] = /^(\S+) (\S+)/.exec(raw) ?? [];
  const host = /\r\nhost:[ \t]*([a-z0-9_.-]+)/i.exec(raw)?.[1]?.toLowerCase();
  const path = target.replace(/^https?:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "");
  const template = path
    .split("/")
    .map((segment) => (IDENTIFIER.test(segment) ? "*" : segment))
    .join("/");
  const sayable = /^\/[!-~]*$/.test(template) && typeof parseTemplate(template) !== "string";
  const clear = !/\/\/|%2f|%5c|\\|%00/i.test(template);
  if (!sayable || !clear) notes.push("the path is one that servers read in different ways; no path was written");
  return {
    ...(/^[A-Z]{1,32}$/.test(method) ? { method } : {}),
    ...(host === undefined ? {} : { host }),
    ...(sayable && clear ? { path: template } : {}),
  };
}
