/** One request's dealings with the core, without a proxy around: outcomes, counts, the end that comes once. */
import { describe, expect, test } from "vitest";
import { fixedPolicy } from "../../../hosts/core/host-policy.ts";
import {
  Inspection,
  type InspectionContext,
  RESPONSE_BYTES_MAX,
  type VerdictEvent,
} from "../../../hosts/core/inspection.ts";
import { createUlidSource } from "../../../hosts/core/ulid.ts";
import type { RequestHead } from "../../../hosts/core/verdict.ts";
import { createCounters } from "../../../hosts/dataplane/sidecar/counters.ts";
import { parseConfiguration, type SidecarOptions } from "../../../hosts/dataplane/sidecar/options.ts";
import { policyDefaults } from "../../../hosts/policy/schema.ts";
import { ATTACK, FAILED_CLOSED, LEAK, THROW, WordInspector } from "../dataplane/sidecar/word-inspector.ts";

function headOf(target: string): RequestHead {
  return { method: "GET", target, authority: "site.test", scheme: "http", rawHeaders: [] };
}

function start(
  target: string,
  options: Partial<SidecarOptions> = {},
  prepare: (books: WordInspector) => void = () => {},
) {
  const books = new WordInspector();
  prepare(books);
  const events: VerdictEvent[] = [];
  const counters = createCounters();
  const configuration = parseConfiguration({ upstream: "http://a", inspector: books, ...options });
  const context: InspectionContext = {
    inspector: books,
    configuration,
    policy: () => fixedPolicy(configuration),
    counters,
    nextId: createUlidSource(),
    onVerdict: (event) => events.push(event),
  };
  return { inspection: new Inspection(context, headOf(target), "192.0.2.1"), books, events, counters };
}

describe("a clean request", () => {
  test("is counted and told once, at its end", () => {
    const { inspection, books, events, counters } = start("/a?b");
    expect([inspection.head(), inspection.body(Buffer.from("x")), inspection.end(null)]).toEqual([
      "pass",
      "pass",
      "pass",
    ]);
    expect(counters.requests).toBe(0);
    inspection.finish(200);
    inspection.finish(500);
    expect(counters).toMatchObject({ requests: 1, inspected: 1, skipped: 0 });
    expect(events).toMatchObject([{ status: 200, path: "/a", host: "site.test", id: inspection.id }]);
    expect([books.begun, books.freed, books.faults]).toEqual([1, 1, []]);
  });

  test("costs nothing more after its end", () => {
    const { inspection, books } = start("/");
    inspection.head();
    inspection.finish(0);
    expect(inspection.body(Buffer.from(ATTACK))).toBe("pass");
    expect(inspection.end(null)).toBe("pass");
    expect(inspection.wantsResponse).toBe(false);
    expect([books.freed, books.faults]).toEqual([1, []]);
  });
});

test.each([
  ["in the head", `/${ATTACK}`, "", []],
  ["in the body", "/", ATTACK, []],
  ["in the trailers", "/", "", ["x", ATTACK]],
])("an attack %s is a block", (_name, target, body, trailers) => {
  const { inspection } = start(target);
  const outcomes = [inspection.head(), inspection.body(Buffer.from(body)), inspection.end(trailers)];
  expect(outcomes.includes("block")).toBe(true);
  expect(outcomes.at(-1)).toBe("block");
  inspection.finish(403);
});

describe("responses", () => {
  test("are looked at up to a bound", () => {
    const { inspection, books } = start("/");
    inspection.head();
    inspection.end(null);
    expect(inspection.responseHead({ status: 200, rawHeaders: [] })).toBe("pass");
    expect(inspection.responseBody(Buffer.alloc(RESPONSE_BYTES_MAX + 10))).toBe("pass");
    expect(inspection.wantsResponse).toBe(false);
    expect(inspection.responseBody(Buffer.from(LEAK))).toBe("pass");
    inspection.finish(200);
    expect(books.faults).toEqual([]);
  });

  test("are blocked within it", () => {
    const { inspection } = start("/");
    inspection.head();
    inspection.end(null);
    inspection.responseHead({ status: 200, rawHeaders: [] });
    expect(inspection.responseBody(Buffer.from(LEAK))).toBe("block");
    inspection.finish(200);
  });

  test("are left alone if that is wanted", () => {
    const { inspection, books } = start("/", { inspectResponses: false });
    inspection.head();
    inspection.end(null);
    expect(inspection.wantsResponse).toBe(false);
    expect(inspection.responseHead({ status: 200, rawHeaders: ["a", LEAK] })).toBe("pass");
    inspection.finish(200);
    expect(books.faults).toEqual([]);
  });
});

