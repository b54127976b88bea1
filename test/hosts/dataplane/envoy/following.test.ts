/**
 * A filter that follows a policy service: in stand-ins, where every order of events can be had, and in a real Envoy of
 * several workers with a real service before it, behind a door that the test can close, slow down, or lie at.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileBundle } from "../../../../hosts/policy/bundle.ts";
import { filterImage } from "../../../../hosts/policy/filter-image.ts";
import { defaultPolicy, type Policy } from "../../../../hosts/policy/schema.ts";
import { reportSchema } from "../../../../hosts/policy/wire.ts";
import { type Component, requireOrSkip } from "../../../tools/component.ts";
import { type CallAnswer, HostStandIn, type SharedValues } from "./host-stand-in.ts";
import { findEnvoy, LONG_MS, merlon, type Stage, send, startEnvoy, trappingModule, until } from "./stage.ts";

const ROOT = 1;
const BLOCKING: Policy = { ...defaultPolicy, mode: "block" };
const ATTACK = `/?id=${encodeURIComponent("1' UNION SELECT login,password FROM users-- ")}`;
const FOLLOWS = { policyCluster: "merlon-policy", policyAuthority: "policy.example", policyToken: "secret" };

function answerOf(policy: Policy): CallAnswer {
  const bundle = compileBundle(policy);
  return {
    headers: [
      [":status", "200"],
      ["etag", `"${bundle.hash}"`],
    ],
    body: Buffer.from(filterImage(bundle).image),
  };
}

function configured(host: HostStandIn, configuration: object): HostStandIn {
  host.configuration = Buffer.from(JSON.stringify(configuration));
  host.call("proxy_on_context_create", ROOT, 0);
  expect(host.call("proxy_on_configure", ROOT, host.configuration.length), host.logs.join()).toBe(1);
  return host;
}

const EPOCH = 1_800_000_000_000;

/** Instances of one Envoy and a clock for all of them. */
class Workers {
  readonly shared: SharedValues = new Map();
  readonly hosts: HostStandIn[] = [];
  now = EPOCH;

  add(configuration: object = FOLLOWS): HostStandIn {
    const host = new HostStandIn(this.shared);
    host.nowMs = this.now;
    this.hosts.push(configured(host, configuration));
    return host;
  }

  /** Lets so much time pass, a look at a time. */
  pass(milliseconds: number): void {
    for (const end = this.now + milliseconds; this.now < end; ) {
      this.now += 250;
      for (const host of this.hosts) {
        host.nowMs = this.now;
        host.call("proxy_on_tick", ROOT);
      }
    }
  }

  /** Questions for the policy so far. */
  get questions(): { host: HostStandIn; token: number; headers: Map<string, string> }[] {
    return this.hosts.flatMap((host) =>
      host.calls
        .filter(({ headers }) => new Map(headers).get(":path") === "/v1/image")
        .map(({ token, headers }) => ({ host, token, headers: new Map(headers) })),
    );
  }
}

let streams = 100;

/** @returns what the filter does with an attack */
function attack(host: HostStandIn): "block" | "pass" {
  const context = streams++;
  host.stream = {
    head: [
      [":method", "GET"],
      [":path", ATTACK],
      [":authority", "a"],
      [":scheme", "http"],
    ],
    trailers: [],
    request: Buffer.alloc(0),
    response: Buffer.alloc(0),
  };
  host.call("proxy_on_context_create", context, ROOT);
  const action = host.call("proxy_on_request_headers", context, 4, 1);
  host.call("proxy_on_delete", context);
  return action === 0 ? "pass" : "block";
}

