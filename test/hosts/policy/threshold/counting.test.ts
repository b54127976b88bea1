/**
 * Thresholds as requests meet them: a real policy, compiled, in the real core, through inspections. The clock is the
 * test's, since what is tested is what happens in hours.
 */
import { describe, expect, test } from "vitest";
import { Engine } from "../../../../hosts/core/engine.ts";
import { Inspection, type InspectionContext, type VerdictEvent } from "../../../../hosts/core/inspection.ts";
import type { Refusal } from "../../../../hosts/core/threshold.ts";
import { createUlidSource } from "../../../../hosts/core/ulid.ts";
import { createCounters } from "../../../../hosts/dataplane/sidecar/counters.ts";
import { applyReady, countedBy, type Ready, readyPolicy } from "../../../../hosts/policy/apply.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { Counting } from "../../../../hosts/policy/threshold/counting.ts";
import type { CountExchange, Counts } from "../../../../hosts/policy/threshold/exchange.ts";

const ATTACKS = [
  "/?a=1'+union+select+password+from+users--",
  "/?a=<script>alert(1)</script>",
  "/?a=../../../etc/passwd",
];

const ONE_A_MINUTE = "limit: { requests: 1, per: 1m }";
const EMPTY = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {}\n";

interface Asked {
  readonly target?: string;
  readonly method?: string;
  readonly ip?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** What the application answers. */
  readonly status?: number;
  /** The host cannot stop it. */
  readonly watched?: boolean;
}

interface Told {
  readonly outcome: string;
  readonly refusal: Refusal | null;
  readonly event: VerdictEvent;
  readonly list: string;
}

/** A host's part in counting, without sockets. */
class Host {
  nowMs = 1_000_000;
  readonly engine = Engine.load();
  readonly counting: Counting;
  readonly counters = createCounters();
  #ready: Ready | null = null;

  constructor(thresholds: string, mode = "block", exchange: CountExchange | null = null) {
    this.counting = new Counting({ now: () => this.nowMs, exchange });
    this.use(thresholds, mode);
  }

  use(thresholds: string, mode = "block"): void {
    const list = thresholds.replace(/^/gm, "    ");
    const head = `apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec:\n  defaults: { mode: ${mode} }\n`;
    const policy = parsePolicy(`${head}${thresholds === "" ? "" : `  thresholds:\n${list}`}`, "p.yaml");
    const places = (_high: bigint, low: bigint): number[] => ((low & 1n) === 1n ? [64_500] : []);
    const ready = countedBy(readyPolicy(policy, places), this.counting, places);
    applyReady(this.engine, ready);
    this.#ready = ready;
  }

  ask({
    target = "/",
    method = "GET",
    ip = "192.0.2.1",
    headers = [],
    body = "",
    status = 200,
    watched = false,
  }: Asked = {}): Told {
    const events: { event: VerdictEvent; list: string }[] = [];
    const { host } = this.#ready ?? readyPolicy(parsePolicy("", ""));
    const context: InspectionContext = {
      inspector: this.engine,
      configuration: { inspectResponses: false },
      policy: () => host,
      counters: this.counters,
      nextId: createUlidSource(),
      onVerdict: (event) => events.push({ event, list: event.details()?.list ?? "" }),
    };
    const head = { method, target, authority: "a.test", scheme: "http", rawHeaders: headers } as const;
    const inspection = new Inspection(context, head, ip);
    let outcome = inspection.head();
    inspection.watched = watched;
    if (outcome === "pass" && body !== "") outcome = inspection.body(Buffer.from(body));
    if (outcome === "pass") outcome = inspection.end(null);
    const { refusal } = inspection;
    inspection.finish(outcome === "pass" || watched ? status : outcome === "limit" ? (refusal?.status ?? 0) : 403);
    const [told] = events;
    if (told === undefined) throw new Error("no verdict was told");
    return { outcome, refusal, ...told };
  }

  outcomes(times: number, asked: Asked = {}): string {
    return Array.from({ length: times }, () => this.ask(asked).outcome.charAt(0)).join("");
  }
}

const stampsOf = ({ event }: Told): string[] => event.verdict.matches.map(({ stamp }) => stamp);

