/**
 * The ext_proc server behind a real Envoy, from the configuration that `merlon connector` prints: every case
 * leads to the line that it has in Node, in each body mode, and an attack is stopped wherever it stands.
 * same-verdict.test.ts shows it foreign requests.
 *
 * Envoy's time-outs are long here, since a busy machine is no fault; faults.test.ts keeps those that are printed.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type ExtProcPlan, wasmYaml } from "../../hosts/cli/connector/envoy-config.ts";
import type { Mode } from "../../hosts/core/verdict.ts";
import { type ExtProc, startExtProc } from "../../hosts/dataplane/extproc/extproc.ts";
import { compilePolicy } from "../../hosts/policy/image.ts";
import { defaultPolicy } from "../../hosts/policy/schema.ts";
import { createRandom } from "../bench/random.ts";
import { eventually } from "../hosts/dataplane/sidecar/stage.ts";
import { type Component, ROOT, requireOrSkip } from "../tools/component.ts";
import { envoyBinary } from "../tools/wheels.ts";
import { readCases } from "./case-file.ts";
import { randomCuts } from "./delivery.ts";
import { EnvoyProcess } from "./envoy-process.ts";
import { lenientYaml } from "./lenient-yaml.ts";
import { Listening } from "./listening.ts";
import { type Message, readMessage } from "./message.ts";

const LONG_MS = 300_000;
const SEED = 12;
const HOST = "127.0.0.1";
/** Those in which Envoy shows a body to its end. */
const MODES = ["FULL_DUPLEX_STREAMED", "STREAMED", "BUFFERED", "BUFFERED_PARTIAL", "NONE"] as const;

interface Behind {
  readonly server: ExtProc;
  readonly envoy: EnvoyProcess;
  readonly core: Listening;
}

let binary: Component<string>;
const running: Behind[] = [];

beforeAll(async () => {
  binary = await envoyBinary();
}, LONG_MS);

afterAll(async () => {
  for (const { server, envoy } of running) {
    await envoy.stop();
    await server.close(0);
  }
});

async function behind(plan: Partial<ExtProcPlan>, mode: Mode): Promise<Behind> {
  if (!("found" in binary)) throw new Error(binary.missing);
  const core = new Listening();
  core.engine.loadPolicy("active", compilePolicy({ ...defaultPolicy, mode }));
  const server = await startExtProc({
    inspectorFor: (asked) => {
      core.modes.push(asked);
      return core;
    },
  });
  const envoy = await EnvoyProcess.startWith(binary.found, (ports) =>
    lenientYaml(ports, { ...plan, processor: { host: HOST, port: server.port } }),
  );
  const started = { server, envoy, core };
  running.push(started);
  return started;
}

/** The line of the one request that is on its way. */
async function lineOf({ envoy, core }: Behind, message: Message, cuts: readonly number[] = []) {
  core.lines.length = 0;
  const { status } = await envoy.send(message, cuts).catch(() => ({ status: 0 }));
  if (status === 400 || status === 404 || status === 0) return { status, line: undefined };
  await eventually(() => core.lines.length > 0);
  return { status, line: core.lines.at(-1) };
}

function messageOf(raw: Buffer): Message {
  const message = readMessage(raw);
  if (typeof message === "string") throw new Error(`the request ${message}`);
  return message;
}

const FORM = ["content-type", "application/x-www-form-urlencoded"] as const;
const ATTACK = "id=1%27+UNION+SELECT+login,password+FROM+users--+";

function post(body: string, trailers: Message["trailers"] = [], target = "/"): Message {
  return { method: "POST", target, authority: "a", fields: [FORM], body: Buffer.from(body), trailers };
}

describe.each(MODES)("in %s", (bodyMode) => {
  let it: Behind | undefined;
  beforeAll(async () => {
    if ("found" in binary) it = await behind({ bodyMode }, "monitoring");
  }, LONG_MS);

  test("every case has its line, whole and in chunks", { timeout: LONG_MS }, async (context) => {
    requireOrSkip(context, binary);
    if (it === undefined) return;
    const cases = readCases().filter(({ rawOnly, notEnvoy }) => rawOnly === undefined && notEnvoy === undefined);
    const odd: string[] = [];
    for (const { name, raw, line } of cases) {
      const message = messageOf(raw);
      const whole = await lineOf(it, message);
      if (whole.line !== line || whole.status !== 200) odd.push(`${name}: ${whole.status} ${whole.line}, not ${line}`);
      if (message.body.length < 2) continue;
      const cut = await lineOf(it, message, randomCuts(createRandom(SEED), message.body.length));
      if (cut.line !== line || cut.status !== 200)
        odd.push(`${name} in chunks: ${cut.status} ${cut.line}, not ${line}`);
    }
    expect(odd).toEqual([]);
  });
});

