/**
 * How a policy is tried on live traffic before it counts. What only says modes, exceptions and lists goes to all hosts
 * at once, since it is undone as fast; everything else is first shown beside the policy of today, and held back where
 * it would stop requests that pass.
 */
import type { Policy, Scope } from "../schema.ts";
import type { Change, Comparison } from "../wire.ts";

/** Fewer requests than this say nothing of a share. */
const REQUESTS_LEAST = 20;
const CHANGES_SHOWN_MAX = 5;

/** When a policy is held back. */
export interface StageLimits {
  /** How long it is shown, in milliseconds. */
  readonly stageMs: number;
  /** Share of requests that may be stopped although they pass today, 0 to 1. */
  readonly shareMax: number;
}

/** What came of it. */
export interface Staged {
  /** Whether it is published; `superseded` by a newer one. */
  readonly outcome: "published" | "held" | "superseded";
  readonly requests: number;
  readonly wouldBlock: number;
  readonly wouldPass: number;
  readonly changes: readonly Change[];
}

/** @returns whether one policy differs from another in nothing but modes, exceptions and lists */
export function isLight(before: Policy, after: Policy): boolean {
  return textOf(before) === textOf(after);
}

function textOf(policy: Policy): string {
  const {
    mode: _mode,
    modeAllowOverride: _override,
    console: _console,
    exceptions: _,
    ipLists: _lists,
    rules = [],
    packs = [],
    thresholds = [],
    ...rest
  } = policy;
  const scopes = (policy.scopes ?? []).map(({ mode: _own, modeAllowOverride: _rule, ...said }: Scope) => said);
  // Networks hold numbers that JSON has no form for.
  return JSON.stringify({ ...rest, scopes, rules, packs, thresholds }, (_key, part: unknown) => {
    return typeof part === "bigint" ? part.toString(16) : part;
  });
}

/** @returns what all hosts have seen of a candidate together */
export function sumOf(comparisons: readonly Comparison[]): Omit<Staged, "outcome"> {
  const sum = (pick: (one: Comparison) => number): number => comparisons.reduce((all, one) => all + pick(one), 0);
  const stopped = comparisons.flatMap(({ changes }) => changes.filter(({ after }) => after === "block"));
  return {
    requests: sum(({ requests }) => requests),
    wouldBlock: sum(({ wouldBlock }) => wouldBlock),
    wouldPass: sum(({ wouldPass }) => wouldPass),
    changes: stopped.slice(-CHANGES_SHOWN_MAX),
  };
}

/** @returns whether so much is enough to hold a policy back */
export function isHarmful({ requests, wouldBlock }: Omit<Staged, "outcome">, shareMax: number): boolean {
  return requests >= REQUESTS_LEAST && wouldBlock / requests > shareMax;
}
