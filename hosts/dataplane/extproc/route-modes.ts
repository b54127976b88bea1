/**
 * A core for each mode that a route asks for: the same policy and lists with that mode, each in an instance of its own.
 * A route's mode is the last word: neither scopes nor console rules of the policy change it.
 */
import type { Engine } from "../../core/engine.ts";
import type { Inspector, Mode } from "../../core/verdict.ts";
import { applyPolicy, withMode } from "../../policy/apply.ts";
import type { Policy } from "../../policy/schema.ts";

/** The engines by mode; those of routes are made when the first request asks. */
export class RouteModes {
  readonly #own: Engine;
  readonly #engines = new Map<Mode, Engine>();
  #policy: Policy;

  /** @param own the engine with the policy's own mode, which its owner keeps loaded */
  constructor(own: Engine, policy: Policy) {
    this.#own = own;
    this.#policy = policy;
  }

  /** The policy has changed; the engine with its own mode has it already. */
  use(policy: Policy): void {
    this.#policy = policy;
    for (const [mode, engine] of this.#engines) load(engine, policy, mode);
  }

  /** @param mode what a route asks for; null for the policy's own */
  inspectorFor(mode: Mode | null): Inspector {
    if (mode === null) return this.#own;
    const known = this.#engines.get(mode);
    if (known !== undefined) return known;
    const engine = this.#own.sibling();
    load(engine, this.#policy, mode);
    this.#engines.set(mode, engine);
    return engine;
  }

  /** Compares what lies in memory with what was loaded, in every instance. */
  verify(): void {
    this.#own.verify();
    for (const engine of this.#engines.values()) engine.verify();
  }
}

function load(engine: Engine, policy: Policy, mode: Mode): void {
  applyPolicy(engine, withMode(policy, mode));
}
