/** `merlon protect` as a process in front of a real server, on real sockets. */
import { once } from "node:events";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ATTACK, makeFolder, type Running, run, start } from "./stage.ts";

let server: Server;
let upstream: string;
/** Answers of the application that wait for this. */
let release: () => void = () => {};

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url?.startsWith("/login?wrong") === true) response.statusCode = 401;
    if (request.url !== "/slow") {
      response.end("application");
      return;
    }
    release = () => response.end("at last");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  upstream = `http://127.0.0.1:${address.port}`;
});

afterAll(() => server.close());

interface Protecting extends Running {
  readonly url: string;
}

async function protect(...flags: string[]): Promise<Protecting> {
  const running = start(["protect", upstream, "--listen", "127.0.0.1:0", ...flags]);
  const [, url = ""] = await running.saw(/^listening +(\S+)$/m);
  return { ...running, url };
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url, { headers: { connection: "close" } });
  await response.text();
  return response.status;
}

function write(path: string, mode: string): void {
  const text = `apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: ${mode}}}\n`;
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

describe("protect", () => {
  test("says where it listens, lets requests through and reports attacks", async () => {
    const { url, saw, stdout } = await protect();
    await saw(/^mode +monitoring \(built-in policy\)$/m);
    expect(await statusOf(`${url}/page`)).toBe(200);
    expect(await statusOf(`${url}/?${ATTACK}`)).toBe(200);
    await saw(/^\d\d:\d\d:\d\d +\w+ +GET \/ +query\.file +would block +\w+ +[\d.]+ ms$/m);
    expect(stdout()).not.toContain("/page");
    expect(stdout()).not.toContain("passwd");
  });

  test("blocks in mode block, with the page's status from the policy", async () => {
    const path = join(makeFolder(), "merlon.yaml");
    const fields = "{mode: monitoring, blockPage: {statusCode: 451}}";
    writeFileSync(path, `apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: ${fields}}\n`);
    const { url, stdout } = await protect("--policy", path, "--mode", "block", "--quiet");
    expect(await statusOf(`${url}/page`)).toBe(200);
    expect(await statusOf(`${url}/?${ATTACK}`)).toBe(451);
    expect(stdout().split("\n")).toHaveLength(4);
  });

  test("takes a new policy without a restart and keeps the last good one", async () => {
    const path = join(makeFolder(), "merlon.yaml");
    write(path, "monitoring");
    const { url, saw, child } = await protect("--policy", path);
    expect(await statusOf(`${url}/?${ATTACK}`)).toBe(200);
    write(path, "block");
    await saw(/policy .* is in force, mode block/);
    expect(await statusOf(`${url}/?${ATTACK}`)).toBe(403);
    const list = "kind: WafIPList\nspec: {list: deny, entries: [{cidr: 127.0.0.0/8}]}\n";
    const scope = "{match: {path: /page}, blockPage: {statusCode: 451, types: [acl_ip]}}";
    const head = "apiVersion: merlon.dev/v1alpha1\n";
    const spec = `{defaults: {mode: block, blockPage: {statusCode: 406, types: [attack]}}, scopes: [${scope}]}`;
    writeFileSync(path, `${head}kind: WafPolicy\nspec: ${spec}\n---\n${head}${list}`);
    child.kill("SIGHUP");
    await vi.waitFor(async () => expect(await statusOf(`${url}/page`)).toBe(451), { timeout: 10_000 });
    // The page of /page is for listed clients, the one of all others for attacks.
    expect(await statusOf(`${url}/other`)).toBe(403);
    write(path, "block");
    child.kill("SIGHUP");
    await vi.waitFor(async () => expect(await statusOf(`${url}/page`)).toBe(200), { timeout: 10_000 });
    write(path, "blok");
    child.kill("SIGHUP");
    await saw(/"blok" — it takes one of .* \(the policy before stays in force\)/);
    expect(await statusOf(`${url}/?${ATTACK}`)).toBe(403);
  });

  test("answers a client that asks too often itself, keeps that, and counts it", async () => {
    const folder = makeFolder();
    const path = join(folder, "merlon.yaml");
    const threshold = "{name: login, match: {path: /login}, limit: {requests: 2, per: 1h}, for: 10m}";
    const spec = `{defaults: {mode: block}, thresholds: [${threshold}]}`;
    writeFileSync(path, `apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: ${spec}\n`);
    const data = join(folder, "data");
    const { url, saw, child, ended } = await protect("--policy", path, "--data", data, "--metrics", "127.0.0.1:0");
    const [, metrics = ""] = await saw(/^metrics +(\S+)$/m);
    const statuses = [];
    for (let at = 0; at < 3; at++) statuses.push(await statusOf(`${url}/login`));
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await fetch(`${url}/login`, { headers: { accept: "text/html" } });
    expect(await refused.text()).toContain("<h1>Too many requests</h1>");
    expect(refused.headers.get("ratelimit-policy")).toBe('"login";q=2;w=3600');
    expect(refused.headers.get("ratelimit")).toMatch(/^"login";r=0;t=(?:[45]\d\d|600)$/);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(400);
    expect(await statusOf(`${url}/page`)).toBe(200);
    const numbers = await (await fetch(metrics)).text();
    expect(numbers).toMatch(/^waf_threshold_requests_total\{threshold="login",result="refused"\} 2$/m);
    expect(numbers).toMatch(/^waf_blocked_total\{by="rate"\} 2$/m);
    await saw(/GET \/login +uri +blocked/);
    child.kill("SIGTERM");
    expect(await ended()).toBe(0);
    const segment = readFileSync(join(data, "spool", "0000000001.seg"), "latin1");
    expect(segment).toMatch(/"action":"blocked".*"type":"resource_consumption","stamps":\["threshold-login"\]/);
  });

  test("keeps out a client whose log-ins fail, and says so to gRPC in its own way", async () => {
    const path = join(makeFolder(), "merlon.yaml");
    const threshold = "{name: login, kind: brute_force, limit: {requests: 3, per: 1h}, for: 1h, status: 503}";
    const spec = `{defaults: {mode: block}, thresholds: [${threshold}]}`;
    writeFileSync(path, `apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: ${spec}\n`);
    const { url } = await protect("--policy", path);
    const statuses = [];
    for (const target of ["login", "login?wrong=1", "login?wrong=2", "login", "login?wrong=3", "login", "page"]) {
      statuses.push(await statusOf(`${url}/${target}`));
    }
    expect(statuses).toEqual([200, 401, 401, 200, 401, 503, 503]);
    const grpc = await fetch(url, { method: "POST", headers: { "content-type": "application/grpc" } });
    expect([grpc.status, grpc.headers.get("grpc-status")]).toEqual([200, "8"]);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("lets a request finish after %s and then ends with 0", async (signal) => {
    const { url, child, saw, ended } = await protect();
    const arrived = once(server, "request");
    const slow = fetch(`${url}/slow`);
    await arrived;
    child.kill(signal);
    await saw(/finishing the requests in progress/);
    await expect(fetch(url)).rejects.toThrow();
    release();
    expect(await (await slow).text()).toBe("at last");
    expect(await ended()).toBe(0);
  });

  test("ends at once at the second signal", async () => {
    const { url, child, saw, ended } = await protect("--grace", "3600");
    const { hostname, port } = new URL(url);
    const arrived = once(server, "request");
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await arrived;
    child.kill("SIGTERM");
    await saw(/finishing/);
    child.kill("SIGTERM");
    expect(await ended()).toBe(0);
    release();
  });

  test("frees its port at the end", async () => {
    const first = await protect();
    first.child.kill("SIGTERM");
    expect(await first.ended()).toBe(0);
    const again = start(["protect", upstream, "--listen", new URL(first.url).host]);
    await again.saw(new RegExp(`listening +${first.url}`));
  });
});

describe("protect refuses", () => {
  test.each([
    { name: "no upstream", args: [], code: 2, says: "the upstream is missing" },
    { name: "two upstreams", args: ["http://a", "--upstream", "http://b"], code: 2, says: "given twice" },
    { name: "an upstream that is none", args: ["ftp://a"], code: 2, says: "no usable scheme" },
    { name: "a listen address that is none", args: ["http://a", "--listen", "x"], code: 2, says: "--listen" },
    { name: "a mode that is none", args: ["http://a", "--mode", "blok"], code: 2, says: 'did you mean "block"?' },
    { name: "a grace that is none", args: ["http://a", "--grace", "x"], code: 2, says: "0 to 3600" },
    { name: "half of TLS", args: ["http://a", "--tls-cert", "x"], code: 2, says: "TLS is set in part" },
    {
      name: "a certificate that is not there",
      args: ["http://a", "--tls-cert", "/no", "--tls-key", "/no"],
      code: 2,
      says: "/no",
    },
    { name: "a policy that is not there", args: ["http://a", "--policy", "/no.yaml"], code: 1, says: "no such file" },
    {
      name: "an address of another machine",
      args: ["http://a", "--listen", "192.0.2.1:80"],
      code: 1,
      says: "192.0.2.1",
    },
  ])("$name with code $code", async ({ args, code, says }) => {
    const outcome = await run(["protect", ...args]);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toContain(says);
    expect(outcome.stderr).toMatch(/^merlon: /);
  });
});
