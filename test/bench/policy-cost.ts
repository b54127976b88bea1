/**
 * What a large policy costs a request, beside an empty one: the core and its caller, lists included, on a short GET and
 * on the benchmark's own mix; and what a hundred rules cost a short GET. Every request goes to another route and comes
 * from another client, so that nothing of the policy is in a near cache: the worst case. Gates nothing.
 *
 *     node test/bench/policy-cost.ts
 */
import { Engine } from "../../hosts/core/engine.ts";
import type { RequestHead } from "../../hosts/core/verdict.ts";
import { applyReady, readyPolicy } from "../../hosts/policy/apply.ts";
import { parsePolicy } from "../../hosts/policy/policy-text.ts";
import { defaultPolicy, type Policy } from "../../hosts/policy/schema.ts";
import { LARGE, makePolicy, type PolicySize } from "./policy-size.ts";
import { createRandom } from "./random.ts";
import { syntheticMix } from "./synthetic.ts";
import { threadCpuNs } from "./wire.ts";

const SEED = 11;
const NOW = 1_800_000_000;
const ROUNDS = 40;
const BATCH = 2000;
const MIX = 400;

interface Asked {
  readonly head: RequestHead;
  readonly body: Uint8Array;
  readonly client: string;
}

/** Nanoseconds of CPU for a request, the least of many rounds, by what was in force. */
export type Costs = Readonly<Record<string, number>>;

const EMPTY: Policy = { ...defaultPolicy, mode: "block" };

/** Policies that are measured, the empty one first. */
function policiesOf(size: PolicySize): ReadonlyMap<string, Policy> {
  const full = makePolicy(size);
  return new Map([
    ["empty", EMPTY],
    ["lists alone", { ...EMPTY, ipLists: full.ipLists ?? [] }],
    ["routes and exceptions", { ...full, ipLists: [] }],
    ["all of it", full],
  ]);
}

/** A policy with so many rules that ask a request's path, its query and a header. */
export function policyWithRules(rules: number): Policy {
  const asks = [
    (at: number) => `path.startsWith("/private-${at}/")`,
    (at: number) => `query["token"].matches("^t${at}[a-f0-9]+$")`,
    (at: number) => `header["user-agent"].contains("scanner-${at}")`,
  ];
  const lines = Array.from(
    { length: rules },
    (_, at) => `    - { name: rule-${at}, type: rce, when: '${asks[at % asks.length]?.(at) ?? ""}' }`,
  );
  const head = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec:\n  defaults: { mode: block }\n  rules:\n";
  return parsePolicy(`${head}${lines.join("\n")}\n`, "rules");
}

/** Requests to as many routes as there are, from clients of all the world. */
export function askedOf(size: PolicySize, mix: boolean): Asked[] {
  const random = createRandom(SEED);
  const requests = mix ? syntheticMix(MIX) : [];
  return Array.from({ length: BATCH }, (_, index) => {
    const route = random(size.routes);
    const like = requests[index % Math.max(1, requests.length)];
    const path = `/service-${route % 50}/v1/route-${route}`;
    const head: RequestHead = {
      method: like?.method ?? "GET",
      target: `${path}${like?.target ?? "/"}`,
      authority: `host-${route % 100}.example`,
      scheme: "https",
      rawHeaders: like?.rawHeaders ?? ["user-agent", "curl/8.9.1", "accept", "*/*"],
    };
    const client = `${1 + random(222)}.${random(256)}.${random(256)}.${random(256)}`;
    return { head, body: like?.body ?? new Uint8Array(0), client };
  });
}

/** Measures policies in turns, so that a busy machine is busy for all of them. */
export function measureCosts(policies: ReadonlyMap<string, Policy>, asked: readonly Asked[], rounds = ROUNDS): Costs {
  const engines = [...policies].map(([name, policy]) => {
    const engine = Engine.load();
    const ready = readyPolicy(policy);
    applyReady(engine, ready);
    return { name, engine, isScoped: ready.host.isScoped, best: Number.POSITIVE_INFINITY };
  });
  for (let round = 0; round < rounds; round++) {
    for (const one of engines) {
      const begin = threadCpuNs();
      for (const { head, body, client } of asked) inspect(one.engine, one.isScoped, head, body, client);
      one.best = Math.min(one.best, (threadCpuNs() - begin) / asked.length);
    }
  }
  return Object.fromEntries(engines.map(({ name, best }) => [name, best]));
}

/** As hosts do it. */
function inspect(engine: Engine, isScoped: boolean, head: RequestHead, body: Uint8Array, client: string): void {
  const transaction = engine.begin(client, NOW);
  transaction.head(head);
  if (isScoped) transaction.settings?.();
  if (body.length > 0) transaction.body(body);
  transaction.end();
  transaction.verdict();
  transaction.free();
}

/** @returns costs as lines, held against the first */
export function costLines(title: string, costs: Costs): string {
  const [[, first = 1] = []] = Object.entries(costs);
  const rows = Object.entries(costs).map(([name, ns]) => {
    const more = `${((ns / first - 1) * 100).toFixed(1)} %`;
    return `  ${name.padEnd(24)}${ns.toFixed(0).padStart(7)} ns${more.padStart(9)}\n`;
  });
  return `${title}\n${rows.join("")}`;
}

function main(): void {
  const print = (title: string, costs: Costs): void => void process.stdout.write(costLines(title, costs));
  const policies = policiesOf(LARGE);
  print("a short GET", measureCosts(policies, askedOf(LARGE, false)));
  print("the synthetic mix", measureCosts(policies, askedOf(LARGE, true), ROUNDS / 4));
  const rules = new Map([
    ["empty", EMPTY],
    ["100 rules", policyWithRules(100)],
  ]);
  print("rules, a short GET", measureCosts(rules, askedOf(LARGE, false)));
}

if (process.argv[1] === import.meta.filename) main();