describe.each(MODES)("in mode block, %s stops an attack", (bodyMode) => {
  let it: Behind | undefined;
  beforeAll(async () => {
    if ("found" in binary) it = await behind({ bodyMode }, "block");
  }, LONG_MS);

  const filler = `a=${"x".repeat(100_000)}`;
  const places = [
    { place: "in the target", message: post("", [], `/?${ATTACK}`), held: true },
    { place: "in the whole body", message: post(ATTACK), held: bodyMode !== "STREAMED" },
    { place: "in the first chunk", message: post(`${ATTACK}&${filler}`), held: bodyMode !== "STREAMED" },
    { place: "in the last chunk", message: post(`${filler}&${ATTACK}`), held: bodyMode !== "STREAMED" },
    { place: "before trailers", message: post(ATTACK, [["x-a", "b"]]), held: bodyMode !== "STREAMED" },
    {
      place: "in a trailer",
      message: post("a=b", [["x-a", "1' UNION SELECT login,password FROM users--"]]),
      held: bodyMode === "FULL_DUPLEX_STREAMED" || bodyMode === "BUFFERED",
    },
  ];

  test.each(places)("$place", async ({ message, held }) => {
    if (it === undefined) return;
    for (const cuts of [[], [5, 40], [message.body.length - 3]]) {
      it.envoy.reached.length = 0;
      const inside = cuts.filter((at) => at > 0 && at < message.body.length);
      expect(await it.envoy.send(message, inside)).toMatchObject({ status: 403 });
      if (held) expect(it.envoy.reached).toEqual([]);
      else expect(it.envoy.reached.filter(({ whole }) => whole)).toEqual([]);
    }
  });

  test("and nothing else", async () => {
    if (it === undefined) return;
    const clean = post(filler, [["x-a", "b"]], "/clean");
    expect(await it.envoy.send(clean, [10, 5000])).toMatchObject({ status: 200 });
    const reached = it.envoy.reached.filter(({ target }) => target === "/clean");
    expect(reached).toEqual([{ target: "/clean", bytes: filler.length, whole: true }]);
  });
});

test("Envoy says the peer and the mode that the configuration gives the route", async (context) => {
  requireOrSkip(context, binary);
  const { envoy, core } = await behind({ mode: "block" }, "monitoring");
  expect(await envoy.send(post("a=b"))).toMatchObject({ status: 200 });
  expect(new Set(core.peers)).toEqual(new Set([HOST]));
  expect(core.modes).toEqual([null, "block"]);
});

test("out of band Envoy waits for nothing, and the verdict is there all the same", async (context) => {
  requireOrSkip(context, binary);
  const { envoy, core, server } = await behind({ observe: true }, "block");
  expect(await envoy.send(post(`a=b&${ATTACK}`), [5, 20])).toMatchObject({ status: 200 });
  await eventually(() => core.lines.some((line) => line.startsWith("block")));
  expect(server.counters).toMatchObject({ watched: server.counters.requests, blocked: 0 });
});

test("the printed WebAssembly filter starts and blocks", async (context) => {
  const path = requireOrSkip(context, binary);
  const envoy = await EnvoyProcess.startWith(path, (ports) =>
    wasmYaml({
      listen: { host: HOST, port: ports.listen },
      upstream: { host: HOST, port: ports.upstream },
      wasm: join(ROOT, "build/merlon.wasm"),
      policy: { ...defaultPolicy, mode: "block" },
    }),
  );
  onTestFinished(async () => await envoy.stop());
  expect(await envoy.send(post("a=b"))).toMatchObject({ status: 200 });
  expect(await envoy.send(post(ATTACK))).toMatchObject({ status: 403 });
});
