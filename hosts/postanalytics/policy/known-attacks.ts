/**
 * What an exception would let pass of the attacks that Merlon ships as test cases: each is put where the exception
 * counts and shown to the core twice, without it and with it.
 */
import type { Engine } from "../../core/engine.ts";
import { fitsPoint } from "../../policy/coverage.ts";
import type { Exception } from "../../policy/exception.ts";
import { compilePolicy } from "../../policy/image.ts";
import type { Policy } from "../../policy/schema.ts";
import type { ExceptionDraft } from "./door.ts";
import { probeRequest } from "./probe-request.ts";

/** One attack of the test cases. */
export interface KnownAttack {
  readonly type: string;
  readonly text: string;
}

/** What was found. */
export interface Admitted {
  /** Attacks that are caught at the exception's place without it. */
  readonly tried: number;
  readonly admittedCount: number;
  /** At most SHOWN_MAX of them. */
  readonly admitted: readonly { readonly type: string; readonly payload: string; readonly stamps: readonly string[] }[];
}

const SHOWN_MAX = 50;
const PEER = "203.0.113.9";

/** Tries attacks against exceptions. */
export class KnownAttacks {
  readonly #engine: Engine;
  readonly #attacks: readonly KnownAttack[];

  /** @param engine of its own: its policies are changed */
  constructor(engine: Engine, attacks: readonly KnownAttack[]) {
    this.#engine = engine;
    this.#attacks = attacks;
  }

  /**
   * @param policy in force, whose scopes and other exceptions count as well
   * @param nowSeconds since 1970
   * @throws MerlonError MERLON_POLICY where the two do not fit into one image
   */
  admittedBy(exception: Exception, draft: ExceptionDraft, policy: Policy, nowSeconds: number): Admitted {
    const { ipLists: _lists, ...rest } = policy;
    const strict: Policy = { ...rest, mode: "block", modeAllowOverride: "off" };
    const scopes = rest.scopes?.map(({ mode: _mode, modeAllowOverride: _override, ...scope }) => scope);
    const without: Policy = { ...strict, ...(scopes === undefined ? {} : { scopes }) };
    this.#engine.loadPolicy("active", compilePolicy(without));
    const exceptions = [...(without.exceptions ?? []).filter(({ name }) => name !== exception.name), exception];
    this.#engine.loadPolicy("shadow", compilePolicy({ ...without, exceptions }));
    const admitted: Admitted["admitted"][number][] = [];
    let tried = 0;
    for (const { type, text } of this.#attacks) {
      const outcome = this.#try(draft, text, exception.point, nowSeconds);
      if (outcome === null) continue;
      tried++;
      if (outcome.passes) admitted.push({ type, payload: text, stamps: outcome.stamps });
    }
    return { tried, admittedCount: admitted.length, admitted: admitted.slice(0, SHOWN_MAX) };
  }

  #try(
    draft: ExceptionDraft,
    text: string,
    point: string | undefined,
    nowSeconds: number,
  ): { readonly passes: boolean; readonly stamps: readonly string[] } | null {
    const raw = probeRequest(draft.match, text);
    if (raw === null) return null;
    const transaction = this.#engine.begin(PEER, nowSeconds);
    transaction.raw(raw);
    transaction.end();
    const { action, shadowAction, matches } = transaction.verdict();
    transaction.free();
    const there = matches.filter((match) => match.counts && (point === undefined || fitsPoint(point, match.point)));
    if (action !== "block" || there.length === 0) return null;
    return { passes: shadowAction === "pass", stamps: [...new Set(there.map(({ stamp }) => stamp))] };
  }
}
