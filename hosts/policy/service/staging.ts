/**
 * What is tried on live traffic before it counts, and within which limits. What only says modes, exceptions and lists
 * goes to all hosts at once, since it is undone as fast; everything else is first shown beside the policy of today, and
 * held back where it would stop requests that pass. See rollout.ts for the way and judging.ts for what is harm.
 */
import type { Policy, Scope } from "../schema.ts";
import type { Change, Comparison } from "../wire.ts";
import type { CanaryChoice } from "./canary.ts";

const CHANGES_SHOWN_MAX = 5;

/** When a policy is held back. */
export interface StageLimits {
  /** How long it is shown, in milliseconds. */
  readonly stageMs: number;
  /** Share of requests that may be stopped although they pass today, 0 to 1. */
  readonly shareMax: number;
  /** Who has it first, for as long again; without, it is only shown, on all hosts. */
  readonly canary?: CanaryChoice | undefined;
}

/** What came of it. */
export interface Staged {
  /** `held` before any host had it, `rolled_back` from canaries, `superseded` by a newer one. */
  readonly outcome: "published" | "held" | "rolled_back" | "superseded";
  /** Why it is not published. */
  readonly why: string;
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
export function sumOf(comparisons: readonly Comparison[]): Omit<Staged, "outcome" | "why"> {
  const sum = (pick: (one: Comparison) => number): number => comparisons.reduce((all, one) => all + pick(one), 0);
  const stopped = comparisons.flatMap(({ changes }) => changes.filter(({ after }) => after === "block"));
  return {
    requests: sum(({ requests }) => requests),
    wouldBlock: sum(({ wouldBlock }) => wouldBlock),
    wouldPass: sum(({ wouldPass }) => wouldPass),
    changes: stopped.slice(-CHANGES_SHOWN_MAX),
  };
}
