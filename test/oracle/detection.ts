/** What the released core says of one value in a query parameter, for the oracles. */
import { place } from "../../fuzz/placement.ts";
import { Core } from "../assembly/core.ts";
import { deliverParts } from "../conformance/delivery.ts";

/** Asks one core about many values. */
export class Detection {
  readonly #core = new Core("release");

  /** Whether the value shows any signature. */
  flags(value: string): boolean {
    return / [a-z0-9-]+@/.test(deliverParts(this.#core, place("query", value), []).line);
  }
}