describe("workers of one Envoy (stand-ins)", () => {
  test("ask by one of them, and all have what it got", () => {
    const workers = new Workers();
    for (let i = 0; i < 3; i++) workers.add();
    workers.pass(2000);
    const [question, ...more] = workers.questions;
    expect(more).toEqual([]);
    const asked = question?.headers ?? new Map();
    expect(Object.fromEntries(asked)).toMatchObject({
      ":method": "GET",
      ":authority": "policy.example",
      authorization: "Bearer secret",
      prefer: "wait=10",
    });
    expect(asked.has("if-none-match")).toBe(false);
    expect(workers.hosts.map(attack)).toEqual(["pass", "pass", "pass"]);
    question?.host.answer(ROOT, question.token, answerOf(BLOCKING));
    workers.pass(250);
    expect(workers.hosts.map(attack)).toEqual(["block", "block", "block"]);
    workers.pass(1000);
    expect(workers.questions).toHaveLength(2);
    expect(workers.questions[1]?.headers.get("if-none-match")).toBe(`"${compileBundle(BLOCKING).hash}"`);
    for (const host of workers.hosts) expect(host.counts.get("merlon.policy.changes")).toBe(1);
  });

  test("tell the service what is in force", () => {
    const workers = new Workers();
    const host = workers.add();
    workers.pass(500);
    host.answer(ROOT, workers.questions[0]?.token ?? 0, answerOf(BLOCKING));
    const told = host.calls.find(({ headers }) => new Map(headers).get(":path") === "/v1/report");
    const report = reportSchema.parse(JSON.parse(told?.body ?? "{}"));
    expect(report).toMatchObject({
      kind: "wasm",
      policy: { hash: compileBundle(BLOCKING).hash, source: "live", since: workers.now },
      refused: null,
    });
    expect(new Map(told?.headers).get("merlon-instance")).toBe(report.instance);
    expect(host.gauges.get("merlon.policy.source")).toBe(2);
  });

  test("go on with another when the one that asked is gone", () => {
    const workers = new Workers();
    for (let i = 0; i < 2; i++) workers.add();
    workers.pass(500);
    const [question] = workers.questions;
    const gone = workers.hosts.indexOf(question?.host ?? workers.add());
    workers.hosts.splice(gone, 1);
    workers.pass(4000);
    expect(workers.questions).toHaveLength(1);
  });

  test("hand the question on when the plugin is taken away", () => {
    const workers = new Workers();
    for (let i = 0; i < 2; i++) workers.add();
    workers.pass(500);
    const holder = workers.questions[0]?.host;
    holder?.call("proxy_on_delete", ROOT);
    workers.pass(500);
    expect(workers.questions.map(({ host }) => host === holder).toSorted()).toEqual([false, true]);
  });

  test("give a new instance the policy before its first request", () => {
    const workers = new Workers();
    const host = workers.add();
    workers.pass(500);
    host.answer(ROOT, workers.questions[0]?.token ?? 0, answerOf(BLOCKING));
    expect(attack(workers.add())).toBe("block");
    // Who follows another service, or with another secret, has nothing of it.
    expect(attack(workers.add({ ...FOLLOWS, policyToken: "other" }))).toBe("pass");
  });

  test("keep the plugin's own mode", () => {
    const workers = new Workers();
    const host = workers.add({ ...FOLLOWS, mode: "monitoring" });
    workers.pass(500);
    host.answer(ROOT, workers.questions[0]?.token ?? 0, answerOf(BLOCKING));
    expect(attack(host)).toBe("pass");
    expect(attack(workers.add())).toBe("block");
  });

  test("read a policy that was written while they read on their next look", () => {
    const workers = new Workers();
    const [one, two] = [workers.add(), workers.add()];
    workers.pass(500);
    const [question] = workers.questions;
    question?.host.answer(ROOT, question.token, answerOf(BLOCKING));
    const pieces = [...workers.shared].filter(([key]) => key.startsWith("merlon p"));
    expect(pieces).toHaveLength(1);
    const [key = "", piece = { value: Buffer.alloc(0), change: 0 }] = pieces[0] ?? [];
    workers.shared.set(key, { ...piece, value: Buffer.from(piece.value).fill(0x55) });
    workers.pass(500);
    const other = question?.host === one ? two : one;
    expect(attack(other)).toBe("pass");
    workers.shared.set(key, piece);
    workers.pass(250);
    expect(attack(other)).toBe("block");
  });
});

const GOOD = answerOf(BLOCKING);
const DAMAGED = Buffer.from(GOOD.body);
DAMAGED[DAMAGED.length - 1] = (DAMAGED[DAMAGED.length - 1] ?? 0) ^ 1;

