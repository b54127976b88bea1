/** What records say of the policy that judged: which one it was, and the names behind the numbers that the core has. */
import { createHash } from "node:crypto";
import { applicationsOf } from "../policy/application.ts";
import { compilePolicy } from "../policy/image.ts";
import type { Policy } from "../policy/schema.ts";

/** A policy as records name it. */
export interface PolicyFacts {
  readonly ref: string;
  /** Counts the policies that this process has had, from 1. */
  readonly generation: number;
  /** Hash of the image, hex. */
  readonly sha256: string;
  readonly applications: ReadonlyMap<number, string>;
  /** Names of the exceptions, in the order of the core's numbers. */
  readonly exceptions: readonly string[];
}

/**
 * @param ref the policy's name for people: its file, or its resource
 * @returns the facts of the policy in force, made anew when `current` answers another
 */
export function policyFacts(ref: string, current: () => Policy): () => PolicyFacts {
  let known: { policy: Policy; facts: PolicyFacts } | null = null;
  return () => {
    const policy = current();
    if (known?.policy === policy) return known.facts;
    const facts = {
      ref,
      generation: (known?.facts.generation ?? 0) + 1,
      sha256: createHash("sha256").update(compilePolicy(policy)).digest("hex"),
      applications: applicationsOf(policy),
      exceptions: (policy.exceptions ?? []).map(({ name }) => name),
    };
    known = { policy, facts };
    return facts;
  };
}
