/**
 * What a host says it has inspected and what it has not, by reason, adds up to its requests at every moment: random
 * requests through the real core, several at once, some too large for it, some left in the middle.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Engine } from "../hosts/core/engine.ts";
import { type FailureKind, Inspection, type InspectionContext } from "../hosts/core/inspection.ts";
import { createUlidSource } from "../hosts/core/ulid.ts";
import type { RequestHead } from "../hosts/core/verdict.ts";
import { createCounters } from "../hosts/dataplane/sidecar/counters.ts";
import { policyDefaults } from "../hosts/policy/schema.ts";
import { check } from "./property.ts";

const RUNS = 200;
/** More than the core's input takes. */
const HUGE = "x".repeat(300_000);

const step = fc.oneof(
  fc.record({ do: fc.constant("begin" as const), huge: fc.boolean(), attack: fc.boolean() }),
  fc.record({ do: fc.constant("body" as const), at: fc.nat(7), bytes: fc.nat(40_000) }),
  fc.record({ do: fc.constant("end" as const), at: fc.nat(7) }),
  fc.record({ do: fc.constant("finish" as const), at: fc.nat(7) }),
);
const side = fc.constantFrom("open" as const, "closed" as const);

function headOf(huge: boolean, attack: boolean): RequestHead {
  const target = `/?a=${attack ? "../../../../../../etc/passwd" : "b"}${huge ? HUGE : ""}`;
  return { method: "POST", target, authority: "a", scheme: "http", rawHeaders: [] };
}

function sumOf(reasons: Readonly<Record<FailureKind, number>>): number {
  return Object.values(reasons).reduce((sum, count) => sum + count, 0);
}

test("inspected and skipped, by reason, are all requests", () => {
  check(
    fc.property(fc.array(step, { maxLength: 30 }), side, side, (steps, overlimit, trap) => {
      const counters = createCounters();
      const failure = { ...policyDefaults.failure, overlimit, trap };
      const context: InspectionContext = {
        inspector: Engine.load({ failure }),
        configuration: { inspectResponses: false },
        policy: () => ({ holdBytes: 65_536, failure, pages: [], isScoped: false }),
        counters,
        nextId: createUlidSource(),
        onVerdict: null,
      };
      const open: Inspection[] = [];
      let [finished, huge] = [0, 0];
      const isHuge = new Set<Inspection>();
      for (const one of steps) {
        if (one.do === "begin") {
          const inspection = new Inspection(context, headOf(one.huge, one.attack), "192.0.2.1");
          inspection.head();
          if (one.huge) isHuge.add(inspection);
          open.push(inspection);
          continue;
        }
        const inspection = open[one.at];
        if (inspection === undefined) continue;
        if (one.do === "body") inspection.body(Buffer.alloc(one.bytes, "a=b&"));
        if (one.do === "end") inspection.end(null);
        if (one.do !== "finish") continue;
        open.splice(one.at, 1);
        inspection.finish(200);
        // A second end is none.
        inspection.finish(200);
        finished++;
        huge += isHuge.has(inspection) ? 1 : 0;
        const { requests, inspected, skipped, failedOpen, failedClosed } = counters;
        expect([requests, inspected + skipped]).toEqual([finished, finished]);
        expect([skipped, sumOf(failedOpen) + sumOf(failedClosed)]).toEqual([huge, huge]);
        expect((overlimit === "open" ? failedOpen : failedClosed).overlimit).toBe(huge);
      }
    }),
    RUNS,
  );
});