describe("a rate", () => {
  const LOGIN = "- { name: login, match: { method: POST, path: /login }, limit: { requests: 3, per: 1m } }\n";

  test("stops what is too much of what its scope fits, for each client, and says when to come again", () => {
    const host = new Host(LOGIN);
    const login = { method: "POST", target: "/login?next=/" };
    expect(host.outcomes(5, login)).toBe("pppll");
    expect(host.outcomes(5, { target: "/login" })).toBe("ppppp");
    expect(host.outcomes(1, { ...login, ip: "192.0.2.2" })).toBe("p");
    const told = host.ask(login);
    expect(told.refusal).toMatchObject({ name: "login", status: 429, quota: 3, windowSeconds: 60 });
    host.nowMs += (told.refusal?.retryAfter ?? 0) * 1000 - 1001;
    expect(host.ask(login).outcome).toBe("limit");
    host.nowMs += 1001;
    expect(host.ask(login).outcome).toBe("pass");
    expect(host.counters).toMatchObject({ limited: 4, inspected: host.counters.requests, blocked: 0 });
  });

  test("is told in the verdict as what it is", () => {
    const host = new Host(LOGIN);
    host.outcomes(3, { method: "POST", target: "/login" });
    const { event } = host.ask({ method: "POST", target: "/login" });
    expect(event).toMatchObject({ status: 429, verdict: { action: "block", wouldAction: "block", mode: "block" } });
    expect(event.verdict.matches).toMatchObject([
      { type: "resource_consumption", stamp: "threshold-login", counts: true, point: "uri" },
    ]);
    expect(event.verdict.matches[0]?.reason).toBe("The policy's threshold login is reached: 3 requests in 1m by ip");
  });

  test.each(["//login", "/x/../login", "/%6cogin", "/./login"])(
    "has no way around by writing the path as %s",
    (target) => {
      const host = new Host(LOGIN);
      host.outcomes(3, { method: "POST", target: "/login" });
      expect(host.ask({ method: "POST", target }).outcome).toBe("limit");
    },
  );

  test.each([
    ["monitoring", "ppppp", 2],
    ["safe_blocking", "pppll", 2],
    ["off", "ppppp", 0],
  ])("in mode %s: %s", (mode, outcomes, findings) => {
    const host = new Host(LOGIN, mode);
    const told = Array.from({ length: 5 }, () => host.ask({ method: "POST", target: "/login" }));
    expect(told.map(({ outcome }) => outcome.charAt(0)).join("")).toBe(outcomes);
    const found = told.filter((one) => stampsOf(one).includes("threshold-login"));
    expect(found).toHaveLength(findings);
    if (mode === "monitoring") {
      expect(found[0]?.event.verdict).toMatchObject({ action: "pass", wouldAction: "block" });
      expect(host.counting.status).toMatchObject([{ name: "login", refused: 0, reported: 2, keys: 1 }]);
    }
  });

  test("that only reports lets everything pass, and would not block", () => {
    const host = new Host("- { name: a, action: report, limit: { requests: 1, per: 1m } }\n");
    expect(host.outcomes(3)).toBe("ppp");
    const { verdict } = host.ask().event;
    expect(verdict).toMatchObject({ action: "pass", wouldAction: "pass", matches: [{ counts: false }] });
  });

  test("keeps a client out for a time", () => {
    const host = new Host("- { name: a, limit: { requests: 1, per: 1s }, for: 1h, status: 503 }\n");
    expect(host.outcomes(2)).toBe("pl");
    host.nowMs += 3_599_000;
    expect(host.ask().refusal).toMatchObject({ status: 503, retryAfter: 1 });
    host.nowMs += 1001;
    expect(host.outcomes(2)).toBe("pl");
  });

  test("has a condition, about the body too, and a key of several parts", () => {
    const host = new Host(
      `- { name: a, when: 'point["post.**"].exists(v, v == "x")', key: [ip, 'header["x-user"]'], ${ONE_A_MINUTE} }\n`,
    );
    const asked = { method: "POST", headers: ["content-type", "application/x-www-form-urlencoded", "x-user", "1"] };
    expect(host.outcomes(3, { ...asked, body: "a=x" })).toBe("pll");
    expect(host.outcomes(3, { ...asked, body: "a=y" })).toBe("ppp");
    expect(host.outcomes(1, { ...asked, body: "a=x", headers: [...asked.headers.slice(0, 3), "2"] })).toBe("p");
    expect(host.outcomes(3, { ...asked, body: "a=x", headers: asked.headers.slice(0, 2) })).toBe("ppp");
  });

  test("counts by systems where a database knows them, and nothing where it does not", () => {
    const host = new Host("- { name: a, key: [asn], limit: { requests: 2, per: 1m } }\n");
    expect([1, 3, 5, 2, 4, 6].map((last) => host.ask({ ip: `192.0.2.${last}` }).outcome)).toEqual([
      ...["pass", "pass", "limit", "pass", "pass", "pass"],
    ]);
  });

  test("comes behind a verdict, and counts what that stops", () => {
    const host = new Host("- { name: a, limit: { requests: 1, per: 1m } }\n");
    expect([host.ask({ target: ATTACKS[2] ?? "" }).outcome, host.ask({ target: ATTACKS[2] ?? "" }).outcome]).toEqual([
      "block",
      "block",
    ]);
    expect(host.ask().outcome).toBe("limit");
  });

  test("changes nothing between a policy and a candidate that is shown beside it", () => {
    const host = new Host("- { name: a, limit: { requests: 1, per: 1m } }\n");
    host.engine.loadPolicy("shadow", readyPolicy(parsePolicy(EMPTY, "p.yaml")).image);
    const actions = [host.ask(), host.ask()].map(({ event: { verdict } }) => [verdict.action, verdict.shadowAction]);
    expect(actions).toEqual([
      ["pass", "pass"],
      ["block", "block"],
    ]);
  });

  test("of 64 are all counted apart", () => {
    const all = Array.from(
      { length: 64 },
      (_, at) => `- { name: n${at}, match: { path: /${at} }, limit: { requests: 1, per: 1m } }\n`,
    );
    const host = new Host(all.join(""));
    const twice = [0, 31, 32, 63].map((at) => host.outcomes(2, { target: `/${at}` }));
    expect(twice).toEqual(["pl", "pl", "pl", "pl"]);
    expect(host.counting.status.filter(({ keys }) => keys === 1).map(({ name }) => name)).toEqual([
      "n0",
      "n31",
      "n32",
      "n63",
    ]);
  });
});

