/** The part of a policy that hosts act on themselves, in the form in which the policy compiler gives it to them. */
import type { FailureKind } from "./inspection.ts";
import type { ThresholdGate } from "./threshold.ts";

/** Why a request is blocked, as pages are chosen by it: for what it holds, or for where it comes from. */
export const BLOCK_CAUSES = ["attack", "acl_ip"] as const;

/** What a blocked client is shown, see docs/policy.md. */
export interface BlockPage {
  /** 400 to 599. */
  readonly statusCode: number;
  /** A page of one's own, with `{{reference}}` and `{{time}}`; the standard one where absent. */
  readonly html?: string | undefined;
  /** Problem details for clients that would rather have JSON; without, everyone gets the page. */
  readonly json: boolean;
  /** Where the client is sent instead. */
  readonly redirect?: string | undefined;
  readonly types: readonly (typeof BLOCK_CAUSES)[number][];
}

/** What a host must know of a policy beside its image. */
export interface HostPolicy {
  /** Body bytes of one request withheld from the application until the verdict, unless a scope says otherwise. */
  readonly holdBytes: number;
  /** What happens where the core has no answer. */
  readonly failure: Readonly<Record<FailureKind, "open" | "closed">>;
  /** Pages by the numbers that the core gives them; the first is every request's. */
  readonly pages: readonly BlockPage[];
  /** Whether scopes say something of these, so that the core must be asked for each request. */
  readonly isScoped: boolean;
  /** SHA-256 of the policy, by which records name what decided; absent where a host has only options. */
  readonly hash?: string | undefined;
  /** What counts requests; absent where the policy has no thresholds. */
  readonly thresholds?: ThresholdGate | undefined;
}

/** @returns the policy of a host whose options are all that it is told */
export function fixedPolicy(options: {
  readonly holdBytes: number;
  readonly failure: HostPolicy["failure"];
  readonly blockPage: { readonly statusCode: number };
}): HostPolicy {
  const { holdBytes, failure, blockPage } = options;
  return { holdBytes, failure, pages: [{ ...blockPage, json: true, types: BLOCK_CAUSES }], isScoped: false };
}
