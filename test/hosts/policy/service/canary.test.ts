/** Who has a policy first: as it is written, and whom it chooses. */
import { expect, test } from "vitest";
import {
  type CanaryChoice,
  type Candidate,
  chooseCanaries,
  parseCanaries,
} from "../../../../hosts/policy/service/canary.ts";

test.each<[string, CanaryChoice]>([
  ["1", { count: 1 }],
  ["10%", { percent: 10 }],
  ["shop-1", { names: ["shop-1"] }],
  ["shop-1,shop-2.example", { names: ["shop-1", "shop-2.example"] }],
])("%s is a choice", (text, choice) => {
  expect(parseCanaries(text)).toEqual(choice);
});

test.each([["0"], ["0%"], ["51%"], ["1001"], [""], ["a,,b"], ["../a"], ["-1"], ["1.5%"], ["a b"]])(
  "%j is none, and it is said what is",
  (text) => {
    expect(parseCanaries(text)).toEqual(expect.stringMatching(/^it takes/));
  },
);

function hostsOf(count: number): Candidate[] {
  return Array.from({ length: count }, (_, index) => ({ node: "shop", instance: `i${index}` }));
}

test.each<[string, number, number]>([
  ["1", 50, 1],
  ["10%", 50, 5],
  ["1%", 50, 1],
  ["50%", 3, 2],
  // One is left to compare with, where there are two.
  ["5", 3, 2],
  ["1", 1, 1],
  ["1", 0, 0],
])("%s of %d hosts is %d", (text, hosts, chosen) => {
  const choice = parseCanaries(text);
  if (typeof choice === "string") throw new Error(choice);
  expect(chooseCanaries(hostsOf(hosts), choice, "seed").size).toBe(chosen);
});

test("other versions have other canaries, and one version the same ones", () => {
  const of = (seed: string): string => [...chooseCanaries(hostsOf(50), { count: 1 }, seed)].join();
  expect(of("a")).toBe(of("a"));
  expect(new Set(Array.from({ length: 20 }, (_, seed) => of(`${seed}`))).size).toBeGreaterThan(5);
});

test("a name stands for a node with all its instances, or for an instance", () => {
  const hosts = [...hostsOf(2), { node: "other", instance: "i0" }];
  expect([...chooseCanaries(hosts, { names: ["shop"] }, "")]).toEqual(["shop i0", "shop i1"]);
  expect([...chooseCanaries(hosts, { names: ["i0"] }, "")]).toEqual(["shop i0", "other i0"]);
  expect([...chooseCanaries(hosts, { names: ["gone"] }, "")]).toEqual([]);
});