describe("failures", () => {
  test.each(["open", "closed"] as const)("an engine that cannot be had: %s", (unreachable) => {
    const { inspection, counters, events } = start("/", { failure: { unreachable } }, (books) => {
      books.unreachable = true;
    });
    expect(inspection.head()).toBe(unreachable === "open" ? "pass" : "refuse");
    expect(inspection.end(null)).toBe("pass");
    inspection.finish(200);
    expect(counters).toMatchObject({ requests: 1, skipped: 1 });
    expect(counters[unreachable === "open" ? "failedOpen" : "failedClosed"].unreachable).toBe(1);
    expect(events).toEqual([]);
  });

  test.each(["open", "closed"] as const)("an engine that throws: %s", (trap) => {
    const { inspection, books, counters } = start("/", { failure: { trap } });
    inspection.head();
    expect(inspection.body(Buffer.from(THROW))).toBe(trap === "open" ? "pass" : "refuse");
    expect(inspection.body(Buffer.from(ATTACK))).toBe("pass");
    inspection.finish(200);
    expect(counters).toMatchObject({ requests: 1, skipped: 1 });
    expect(counters[trap === "open" ? "failedOpen" : "failedClosed"].trap).toBe(1);
    expect(books.freed).toBe(1);
  });

  test("a core that says that it failed is not a block", () => {
    const { inspection, counters } = start(`/${FAILED_CLOSED}`);
    expect(inspection.head()).toBe("refuse");
    inspection.finish(503);
    expect(counters).toMatchObject({ skipped: 1, blocked: 0 });
    expect(counters.failedClosed.trap).toBe(1);
  });

  test("a listener that throws costs no request", async () => {
    const warned = new Promise((resolve) => process.once("warning", resolve));
    const books = new WordInspector();
    const counters = createCounters();
    const inspection = new Inspection(
      {
        inspector: books,
        configuration: parseConfiguration({ upstream: "http://a", inspector: books }),
        policy: () => policyDefaults,
        counters,
        nextId: createUlidSource(),
        onVerdict: () => {
          throw new Error("listener");
        },
      },
      headOf("/"),
      "",
    );
    inspection.head();
    inspection.finish(200);
    expect(counters.requests).toBe(1);
    expect(await warned).toMatchObject({ message: "listener" });
  });
});

describe("trailers that come after the request was judged", () => {
  test("are judged with the head, and what was found before is kept", () => {
    const { inspection, books, events, counters } = start("/a");
    inspection.requestId = "id-1";
    expect([inspection.head(), inspection.body(Buffer.from("x")), inspection.end(null)]).toEqual([
      "pass",
      "pass",
      "pass",
    ]);
    expect(inspection.lateTrailers(["x-a", ATTACK])).toBe("block");
    inspection.finish(403);
    expect([books.begun, books.freed, books.faults]).toEqual([2, 2, []]);
    expect(counters).toMatchObject({ requests: 1, inspected: 1 });
    expect(events).toMatchObject([{ requestId: "id-1", verdict: { action: "block", inspectedBytes: 1 } }]);
  });

  test("change nothing where the core has failed or the request is over", () => {
    const failed = start("/", {}, (books) => {
      books.unreachable = true;
    });
    failed.inspection.head();
    expect(failed.inspection.lateTrailers(["x-a", ATTACK])).toBe("pass");
    const over = start("/");
    over.inspection.head();
    over.inspection.finish(200);
    expect(over.inspection.lateTrailers(["x-a", ATTACK])).toBe("pass");
  });
});
