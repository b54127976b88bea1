/** Requests of the labelled sets, raw and in parts, in both builds: thousands that nobody wrote for these tests. */
import { describe, expect, test } from "vitest";
import { Core } from "../assembly/core.ts";
import { createRandom } from "../bench/random.ts";
import { requireOrSkip } from "../tools/component.ts";
import { deliverParts, deliverRaw, randomCuts } from "./delivery.ts";
import { readMessage } from "./message.ts";
import { readSample } from "./sample.ts";

const SEED = 3;
const SAMPLES_MIN = 5000;
const sample = readSample();

describe("the sample of the request sets", () => {
  test("leads to the same line raw, in parts and in the checked build", (context) => {
    const samples = requireOrSkip(context, sample);
    const [release, checked] = [new Core("release"), new Core("checked")];
    const random = createRandom(SEED);
    const odd: string[] = [];
    const refused = new Map<string, number>();
    let compared = 0;
    for (const { name, raw } of samples) {
      const whole = deliverRaw(release, raw, []);
      const cut = deliverRaw(checked, raw, raw.length > 1 ? randomCuts(random, raw.length) : []);
      if (!cut.record.equals(whole.record)) odd.push(`${name} cut and checked: ${cut.line}, whole: ${whole.line}`);
      const message = readMessage(raw);
      if (typeof message === "string") {
        refused.set(message, (refused.get(message) ?? 0) + 1);
        continue;
      }
      compared++;
      const parts = deliverParts(release, message, []);
      if (parts.line !== whole.line) odd.push(`${name} in parts: ${parts.line}, raw: ${whole.line}`);
    }
    console.log(`${samples.length} requests, ${compared} in parts; refused: ${JSON.stringify([...refused])}`);
    expect(odd).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(SAMPLES_MIN);
  });
});
