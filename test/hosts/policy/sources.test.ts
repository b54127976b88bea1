/** Lists of sources, asked alone and in the core: which list has a client, for how long, and what that does. */
import { describe, expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { compilePolicy } from "../../../hosts/policy/image.ts";
import { type IpList, ipListSchema, LISTS } from "../../../hosts/policy/ip-list.ts";
import { parseNetwork } from "../../../hosts/policy/network.ts";
import { settingsSchema } from "../../../hosts/policy/schema.ts";
import { type Sources, sourcesOf } from "../../../hosts/policy/sources.ts";

const NOW = 1_800_000_000;
const LATER = "2027-06-01T00:00:00Z";
const EARLIER = "2026-01-01";

function listOf(list: (typeof LISTS)[number], ...entries: (string | [cidr: string, expiresAt: string])[]): IpList {
  return ipListSchema.parse({
    list,
    entries: entries.map((entry) => {
      return typeof entry === "string" ? { cidr: entry } : { cidr: entry[0], expiresAt: entry[1] };
    }),
  });
}

function listFor(sources: Sources, client: string): string {
  const network = parseNetwork(client);
  if (typeof network === "string") throw new Error(network);
  const { address } = network;
  return LISTS[sources.sourceOf(address >> 64n, address & (2n ** 64n - 1n), NOW) - 1] ?? "none";
}

test("the first list that has a client counts, allow before deny before gray", () => {
  const sources = sourcesOf([
    listOf("gray", "10.0.0.0/8", "2001:db8::/32"),
    listOf("deny", "10.1.0.0/16", "203.0.113.7"),
    listOf("allow", "10.1.2.3"),
  ]);
  expect(
    ["10.1.2.3", "10.1.2.4", "10.2.0.1", "203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db9::1"].map((client) =>
      listFor(sources, client),
    ),
  ).toEqual(["allow", "deny", "gray", "deny", "none", "gray", "none"]);
  const hits = sources.hits(10).map(({ list, entry, hits: count }) => `${list} ${entry} ${count}`);
  expect(hits.sort()).toEqual([
    "allow 10.1.2.3 1",
    "deny 10.1.0.0/16 1",
    "deny 203.0.113.7 1",
    "gray 10.0.0.0/8 1",
    "gray 2001:db8::/32 1",
  ]);
});

test("an entry ends at its date, and a wider or later one goes on", () => {
  const sources = sourcesOf([
    listOf("deny", ["203.0.113.7", EARLIER], ["198.51.100.1", EARLIER], ["198.51.100.1", LATER], "192.0.2.0/24"),
    listOf("deny", ["192.0.2.9", EARLIER]),
  ]);
  const clients = ["203.0.113.7", "198.51.100.1", "192.0.2.9"];
  expect(clients.map((client) => listFor(sources, client))).toEqual(["none", "deny", "deny"]);
});

test("networks of every kind of prefix, and nothing beside them", () => {
  const sources = sourcesOf([listOf("deny", "0.0.0.0/0"), listOf("gray", "::/0")]);
  expect([listFor(sources, "8.8.8.8"), listFor(sources, "2001:db8::1")]).toEqual(["deny", "gray"]);
});

describe("in the core", () => {
  const ATTACK = "/?a=../../../../../../etc/passwd";

  function send(engine: Engine, target: string, peer: string, forwarded?: string): string {
    const transaction = engine.begin(peer, NOW);
    const rawHeaders = forwarded === undefined ? [] : ["x-forwarded-for", forwarded];
    const head = { method: "GET", target, authority: "a", scheme: "http", rawHeaders } as const;
    const answers = [transaction.head(head), transaction.end()];
    const { action } = transaction.verdict();
    transaction.free();
    expect(answers.at(-1)).toBe(action);
    return action;
  }

  test("a client is the one that the head names, behind trusted proxies", () => {
    const engine = Engine.load();
    const lists = sourcesOf([listOf("deny", "203.0.113.7"), listOf("allow", "198.51.100.1")]);
    engine.sources = (client, now) => lists.sourceOfWords(client, now);
    const settings = settingsSchema.parse({ mode: "block", clientIP: { trustedCIDRs: ["10.0.0.0/8"] } });
    engine.loadPolicy("active", compilePolicy(settings));
    expect(send(engine, "/", "203.0.113.7")).toBe("block");
    expect(send(engine, "/", "10.0.0.1", "203.0.113.7")).toBe("block");
    expect(send(engine, "/", "10.0.0.1", "192.0.2.1")).toBe("pass");
    expect(send(engine, "/", "192.0.2.1", "203.0.113.7")).toBe("pass");
    // An allowed client passes with what is blocked from everyone else.
    expect(send(engine, ATTACK, "192.0.2.1")).toBe("block");
    expect(send(engine, ATTACK, "10.0.0.1", "198.51.100.1")).toBe("pass");
  });

  test("a gray client is blocked in safe_blocking, for attacks alone", () => {
    const engine = Engine.load();
    const lists = sourcesOf([listOf("gray", "203.0.113.7")]);
    engine.sources = (client, now) => lists.sourceOfWords(client, now);
    engine.loadPolicy("active", compilePolicy(settingsSchema.parse({ mode: "safe_blocking" })));
    expect([send(engine, ATTACK, "203.0.113.7"), send(engine, ATTACK, "203.0.113.8")]).toEqual(["block", "pass"]);
    expect(send(engine, "/", "203.0.113.7")).toBe("pass");
  });
});