describe("an answer that is of no use leaves the policy as it is (stand-in)", () => {
  test.each<[string, CallAnswer | null, string]>([
    ["none", null, "failures"],
    ["an error", { headers: [[":status", "503"]], body: Buffer.alloc(0) }, "failures"],
    ["no name", { headers: [[":status", "200"]], body: GOOD.body }, "failures"],
    [
      "a name without end",
      {
        headers: [
          [":status", "200"],
          ["etag", `"${"a".repeat(500)}"`],
        ],
        body: GOOD.body,
      },
      "failures",
    ],
    [
      "garbage",
      {
        headers: [
          [":status", "200"],
          ["etag", '"a"'],
        ],
        body: Buffer.from("<html>"),
      },
      "refused",
    ],
    [
      "nothing",
      {
        headers: [
          [":status", "200"],
          ["etag", '"a"'],
        ],
        body: Buffer.alloc(0),
      },
      "refused",
    ],
    [
      "too much",
      {
        headers: [
          [":status", "200"],
          ["etag", '"a"'],
        ],
        body: Buffer.alloc(5 << 20),
      },
      "refused",
    ],
    [
      "a part",
      {
        headers: [
          [":status", "200"],
          ["etag", '"a"'],
        ],
        body: GOOD.body.subarray(0, 40),
      },
      "refused",
    ],
    [
      "a bit that fell over",
      {
        headers: [
          [":status", "200"],
          ["etag", '"a"'],
        ],
        body: DAMAGED,
      },
      "refused",
    ],
  ])("%s", (_name, answer, counted) => {
    const workers = new Workers();
    const host = workers.add();
    workers.pass(500);
    host.answer(ROOT, workers.questions[0]?.token ?? 0, GOOD);
    workers.pass(1000);
    host.answer(ROOT, workers.questions[1]?.token ?? 0, answer);
    expect(attack(host)).toBe("block");
    workers.pass(6000);
    expect(host.counts.get(`merlon.policy.${counted}`)).toBe(1);
    expect(attack(workers.add())).toBe("block");
    // It is asked again, and what is good then counts.
    expect(workers.questions).toHaveLength(3);
    host.answer(ROOT, workers.questions[2]?.token ?? 0, answerOf({ ...defaultPolicy, mode: "monitoring" }));
    expect(attack(host)).toBe("pass");
  });

  test("a service that is away is asked ever more rarely, and the gauge says that the policy is an old one", () => {
    const workers = new Workers();
    const host = workers.add();
    workers.pass(500);
    host.answer(ROOT, workers.questions[0]?.token ?? 0, GOOD);
    host.hasCluster = false;
    workers.pass(60_000);
    const failures = host.counts.get("merlon.policy.failures") ?? 0;
    expect(failures).toBeGreaterThan(10);
    expect(failures).toBeLessThan(20);
    expect(host.gauges.get("merlon.policy.source")).toBe(3);
    expect(attack(host)).toBe("block");
  });
});

/** A door in front of the service: the service itself, or what stands in its place. */
type Door = "open" | "away" | "silent" | "slow" | "garbage" | "cut";

const SLOW_MS = 1000;

