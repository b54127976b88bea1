/**
 * Every signature of the catalog against its own attacks and near misses (test/data/detect), as a parameter, a form
 * field and a leaf of JSON, or where an example says it belongs, in the released and in the checked build.
 */
import { describe, expect, test } from "vitest";
import { PLACES, type PlaceName, place } from "../../../fuzz/placement.ts";
import { deliverParts } from "../../conformance/delivery.ts";
import type { Message } from "../../conformance/message.ts";
import { type Build, Core } from "../core.ts";
import { type Example, makeBody, readExamples, toBytes } from "../detect-data.ts";

const EXAMPLES_MIN = 3;
const SEVERITY_BLOCK = 4;
const EXAMPLES = readExamples();
const BUILDS: readonly Build[] = ["release", "checked"];
const CATALOG = new Map(
  new Core("release")
    .text(0)
    .trimEnd()
    .split("\n")
    .map((row) => row.split("\t"))
    .map(([stamp = "", , , severity]) => [stamp, Number(severity)]),
);

test.each([...CATALOG.keys()])("%s has attacks and near misses enough", (stamp) => {
  const found = EXAMPLES.find((one) => one.stamp === stamp);
  expect(found?.attacks.length ?? 0).toBeGreaterThanOrEqual(EXAMPLES_MIN);
  expect(found?.misses.length ?? 0).toBeGreaterThanOrEqual(EXAMPLES_MIN);
});

test("examples name signatures that there are", () => {
  expect(EXAMPLES.map(({ stamp }) => stamp).filter((stamp) => !CATALOG.has(stamp))).toEqual([]);
});

/** Places of a value in a request, the whole target of one, an answer's body, or a compressed body made of it. */
type Where = PlaceName | "response" | "repeated" | "numbered";

function placesOf(example: Example): readonly Where[] {
  return example.place === undefined ? ["query", "form", "json"] : [example.place];
}

/** Stamps that a value gives in a place. */
function stampsOf(core: Core, where: Where, value: string): string[] {
  const line = lineOf(core, where, value);
  return [...line.matchAll(/ ([a-z0-9-]+)@/g)].map(([, stamp = ""]) => stamp);
}

function messageOf(where: PlaceName, value: string): Message {
  return where === "target" && value.startsWith("/") ? { ...place("query", ""), target: value } : place(where, value);
}

function lineOf(core: Core, where: Where, value: string): string {
  if (where === "response") return respond(core, value);
  if (where !== "repeated" && where !== "numbered") return deliverParts(core, messageOf(where, value), []).line;
  return deliverParts(core, { ...place("gzip", ""), body: makeBody(where, value) }, []).line;
}

function respond(core: Core, body: string): string {
  const handle = core.begin();
  core.pairs("tx_head", handle, [[":path", "/"]]);
  core.end(handle);
  core.pairs("tx_response_head", handle, [[":status", "200"]]);
  core.piece("tx_response_body", handle, Buffer.from(body, "latin1"));
  core.call("tx_response_end")(handle);
  const line = core.line(handle);
  core.free(handle);
  return line;
}

describe.each(BUILDS)("in the %s build", (build) => {
  const core = new Core(build);

  describe.each(EXAMPLES)("$stamp", ({ stamp, attacks, misses }) => {
    test.each(attacks)("catches $value: $why", (attack) => {
      for (const where of placesOf(attack)) expect(stampsOf(core, where, toBytes(attack)), where).toContain(stamp);
    });

    test.each(misses)("leaves $value: $why", (miss) => {
      for (const where of placesOf(miss)) {
        const blocking = stampsOf(core, where, toBytes(miss)).filter(
          (one) => (CATALOG.get(one) ?? 5) >= SEVERITY_BLOCK,
        );
        expect(blocking, where).toEqual([]);
      }
    });
  });
});

test("places of examples are places of requests", () => {
  const known = new Set<string>([...PLACES, "target", "response", "repeated", "numbered"]);
  for (const { attacks, misses } of EXAMPLES) {
    for (const example of [...attacks, ...misses]) {
      if (example.place !== undefined) expect(known.has(example.place), example.value).toBe(true);
    }
  }
});
