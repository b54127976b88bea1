/**
 * How wide an exception reaches: for each side of its scope the ways to say it, from the narrowest that still has the
 * record to any at all. The panel walks along these; the API weighs each.
 */
import type { Answer } from "../../postanalytics/api/routes.ts";

/** An exception as the API proposes it, and as it takes it. */
export type Proposed = Answer<"proposeExceptions">["items"][number];
export type Draft = Proposed["draft"];

/** Sides of a scope, in the order in which they are shown. */
export const SIDES = ["host", "method", "path", "point", "stamps"] as const;
export type Side = (typeof SIDES)[number];

/** One way to say a side. */
export interface Choice {
  /** What the chip says. */
  readonly text: string;
  readonly isAny: boolean;
  /** The draft with this way of saying it. */
  readonly of: (draft: Draft) => Draft;
}

const WIDENINGS_MAX = 12;

/** What a record says of itself, for ways narrower than the proposed one. */
export interface Exact {
  readonly path: string;
  /** Types of the findings that the draft ignores. */
  readonly types: readonly string[];
}

type MatchSide = Exclude<Side, "stamps">;

function matchChoice(side: MatchSide, value: string | undefined): Choice {
  return {
    text: value ?? `any ${side}`,
    isAny: value === undefined,
    of: (draft) => {
      const { [side]: _before, ...match } = draft.match;
      return { ...draft, match: value === undefined ? match : { ...match, [side]: value } };
    },
  };
}

/** `/api/articles/7` → `/api/articles/**`, `/api/**`; a template without its last star first. */
function widerPaths(path: string): string[] {
  const segments = path.split("/").slice(1);
  const kept = segments.at(-1) === "**" ? segments.slice(0, -1) : segments;
  const wider: string[] = [];
  for (let count = kept.length - (kept.length === segments.length ? 0 : 1); count > 0; count--) {
    const folder = kept.slice(0, count === kept.length ? count - 1 : count);
    const text = `/${[...folder, "**"].join("/")}`;
    if (folder.length > 0 && text !== path && !wider.includes(text)) wider.push(text);
  }
  return wider.slice(0, WIDENINGS_MAX);
}

/** `post.json_doc.hash.body` → `post.json_doc.hash.**`, `post.json_doc.**`, `post.**`. */
function widerPoints(point: string): string[] {
  const names = point.split(".");
  const kept = names.at(-1) === "**" ? names.slice(0, -2) : names.slice(0, -1);
  const wider: string[] = [];
  for (let count = kept.length; count > 0; count--) wider.push(`${kept.slice(0, count).join(".")}.**`);
  return wider.slice(0, WIDENINGS_MAX);
}

function isPlainPath(path: string): boolean {
  return /^\/[!-~]*$/.test(path) && !/[*?#\\]|\/\/|%(?:2f|5c|00)|(?:^|\/)\.\.?(?:\/|$)/i.test(path);
}

/** The ways to say a side of a proposed draft, narrowest first, and which of them was proposed. */
export function choicesOf(side: Side, draft: Draft, exact: Exact): { choices: Choice[]; proposed: number } {
  if (side === "stamps") return stampChoices(draft, exact);
  const value = draft.match[side];
  if (value === undefined) return { choices: [matchChoice(side, undefined)], proposed: 0 };
  const narrower = side === "path" && value !== exact.path && isPlainPath(exact.path) ? [exact.path] : [];
  const wider = side === "path" ? widerPaths(value) : side === "point" ? widerPoints(value) : [];
  const texts = [...narrower, value, ...wider, undefined];
  return { choices: texts.map((text) => matchChoice(side, text)), proposed: narrower.length };
}

function stampChoices({ ignore }: Draft, { types }: Exact): { choices: Choice[]; proposed: number } {
  const stamps = ignore.stamps;
  const own: Choice = {
    text: [...stamps, ...ignore.types].join(", "),
    isAny: false,
    of: (draft) => ({ ...draft, ignore }),
  };
  if (types.length === 0 || stamps.length === 0) return { choices: [own], proposed: 0 };
  const all: Choice = {
    text: `all of ${types.join(", ")}`,
    isAny: true,
    of: (draft) => ({ ...draft, ignore: { stamps: [], types: [...types] } }),
  };
  return { choices: [own, all], proposed: 0 };
}

/** An exception as a policy file has it. Strings stand in quotes, which YAML reads as JSON does. */
export function yamlOf(draft: Draft, name: string): string {
  const { match, ignore, reason, expiresAt } = draft;
  const fields = Object.entries(match).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}`);
  const ignored = [
    ...(ignore.stamps.length > 0 ? [`    stamps: ${JSON.stringify(ignore.stamps)}`] : []),
    ...(ignore.types.length > 0 ? [`    types: ${JSON.stringify(ignore.types)}`] : []),
  ];
  return [
    ...["apiVersion: merlon.dev/v1alpha1", "kind: WafException", "metadata:", `  name: ${JSON.stringify(name)}`],
    ...["spec:", ...(fields.length > 0 ? ["  match:", ...fields] : []), "  ignore:", ...ignored],
    ...[`  reason: ${JSON.stringify(reason)}`, `  expiresAt: ${JSON.stringify(expiresAt)}`, ""],
  ].join("\n");
}

/** @returns the draft with another end, whole seconds, days from now */
export function expiring(draft: Draft, days: number, now: number): Draft {
  const at = new Date(now + days * 86_400_000);
  return { ...draft, expiresAt: `${at.toISOString().slice(0, 19)}Z` };
}