describe("answers", () => {
  const BRUTE =
    "- { name: a, kind: brute_force, match: { path: /login }, limit: { requests: 3, per: 1m }, for: 10m }\n";

  test("that fail are counted, and then the client is kept out", () => {
    const host = new Host(BRUTE);
    expect(host.outcomes(10, { target: "/login", status: 200 })).toBe("p".repeat(10));
    expect(host.outcomes(2, { target: "/login", status: 401 })).toBe("pp");
    const last = host.ask({ target: "/login", status: 403 });
    expect(last.event.verdict).toMatchObject({
      action: "pass",
      wouldAction: "pass",
      matches: [{ type: "brute", counts: false }],
    });
    expect(last.event.verdict.matches[0]?.reason).toContain("; the next ones are refused for 10m");
    expect(host.outcomes(2, { target: "/login", status: 200 })).toBe("ll");
    expect(host.ask({ target: "/login", status: 200, ip: "192.0.2.2" }).outcome).toBe("pass");
    host.nowMs += 600_001;
    expect(host.ask({ target: "/login" }).outcome).toBe("pass");
  });

  test("of the host itself count for nothing", () => {
    const host = new Host(`${BRUTE}- { name: b, match: { path: /login }, limit: { requests: 1, per: 1s } }\n`);
    host.outcomes(50, { target: "/login", status: 200 });
    for (let at = 0; at < 50; at++) host.ask({ target: "/login?a=../../../etc/passwd" });
    host.nowMs += 5000;
    expect(host.ask({ target: "/login" }).outcome).toBe("pass");
  });

  test("of requests that a host only watches count whatever would have been done", () => {
    const host = new Host(BRUTE.replace(", for: 10m", ""));
    for (let at = 0; at < 5; at++) host.ask({ target: "/login?a=../../../etc/passwd", status: 401, watched: true });
    expect(host.ask({ target: "/login", watched: true })).toMatchObject({ outcome: "limit", event: { watched: true } });
    expect(host.counters).toMatchObject({ limited: 0, requests: 6, inspected: 6 });
  });

  test("that nobody shows are told as such", () => {
    const host = new Host(BRUTE);
    expect(host.outcomes(10, { target: "/login", status: 0 })).toBe("p".repeat(10));
    expect(host.counting.status).toMatchObject([{ unseen: 10, keys: 0 }]);
  });

  test("that there is no such page are counted by forced browsing", () => {
    const host = new Host("- { name: a, kind: forced_browsing, limit: { requests: 3, per: 1m } }\n");
    expect(host.outcomes(5, { status: 404 })).toBe("pppll");
    host.nowMs += 120_000;
    expect(host.outcomes(5, { status: 403 })).toBe("ppppp");
  });
});

test("a client that asks for other people's objects is stopped, one that asks for its own again is not", () => {
  const host = new Host(
    `- { name: a, kind: bola, match: { path: /orders/* }, values: "path[2]", limit: { requests: 3, per: 1h } }\n`,
  );
  expect([1, 1, 2, 3, 3, 1, 2].map((id) => host.ask({ target: `/orders/${id}` }).outcome)).toEqual(
    Array(7).fill("pass"),
  );
  const told = host.ask({ target: "/orders/4" });
  expect(told).toMatchObject({
    outcome: "limit",
    event: { verdict: { matches: [{ type: "idor", cwe: ["CWE-639"] }] } },
  });
  expect(host.ask({ target: "/orders/2" }).outcome).toBe("pass");
  expect(host.ask({ target: "/orders/4", ip: "192.0.2.2" }).outcome).toBe("pass");
});

