/** What records say of the policy that judged: which one it was, and the names behind the numbers that the core has. */
import type { Ready } from "../policy/apply.ts";

/** A policy as records name it. */
export interface PolicyFacts {
  readonly ref: string;
  /** Counts the policies that this process has had, from 1. */
  readonly generation: number;
  /** Its hash, hex: of the image, the lists and what hosts do themselves. */
  readonly sha256: string;
  readonly applications: ReadonlyMap<number, string>;
  /** Names of the exceptions, in the order of the core's numbers. */
  readonly exceptions: readonly string[];
}

/**
 * @param ref the policy's name for people: its file, its service, or its resource
 * @returns the facts of the policy in force, made anew when `current` answers another
 */
export function policyFacts(ref: string, current: () => Ready): () => PolicyFacts {
  let known: { ready: Ready; facts: PolicyFacts } | null = null;
  return () => {
    const ready = current();
    if (known?.ready === ready) return known.facts;
    const facts = {
      ref,
      generation: (known?.facts.generation ?? 0) + 1,
      sha256: ready.hash,
      applications: new Map(ready.names.applications),
      exceptions: ready.names.exceptions,
    };
    known = { ready, facts };
    return facts;
  };
}
