/**
 * Every case in a real Envoy, head and body, whole and in chunks, and thousands of foreign requests: the same line as
 * in Node. In mode block, an attack is answered by the filter and nothing of it reaches the upstream.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compilePolicy } from "../../hosts/policy/image.ts";
import { Core } from "../assembly/core.ts";
import { policyOf } from "../assembly/policy-image.ts";
import { createRandom } from "../bench/random.ts";
import { type Component, ROOT, requireOrSkip } from "../tools/component.ts";
import { envoyBinary } from "../tools/wheels.ts";
import { readCases } from "./case-file.ts";
import { deliverParts, randomCuts } from "./delivery.ts";
import { type EnvoyAnswer, EnvoyProcess } from "./envoy-process.ts";
import { type Message, readMessage } from "./message.ts";
import { readSample } from "./sample.ts";

const INSTALL_MS = 300_000;
const CORPORA_MS = 300_000;
const SEED = 11;
const SAMPLES_MIN = 5000;
const WASM = join(ROOT, "build/merlon.wasm");

/** Mode block, and under /scoped what scopes and exceptions say otherwise. */
const SCOPED = policyOf(
  { mode: "block" },
  {
    scopes: [
      { match: { path: "/scoped/watched/**" }, mode: "monitoring" },
      { match: { path: "/scoped/page" }, blockPage: { statusCode: 451, html: "<p>{{reference}}" } },
      { match: { path: "/scoped/away" }, blockPage: { redirect: "https://status.example/" } },
    ],
    exceptions: [
      { match: { path: "/scoped/excepted", point: "query.a" }, ignore: { types: ["ptrav"] }, expiresAt: "2099-01-01" },
      { match: { path: "/scoped/expired" }, ignore: { types: ["ptrav"] }, expiresAt: "2020-01-01" },
    ],
  },
);

let binary: Component<string>;
let watching: EnvoyProcess | undefined;
let blocking: EnvoyProcess | undefined;

beforeAll(async () => {
  binary = await envoyBinary();
  if (!("found" in binary)) return;
  watching = await EnvoyProcess.start(binary.found, WASM);
  const policy = Buffer.from(compilePolicy(SCOPED)).toString("base64");
  blocking = await EnvoyProcess.start(binary.found, WASM, policy);
}, INSTALL_MS);

afterAll(async () => {
  await watching?.stop();
  await blocking?.stop();
});

/** An Envoy of the two, or the end of the test. */
function envoyFor(context: Parameters<typeof requireOrSkip>[0], which: () => EnvoyProcess | undefined): EnvoyProcess {
  requireOrSkip(context, binary);
  const envoy = which();
  if (envoy === undefined) throw new Error("Envoy is not running");
  return envoy;
}

/** A call of gRPC is refused with a status of gRPC's own, in an answer whose own status is 200. */
function isGrpc({ fields }: Message): boolean {
  return fields.some(([name, value]) => name.toLowerCase() === "content-type" && /^application\/grpc/.test(value));
}

const TRIES = 4;

/** An answer that comes before the body was read is lost where the system resets the connection with it. */
async function sendUntilRead(envoy: EnvoyProcess, message: Message): Promise<EnvoyAnswer> {
  for (let tried = 1; ; tried++) {
    try {
      return await envoy.send(message);
    } catch (error) {
      if (tried === TRIES) throw error;
    }
  }
}

describe("in Envoy", () => {
  const cases = readCases().filter(({ rawOnly, notEnvoy }) => rawOnly === undefined && notEnvoy === undefined);
  const messageOf = (raw: Buffer): Message => {
    const message = readMessage(raw);
    if (typeof message === "string") throw new Error(`the request ${message}`);
    return message;
  };

  test.each(cases)("$name", async ({ raw, line }) => {
    if (watching === undefined) return;
    const message = messageOf(raw);
    expect(await watching.send(message)).toEqual({ status: 200, line });
    if (message.body.length < 2) return;
    const cuts = randomCuts(createRandom(SEED), message.body.length);
    expect(await watching.send(message, cuts)).toEqual({ status: 200, line });
  });

  test.each(cases.filter(({ line }) => line.startsWith("block")))("in mode block: $name", async ({ raw, line }) => {
    if (blocking === undefined) return;
    const message = messageOf(raw);
    expect(await sendUntilRead(blocking, message)).toEqual({ status: isGrpc(message) ? 200 : 403, line });
  });

  test.each([
    ["/scoped/other?a=", 403],
    ["/scoped/watched/x?a=", 200],
    ["/scoped/page?a=", 451],
    ["/scoped/away?a=", 302],
    ["/scoped/excepted?a=", 200],
    ["/scoped/excepted?b=", 403],
    ["/scoped/expired?a=", 403],
  ])("the policy's scopes and dates count: %s", async (target, status) => {
    if (blocking === undefined) return;
    const raw = `GET ${target}../../../../etc/passwd HTTP/1.1\r\nHost: shop.example\r\nAccept: text/html\r\n\r\n`;
    expect((await sendUntilRead(blocking, messageOf(Buffer.from(raw)))).status).toBe(status);
  });

  test("the filter ran", (context) => {
    expect(envoyFor(context, () => watching)).toBeDefined();
  });

  test(
    "foreign requests lead to the line that they have in Node",
    async (context) => {
      const envoy = envoyFor(context, () => watching);
      const samples = requireOrSkip(context, readSample());
      const core = new Core("release");
      const odd: string[] = [];
      let compared = 0;
      let refused = 0;
      for (const { name, raw } of samples) {
        const message = readMessage(raw);
        if (typeof message === "string") continue;
        const { status, line } = await envoy.send(message).catch(() => ({ status: 0, line: undefined }));
        if (line === undefined) {
          /* It answers 400 or 404, or cuts the connection before the answer is read. */
          refused++;
          if (status !== 0 && status !== 400 && status !== 404) odd.push(`${name}: answered ${status}`);
          continue;
        }
        compared++;
        const wanted = deliverParts(core, message, []).line;
        if (line !== wanted) odd.push(`${name} in Envoy: ${line}, in Node: ${wanted}`);
      }
      console.log(`${compared} requests compared, ${refused} refused by Envoy`);
      expect(odd).toEqual([]);
      expect(refused).toBeLessThan(samples.length / 100);
      expect(compared).toBeGreaterThanOrEqual(SAMPLES_MIN);
    },
    CORPORA_MS,
  );
});
