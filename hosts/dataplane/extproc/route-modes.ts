/**
 * A core for each mode that a route asks for: the same policy and lists with that mode, each in an instance of its own.
 * A route's mode is the last word: neither scopes nor console rules of the policy change it.
 */
import type { Engine } from "../../core/engine.ts";
import type { Inspector, Mode } from "../../core/verdict.ts";
import { applyReady, type Ready, withMode } from "../../policy/apply.ts";
import { imageWithMode } from "../../policy/image.ts";

/** The engines by mode; those of routes are made when the first request asks. */
export class RouteModes {
  readonly #own: Engine;
  readonly #engines = new Map<Mode, Engine>();
  #ready: Ready;
  #candidate: Uint8Array | null = null;

  /** @param own the engine with the policy's own mode, which its owner keeps loaded */
  constructor(own: Engine, ready: Ready) {
    this.#own = own;
    this.#ready = ready;
  }

  /** The policy has changed; the engine with its own mode has it already. */
  use(ready: Ready): void {
    this.#ready = ready;
    for (const [mode, engine] of this.#engines) applyReady(engine, withMode(ready, mode));
  }

  /** A candidate is shown beside the policy, or no longer; the engine with its own mode has it already. */
  show(candidate: Uint8Array | null): void {
    this.#candidate = candidate;
    for (const [mode, engine] of this.#engines) showIn(engine, candidate, mode);
  }

  /** @param mode what a route asks for; null for the policy's own */
  inspectorFor(mode: Mode | null): Inspector {
    if (mode === null) return this.#own;
    const known = this.#engines.get(mode);
    if (known !== undefined) return known;
    const engine = this.#own.sibling();
    applyReady(engine, withMode(this.#ready, mode));
    showIn(engine, this.#candidate, mode);
    this.#engines.set(mode, engine);
    return engine;
  }

  /** Compares what lies in memory with what was loaded, in every instance. */
  verify(): void {
    this.#own.verify();
    for (const engine of this.#engines.values()) engine.verify();
  }
}

function showIn(engine: Engine, candidate: Uint8Array | null, mode: Mode): void {
  if (candidate === null) engine.clearPolicy("shadow");
  else engine.loadPolicy("shadow", imageWithMode(candidate, mode));
}
