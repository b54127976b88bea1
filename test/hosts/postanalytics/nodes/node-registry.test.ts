/** The nodes that are known. */
import { expect, test } from "vitest";
import { NodeRegistry } from "../../../../hosts/postanalytics/nodes/node-registry.ts";
import { sampleRecord } from "../../records/sample.ts";
import { MemoryStore } from "../memory-store.ts";

const TRAFFIC = {
  requests: 5,
  inspected: 4,
  blocked: 1,
  skipped: { oversize: 1 },
  addedMicrosP50: 90,
  addedMicrosP99: 200,
};

test("are the one of this process and those whose records arrive, by name", async () => {
  const store = new MemoryStore();
  let now = 5;
  const local = { id: "local", kind: "sidecar", version: "1", traffic: () => TRAFFIC } as const;
  const nodes = new NodeRegistry(store, local, () => now);
  const from = (id: string) => sampleRecord({ node: { id, kind: "wasm", version: "0.1.0" } });
  await store.append([from("b"), from("a"), from("local")]);
  now = 9;
  await store.append([from("b")]);
  expect(nodes.list()).toEqual([
    { id: "local", kind: "sidecar", version: "1", lastSeen: 9, traffic: TRAFFIC },
    { id: "a", kind: "wasm", version: "0.1.0", lastSeen: 5, traffic: null },
    { id: "b", kind: "wasm", version: "0.1.0", lastSeen: 9, traffic: null },
  ]);
  nodes.close();
  await store.append([from("c")]);
  expect(nodes.list()).toHaveLength(3);
});
