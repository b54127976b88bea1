/** What nodes report, added up. */
import { expect, test } from "vitest";
import { type Nodes, trafficOf } from "../../../../hosts/web/pages/traffic.ts";

const node = { kind: "sidecar", version: "0.1.0", lastSeen: 0 } as const;
const NODES: Nodes = [
  {
    ...{ ...node, id: "a" },
    traffic: {
      ...{ requests: 100, inspected: 90, blocked: 3, addedMicrosP50: 60, addedMicrosP99: 300 },
      skipped: { oversize: 4, policy: 6, timeout: 0 },
    },
  },
  {
    ...{ ...node, id: "b" },
    traffic: {
      ...{ requests: 50, inspected: 41, blocked: 1, addedMicrosP50: 80, addedMicrosP99: 200 },
      skipped: { oversize: 9 },
    },
  },
  { ...node, id: "c", traffic: null },
];

test("requests are summed, reasons are ordered, and of times the slowest node counts", () => {
  expect(trafficOf(NODES)).toEqual({
    ...{ reporting: 2, requests: 150, inspected: 131, blocked: 4, skippedCount: 19, p50: 80, p99: 300 },
    skipped: [
      ["oversize", 13],
      ["policy", 6],
    ],
  });
});

test("of no nodes there is nothing", () => {
  expect(trafficOf([])).toMatchObject({ reporting: 0, requests: 0, skipped: [], p50: 0 });
});
