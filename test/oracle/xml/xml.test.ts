/**
 * Whatever a real parser reads of a document, Merlon has looked at; whatever one would fetch, Merlon flags. Documents
 * are made from a seed, and no parser reaches a network.
 */
import { describe, expect, test } from "vitest";
import { Core } from "../../assembly/core.ts";
import { lookedAt } from "../../assembly/looked.ts";
import { ask } from "../../assembly/requests.ts";
import { createRandom } from "../../bench/random.ts";
import { requireOrSkip } from "../../tools/component.ts";
import { makeDocument } from "./generator.ts";
import { PARSERS, readAll } from "./readings.ts";

const SEED = 20;
const DOCUMENTS = 500;
const TYPE = "application/xml";
/** A shorter value is not looked at, and of a longer one the trace shows the begin. */
const [BYTES_MIN, BYTES_MAX] = [3, 100];
const core = new Core("release");
const random = createRandom(SEED);
const documents = Array.from({ length: DOCUMENTS }, () => makeDocument(random));

/** Values as lenient as parsers are with white space and, where they forgive, with a sign that opens nothing. */
function normal(text: string): string {
  return text.replaceAll("<", "").trim().replace(/\s+/g, " ").slice(0, BYTES_MAX);
}

describe.each(PARSERS)("what $name", ({ find }) => {
  test("reads is looked at, and what it would fetch is flagged", { timeout: 120_000 }, async (context) => {
    const command = requireOrSkip(context, await find());
    const readings = await readAll(command, documents);
    expect(readings).toHaveLength(DOCUMENTS);
    let [values, fetches] = [0, 0];
    for (const [index, body] of documents.entries()) {
      const reading = readings[index] ?? { values: [], fetches: [] };
      const why = `document ${index} of seed ${SEED}: ${body.toString("latin1")}`;
      if (reading.fetches.length > 0) {
        expect(ask(core, { method: "POST", type: TYPE, body }).line, why).toContain(" xxe-");
        fetches++;
        /* What its texts are depends on what came, or did not. */
        continue;
      }
      const looked = lookedAt({ method: "POST", type: TYPE, body }).map(({ text }) => normal(text));
      for (const value of reading.values.map(normal)) {
        /* A parser that knows no entities gives references as they are; the body's text shows them. */
        if (value.length < BYTES_MIN || /&(?:one|two|six|none);/.test(value)) continue;
        expect(
          looked.some((text) => text.includes(value)),
          `${value} in ${why}`,
        ).toBe(true);
        values++;
      }
    }
    expect(values).toBeGreaterThan(DOCUMENTS);
    expect(fetches).toBeGreaterThanOrEqual(command.some((word) => word.includes("go")) ? 0 : DOCUMENTS / 50);
  });
});
