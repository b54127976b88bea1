/** `merlon test` against real servers: Merlon itself, and others whose verdicts are known. */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { startSidecar } from "../../../hosts/dataplane/sidecar/sidecar.ts";
import { compilePolicy } from "../../../hosts/policy/image.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";
import { type Outcome, run } from "./stage.ts";

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

function answer(status: number): RequestListener {
  return (request, response) => {
    request.resume();
    response.writeHead(status).end();
  };
}

/** Blocks what has "script" in its target, as a status or as a header. */
function scriptBlocker(status: number, header = ""): RequestListener {
  return (request, response) => {
    request.resume();
    if (!/script/.test(request.url ?? "")) response.end();
    else response.writeHead(status, header === "" ? {} : { "x-merlon-action": header }).end();
  };
}

async function runJson(...args: string[]): Promise<Outcome & { readonly report: Record<string, unknown> }> {
  const outcome = await run(["test", ...args, "--json"]);
  return { ...outcome, report: JSON.parse(outcome.stdout) };
}

describe("test", () => {
  test("finds Merlon blocking, by status or by what it says it would do", async () => {
    const engine = Engine.load();
    engine.loadPolicy("active", compilePolicy({ ...defaultPolicy, mode: "block" }));
    const upstream = await serve(answer(200));
    const sidecar = await startSidecar({ upstream, inspector: engine });
    onTestFinished(() => sidecar.close(0));
    const url = `http://127.0.0.1:${sidecar.port}`;
    const flags = ["--type", "ptrav", "--placement", "url-param", "--placement", "json-string", "--encoding", "plain"];
    const { code, stderr, report } = await runJson(url, ...flags);
    expect({ code, stderr, url: report["url"] }).toEqual({ code: 0, stderr: "", url: `${url}/` });
    expect(report).toMatchObject({ score: { blocked: 100, passed: 100 }, failed: 0, missed: [] });
    expect(Object.keys(report["byPlacement"] as object)).toEqual(["url-param", "json-string"]);
    expect(sidecar.counters.blocked).toBeGreaterThan(10);
  });

  test("sends the whole suite, and counts what a poor filter misses", async () => {
    const seen = new Set<string>();
    const blocker = scriptBlocker(403);
    const url = await serve((request, response) => {
      seen.add(`${request.method} ${request.headers["content-type"]?.split(";")[0] ?? ""}`);
      blocker(request, response);
    });
    const { code, report } = await runJson(url);
    expect(code).toBe(1);
    expect(report).toMatchObject({ failed: 0 });
    const { attacks, blocked, harmless } = report as Record<string, number>;
    expect(attacks).toBeGreaterThan(1500);
    expect(harmless).toBeGreaterThan(1000);
    expect(blocked).toBeGreaterThan(0);
    expect(blocked).toBeLessThan(50);
    const types = ["", "text/plain", "application/json", "application/x-www-form-urlencoded", "multipart/form-data"];
    for (const type of [...types.slice(1), "application/xml", "text/xml"]) expect(seen).toContain(`POST ${type}`);
    expect(seen).toContain("GET ");
  });

  test("prints tables and what went wrong", async () => {
    const url = await serve(scriptBlocker(403));
    const { code, stdout, stderr } = await run(["test", url, "--type", "sqli", "--placement", "header", "--show", "2"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toMatch(/^sqli +\d+ +0 +0\.0 % +\d+ +\d+ +100\.0 %$/m);
    expect(stdout).toMatch(/wrong\n( {2}passed {3}sqli header .*\n){2} {2}and \d+ more\n/);
    expect(stdout).toMatch(/blocked 0\.00 % of \d+ attacks, passed 100\.00 % of \d+ harmless requests\n$/);
  });

  test.each([
    { name: "by another status", listener: scriptBlocker(406), flags: ["--block-status", "406"] },
    { name: "in monitoring", listener: scriptBlocker(200, "would_block"), flags: [] },
  ])("takes a block $name for one", async ({ listener, flags }) => {
    const { report } = await runJson(await serve(listener), ...flags, "--type", "xss", "--placement", "url-param");
    expect((report as Record<string, number>)["blocked"]).toBeGreaterThan(0);
  });

  test("keeps to the address and path that it was given", async () => {
    const paths = new Set<string>();
    const url = await serve((request, response) => {
      paths.add((request.url ?? "").slice(0, 5));
      request.resume();
      response.writeHead(/script/.test(request.url ?? "") ? 403 : 302, { location: "http://192.0.2.1/" }).end();
    });
    await run(["test", `${url}/app/`, "--type", "ptrav"]);
    expect(paths).toEqual(new Set(["/app/"]));
  });

  test("ends before the suite where an obvious attack passes, and goes on when told", async () => {
    const url = await serve(answer(200));
    const { code, stdout, stderr } = await run(["test", url]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^merlon: http:\S+ does not block — an obvious attack passed; put it behind Merlon in mode block/,
    );
    const anyway = await run(["test", url, "--skip-precheck", "--type", "xss", "--placement", "header"]);
    expect(anyway.stdout).toContain("blocked 0.00 %");
  });

  test("ends where a harmless request is blocked, or the other side stops answering", async () => {
    const closed = await run(["test", await serve(answer(403))]);
    expect(closed).toMatchObject({ code: 2, stdout: "" });
    expect(closed.stderr).toContain("a harmless request is answered 403");
    let left = 50;
    const blocker = scriptBlocker(403);
    const dying = await serve((request, response) => {
      if (left-- > 0) blocker(request, response);
      else request.socket.destroy();
    });
    const stopped = await run(["test", dying]);
    expect(stopped).toMatchObject({ code: 2, stdout: "" });
    expect(stopped.stderr).toContain("the address stopped answering");
  });
});

describe("test refuses", () => {
  test.each([
    { args: ["shop"], says: "is no URL" },
    { args: ["ftp://127.0.0.1/"], says: "is not of the web" },
    { args: ["file:///etc/passwd"], says: "is not of the web" },
    { args: ["javascript:alert(1)"], says: "is not of the web" },
    { args: ["http://user:password@127.0.0.1/"], says: "has a user" },
    { args: ["http://127.0.0.1/?a=b"], says: "a query" },
    { args: ["http://127.0.0.1", "--type", "sql"], says: '--type is "sql"' },
    { args: ["http://127.0.0.1", "--placement", "body"], says: "it takes url-param" },
    { args: ["http://127.0.0.1", "--encoding", "rot13"], says: "it takes plain" },
    { args: ["http://127.0.0.1", "--concurrency", "1000"], says: "1 to 64" },
    { args: ["http://127.0.0.1", "--block-status", "200"], says: "400 to 599" },
    { args: [], says: '"merlon test" needs <url>' },
  ])("$args", async ({ args, says }) => {
    const outcome = await run(["test", ...args]);
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toContain(says);
  });

  test("an address where nobody listens", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    server.close();
    if (address === null || typeof address === "string") throw new Error("no port");
    const { code, stderr } = await run(["test", `http://127.0.0.1:${address.port}`]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/does not answer — ECONNREFUSED; check the address/);
  });
});