describe("a client that attacks in many ways", () => {
  const multi = (action: string): string =>
    `- { name: many, kind: multi_attack, limit: { requests: 3, per: 1h }, action: ${action}, for: 1h }\n`;

  test("goes on the deny list, for its time", () => {
    const host = new Host(multi("deny"));
    expect(ATTACKS.map((target) => host.ask({ target }).outcome)).toEqual(["block", "block", "block"]);
    const denied = host.ask();
    expect(denied).toMatchObject({ outcome: "block", list: "deny", event: { verdict: { action: "block" } } });
    expect(host.ask({ ip: "192.0.2.2" }).outcome).toBe("pass");
    host.nowMs += 3_600_001;
    expect(host.ask().outcome).toBe("pass");
  });

  test("goes on the gray list, whose attacks safe_blocking blocks", () => {
    const host = new Host(multi("gray"), "safe_blocking");
    const told = ATTACKS.map((target) => host.ask({ target }));
    // The second one brings the third signature.
    expect(told.map(({ outcome }) => outcome)).toEqual(["pass", "pass", "block"]);
    expect(told.at(1)?.event.verdict.matches.find(({ stamp }) => stamp === "threshold-many")?.reason).toContain(
      "the client is watched more closely for 1h",
    );
    expect(host.ask()).toMatchObject({ outcome: "pass", list: "gray" });
    expect(host.ask({ target: ATTACKS[2] ?? "" }).outcome).toBe("block");
  });

  test("goes on no list in a mode that only watches", () => {
    const host = new Host(multi("deny"), "monitoring");
    for (const target of ATTACKS) host.ask({ target });
    host.use(multi("deny"), "block");
    expect(host.ask()).toMatchObject({ list: "none" });
  });

  test("is none after the same attack many times", () => {
    const host = new Host(multi("deny"));
    for (let at = 0; at < 20; at++) host.ask({ target: ATTACKS[2] ?? "" });
    expect(host.ask().outcome).toBe("pass");
  });
});

describe("a new policy", () => {
  const ONE = "- { name: a, limit: { requests: 2, per: 1m } }\n";

  test("keeps the counts of what it leaves as it is, and of what it only answers differently", () => {
    const host = new Host(ONE);
    expect(host.outcomes(2)).toBe("pp");
    host.use(`- { name: new, match: { path: /new }, limit: { requests: 1, per: 1m } }\n${ONE}`);
    expect(host.outcomes(1)).toBe("l");
    host.use(ONE.replace("per: 1m }", "per: 1m }, status: 503"));
    expect(host.ask().refusal?.status).toBe(503);
  });

  test("begins to count anew what it changes, and ends what it leaves out", () => {
    const host = new Host(ONE);
    host.outcomes(3);
    host.use(ONE.replace("2", "3"));
    expect(host.outcomes(4)).toBe("pppl");
    host.use("");
    expect(host.outcomes(4)).toBe("pppp");
    expect(host.counting.status).toEqual([]);
  });
});

describe("several processes", () => {
  /** Two hosts whose messages the test carries. */
  let isOpen = true;

  function pair(thresholds: string): { hosts: [Host, Host]; carry: () => void } {
    const takers: ((counts: Counts) => void)[] = [];
    const messages: { to: number; counts: Counts }[] = [];
    const exchange = (at: number): CountExchange => ({
      secret: "shared",
      tell: (counts) => isOpen && messages.push({ to: 1 - at, counts }) > 0,
      listen: (take) => {
        takers[at] = take;
        return () => delete takers[at];
      },
    });
    const hosts: [Host, Host] = [
      new Host(thresholds, "block", exchange(0)),
      new Host(thresholds, "block", exchange(1)),
    ];
    const carry = (): void => {
      for (const { counting } of hosts) counting.flush();
      for (const { to, counts } of messages.splice(0)) takers[to]?.(counts);
    };
    return { hosts, carry };
  }

  test("count together what each of them sees", () => {
    const { hosts, carry } = pair("- { name: a, limit: { requests: 4, per: 1m } }\n");
    expect(hosts[0].outcomes(2)).toBe("pp");
    // What cannot be told now is told when it can.
    isOpen = false;
    carry();
    isOpen = true;
    carry();
    expect(hosts[1].outcomes(3)).toBe("ppl");
    carry();
    expect(hosts[0].outcomes(1)).toBe("l");
    carry();
    for (const { counting } of hosts) counting.close();
  });

  test("have the same lists", () => {
    const { hosts, carry } = pair(
      "- { name: a, kind: multi_attack, limit: { requests: 3, per: 1h }, action: deny, for: 1h }\n",
    );
    for (const target of ATTACKS) hosts[0].ask({ target });
    expect(hosts[1].ask().outcome).toBe("pass");
    carry();
    expect(hosts[1].ask()).toMatchObject({ outcome: "block", list: "deny" });
    for (const { counting } of hosts) counting.close();
  });
});