/** A service as hosts/policy/service has it, with a door; test/conformance/connector.test.ts has the real one. */
class Service {
  door: Door = "open";
  policy: Policy = BLOCKING;
  readonly #waiting = new Set<() => void>();
  readonly server: Server = createServer((request, response) => void this.#answer(request, response));

  change(policy: Policy): void {
    this.policy = policy;
    for (const wake of this.#waiting) wake();
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async #news(): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      setTimeout(wake, 10_000).unref();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const etagOf = (): string => `"${compileBundle(this.policy).hash}"`;
    const waits = request.url === "/v1/image" && request.headers["if-none-match"] === etagOf();
    if (waits && this.door === "open") await this.#news();
    // What the door is now counts, for those who waited too.
    if (this.door === "away") return void request.socket.destroy();
    if (request.url !== "/v1/image") return void response.writeHead(204).end();
    if (this.door === "silent") return;
    if (this.door === "garbage") return void response.writeHead(200, { etag: '"x"' }).end("<html>");
    if (this.door === "slow") await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    const etag = etagOf();
    if (request.headers["if-none-match"] === etag) return void response.writeHead(304, { etag }).end();
    const { image } = filterImage(compileBundle(this.policy));
    response.writeHead(200, { etag, "content-length": image.length });
    if (this.door === "cut") {
      response.write(image.subarray(0, image.length >> 1));
      return void setTimeout(() => request.socket.destroy(), 50);
    }
    response.end(image);
  }
}

describe("a real Envoy of three workers", () => {
  const WORKERS = 3;
  const service = new Service();
  let binary: Component<string>;
  let stage: Stage | undefined;

  beforeAll(async () => {
    service.server.listen(0, "127.0.0.1");
    await once(service.server, "listening");
    binary = await findEnvoy();
    if (!("found" in binary)) return;
    const endpoint = { address: { socket_address: { address: "127.0.0.1", port_value: service.port } } };
    stage = await startEnvoy(binary.found, {
      listeners: [[merlon(FOLLOWS)]],
      upstream: (_request, response) => response.end("application"),
      workers: WORKERS,
      module: trappingModule,
      clusters: [
        {
          name: "merlon-policy",
          type: "STATIC",
          connect_timeout: "1s",
          load_assignment: { cluster_name: "merlon-policy", endpoints: [{ lb_endpoints: [{ endpoint }] }] },
        },
      ],
    });
  }, LONG_MS);
  afterAll(async () => {
    await stage?.stop();
    service.server.closeAllConnections();
    service.server.close();
  });

  /** Answers of attacks on connections of their own, which the kernel spreads over workers. */
  async function answers(): Promise<number[]> {
    const replies = await Promise.all(Array.from({ length: 24 }, () => send(stage?.ports[0] ?? 0, ATTACK)));
    return replies.map(({ status }) => status);
  }

  const allAre = (status: number) => (seen: readonly number[]) => seen.every((one) => one === status);
  const allBlock = async (): Promise<unknown> => await until(answers, allAre(403));
  const allPass = async (): Promise<unknown> => await until(answers, allAre(200));
  const counted = async (name: string): Promise<number> =>
    (await stage?.stats(`wasmcustom.merlon.policy.${name}`))?.[`wasmcustom.merlon.policy.${name}`] ?? 0;

  test(
    "has a change on all of them, and says so",
    async (context) => {
      requireOrSkip(context, binary);
      await allBlock();
      for (const mode of ["monitoring", "block", "monitoring", "block"] as const) {
        service.change({ ...defaultPolicy, mode });
        await (mode === "block" ? allBlock() : allPass());
      }
      await until(
        () => counted("hash"),
        (hash) => hash === Number.parseInt(compileBundle(BLOCKING).hash.slice(0, 12), 16),
      );
      expect(await counted("source")).toBe(2);
      expect(await counted("refused")).toBe(0);
    },
    LONG_MS,
  );

  test.each<[Door, "failures" | "refused"]>([
    ["away", "failures"],
    ["garbage", "refused"],
    ["cut", "failures"],
    ["silent", "failures"],
    ["slow", "failures"],
  ])(
    "keeps its policy while the service is %s, and has the next one when it is back",
    async (door, name) => {
      if (stage === undefined) return;
      await allBlock();
      const before = await counted(name);
      service.door = door;
      service.change({ ...defaultPolicy, mode: "monitoring" });
      if (door === "slow") await allPass();
      else {
        await until(
          () => counted(name),
          (count) => count > before,
        );
        expect((await answers()).every((status) => status === 403)).toBe(true);
      }
      service.door = "open";
      service.change({ ...defaultPolicy, mode: "monitoring" });
      await allPass();
      service.change(BLOCKING);
      await allBlock();
    },
    LONG_MS,
  );

  test(
    "keeps it over a trap, while the service is away",
    async () => {
      if (stage === undefined) return;
      await allBlock();
      service.door = "away";
      service.server.closeAllConnections();
      const port = stage.ports[0] ?? 0;
      // Each trap ends the instance of the worker that has the connection.
      for (let i = 0; i < 12; i++) await sendTrailers(port);
      await until(answers, (seen) => seen.every((status) => status !== 503));
      expect((await answers()).every((status) => status === 403)).toBe(true);
      expect(await counted("source")).toBe(3);
      service.door = "open";
    },
    LONG_MS,
  );
});

/** A request with trailers, which the trapping module ends its instance at. */
async function sendTrailers(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  socket.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\na: b\r\n\r\n");
  await Promise.race([once(socket, "close"), new Promise((resolve) => setTimeout(resolve, 300))]);
  socket.destroy();
}
