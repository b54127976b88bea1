/** `merlon extproc` as a process: what it says, what it refuses, its policy, several workers on one port. */
import { once } from "node:events";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Answer, Call, head, responseHead } from "../dataplane/extproc/stage.ts";
import { listen } from "../dataplane/sidecar/stage.ts";
import { ATTACK, makeFolder, type Running, run, start } from "./stage.ts";

async function serve(...flags: string[]): Promise<Running & { port: number }> {
  const running = start(["extproc", "--listen", "127.0.0.1:0", "--workers", "1", ...flags]);
  const [, port = ""] = await running.saw(/^listening +grpc:\/\/127\.0\.0\.1:(\d+)$/m);
  return { ...running, port: Number(port) };
}

async function ask(port: number, path: string, mode = ""): Promise<Answer | null> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  onTestFinished(() => session.destroy());
  const metadata = mode === "" ? {} : { "x-merlon-mode": mode };
  const call = { ":method": "POST", ":path": "/envoy.service.ext_proc.v3.ExternalProcessor/Process", ...metadata };
  return await new Call(session.request(call)).send(head(path, [], { end: true })).next();
}

function write(path: string, mode: string): void {
  const text = `apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: ${mode}}}\n`;
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

describe("extproc", () => {
  test("says where it listens, reports attacks, and blocks where a route says so", async () => {
    const { port, saw, child, ended, stdout } = await serve();
    await saw(/^mode +monitoring \(built-in policy\)$/m);
    expect(await ask(port, `/?${ATTACK}`)).toMatchObject({ field: 1 });
    expect(await ask(port, `/?${ATTACK}`, "block")).toMatchObject({ field: 7, status: 403 });
    await saw(/POST \/ +query\.file +blocked/);
    expect(stdout()).not.toContain("passwd");
    child.kill("SIGTERM");
    expect(await ended()).toBe(0);
    await saw(/2 requests, 1 blocked/);
  });

  test("keeps records of what Envoy shows it, and counts", async () => {
    const folder = makeFolder();
    const { port, saw, child, ended } = await serve("--data", folder, "--metrics", "127.0.0.1:0", "--mode", "block");
    const [, metrics = ""] = await saw(/^metrics +(\S+)$/m);
    expect(await ask(port, `/?${ATTACK}`)).toMatchObject({ field: 7 });
    expect(await (await fetch(metrics)).text()).toMatch(/^waf_requests_total\{host="ext_proc"\} 1$/m);
    child.kill("SIGTERM");
    expect(await ended()).toBe(0);
    const segment = readFileSync(join(folder, "spool", "0000000001.seg"), "latin1");
    expect(segment).toMatch(/"kind":"ext_proc".*"action":"blocked".*"type":"ptrav"/);
  });

  test("takes a new policy without a restart", async () => {
    const path = join(makeFolder(), "merlon.yaml");
    write(path, "monitoring");
    const { port, saw } = await serve("--policy", path);
    expect(await ask(port, `/?${ATTACK}`)).toMatchObject({ field: 1 });
    write(path, "block");
    await saw(/is in force, mode block/);
    expect(await ask(port, `/?${ATTACK}`)).toMatchObject({ field: 7 });
  });

  test("counts answers where Envoy shows them, and says where it does not", async () => {
    const path = join(makeFolder(), "merlon.yaml");
    const threshold = "{name: login, kind: brute_force, limit: {requests: 2, per: 1h}}";
    const spec = `{defaults: {mode: block}, thresholds: [${threshold}]}`;
    writeFileSync(path, `apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: ${spec}\n`);
    const { port, saw } = await serve("--policy", path, "--metrics", "127.0.0.1:0");
    const [, metrics = ""] = await saw(/^metrics +(\S+)$/m);
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    onTestFinished(() => session.destroy());
    const process = { ":method": "POST", ":path": "/envoy.service.ext_proc.v3.ExternalProcessor/Process" };
    const login = (from: string): Call => {
      const attributes = { "source.address": `${from}:4711` };
      return new Call(session.request(process)).send(head("/login", [], { end: true, attributes }));
    };
    for (let at = 0; at < 2; at++) {
      const call = login("192.0.2.1");
      expect(await call.next()).toMatchObject({ field: 1 });
      call.send(responseHead([], true, "401"));
      expect(await call.next()).toMatchObject({ field: 2 });
      call.stream.end();
      expect(await call.next()).toBeNull();
    }
    const refused = await login("192.0.2.1").next();
    expect(refused).toMatchObject({ field: 7, status: 429, headers: { "ratelimit-policy": '"login";q=2;w=3600' } });
    const unseen = login("192.0.2.2");
    expect(await unseen.next()).toMatchObject({ field: 1 });
    unseen.stream.end();
    expect(await unseen.next()).toBeNull();
    expect(await (await fetch(metrics)).text()).toMatch(/^waf_threshold_answers_unseen_total\{threshold="login"\} 1$/m);
  });

  test("serves from several processes on one port, and ends them all", async () => {
    const probe = createServer();
    const port = await listen(probe);
    probe.close();
    await once(probe, "close");
    const address = `127.0.0.1:${port}`;
    const running = start(["extproc", "--listen", address, "--workers", "2", "--mode", "block"]);
    await running.saw(/^listening/m);
    for (let at = 0; at < 4; at++) expect(await ask(port, `/?${ATTACK}`)).toMatchObject({ field: 7 });
    running.child.kill("SIGTERM");
    expect(await running.ended()).toBe(0);
    expect(running.stdout().match(/^listening/gm)).toHaveLength(1);
    const again = connect(port, "127.0.0.1");
    await expect(once(again, "connect")).rejects.toThrow("ECONNREFUSED");
  });

  test("says which port is taken, once, however many workers", async () => {
    const other = createServer();
    const port = await listen(other);
    const running = start(["extproc", "--listen", `127.0.0.1:${port}`, "--workers", "3"]);
    expect(await running.ended()).toBe(1);
    expect(running.stderr().match(/another program listens there/g)).toHaveLength(1);
    other.close();
  });

  test.each([
    [["--tls-cert", "a.pem"], 2, "TLS is set in part"],
    [["--tls-client-ca", "ca.pem"], 2, "TLS is set in part"],
    [["--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.key"], 2, "/nowhere.pem cannot be read"],
    [["--mode", "blok"], 2, 'did you mean "block"?'],
    [["--listen", "127.0.0.1:0", "--workers", "2"], 2, "several workers need one port"],
    [["--workers", "0"], 2, "--workers"],
    [["somewhere"], 2, "takes no arguments"],
  ])("refuses %j", async (flags, code, words) => {
    const workers = flags.includes("--workers") ? [] : ["--workers", "1"];
    const outcome = await run(["extproc", ...workers, ...flags]);
    expect(outcome.stderr).toContain(words);
    expect(outcome.code).toBe(code);
  });
});
