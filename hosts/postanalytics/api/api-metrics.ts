/** What the API counts of itself: calls by operation and outcome, and how long answers take. */
import { CounterFamily, type Family, Histogram } from "../../core/metrics.ts";

/** Bounds of the histogram, seconds: a list should be there within 0.3. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10];

/** Counts one console's calls. */
export class ApiMetrics {
  readonly #calls = new CounterFamily(
    "waf_api_requests_total",
    "Calls of the console's API, by operation and outcome.",
  );
  readonly #seconds = new Histogram("waf_api_duration_seconds", "Time until an answer of the API begins.", SECONDS);

  /** @param outcome `done`, `refused` or `failed` @param milliseconds until the answer began */
  add(operation: string, outcome: string, milliseconds: number): void {
    this.#calls.add({ operation, outcome });
    this.#seconds.add(milliseconds / 1000);
  }

  get families(): Family[] {
    return [this.#calls.family, this.#seconds.family];
  }
}
