/** The service's server over real sockets: who may do what, questions that wait, certificates, and bad requests. */
import { Agent, request } from "undici";
import { expect, test, vi } from "vitest";
import { ServiceClient } from "../../../../hosts/policy/follow/service-client.ts";
import { documentSchema, statusSchema } from "../../../../hosts/policy/wire.ts";
import { makeCertificate } from "../../dataplane/sidecar/certificates.ts";
import { BLOCKING, makeFolder, startHost, startService, WATCHING } from "./stage.ts";

const WAIT = { timeout: 20_000, interval: 20 };

async function ask(url: string, token = "", init: RequestInit = {}): Promise<Response> {
  const headers = { ...Object(init.headers), ...(token === "" ? {} : { authorization: `Bearer ${token}` }) };
  return await fetch(url, { ...init, headers });
}

function json(body: unknown, method = "POST"): RequestInit {
  return { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}

const REPORT = {
  ...{ instance: "i", kind: "test", merlon: "0", refused: null, counters: {}, hits: [], comparison: null },
  policy: { hash: null, version: 0, source: "builtin", since: 0 },
};
const EDIT = { op: "list.add", list: "deny", entry: "203.0.113.7" };

test("who may do what", async () => {
  const { service, tokens, url } = await startService();
  await service.publish(BLOCKING);
  const node = await tokens.add("shop-1", "node");
  const operator = await tokens.add("alice", "operator");
  const requests: [string, RequestInit][] = [
    ["/v1/policy", {}],
    [`/v1/parts/${service.published.hash}`, {}],
    ["/v1/status", {}],
    ["/v1/report", json(REPORT, "PUT")],
    ["/v1/objects", {}],
    ["/v1/edit", json(EDIT)],
    ["/v1/candidate", json({ text: "", minutes: 1 }, "PUT")],
    ["/v1/candidate", { method: "DELETE" }],
    [`/v1/candidate?hash=${"0".repeat(64)}`, {}],
    ["/v1/rollout", json({ word: "withdraw" })],
    ["/v1/rollout", json({ text: "", seconds: 1, shareMax: 0, canary: "1" }, "PUT")],
    ["/v1/rollout", json({ text: "", seconds: 1, shareMax: 0, canary: "0" }, "PUT")],
    ["/metrics", {}],
  ];
  const seen: Record<string, number[]> = {};
  for (const [who, token] of [
    ["nobody", ""],
    ["a liar", `${node.slice(0, -1)}x`],
    ["a node", node],
    ["an operator", operator],
  ] as const) {
    const statuses: number[] = [];
    for (const [path, init] of requests) statuses.push((await ask(url + path, token, init)).status);
    seen[who] = statuses;
  }
  expect(seen).toEqual({
    nobody: Array.from(requests, () => 401),
    "a liar": Array.from(requests, () => 401),
    "a node": [200, 200, 200, 204, 403, 403, 403, 403, 403, 403, 403, 403, 200],
    "an operator": [200, 200, 200, 204, 200, 200, 422, 204, 200, 422, 422, 400, 200],
  });
  await tokens.remove("shop-1");
  expect((await ask(`${url}/v1/policy`, node)).status).toBe(401);
  expect((await ask(`${url}/healthz`)).status).toBe(204);
});

test("a question with the tag of today waits for news, and any other is answered at once", async () => {
  const { service, url } = await startService({ isOpen: true });
  await service.publish(BLOCKING);
  const first = await ask(`${url}/v1/policy`);
  const etag = first.headers.get("etag") ?? "";
  expect((await ask(`${url}/v1/policy`, "", { headers: { "if-none-match": etag } })).status).toBe(304);
  const waiting = ask(`${url}/v1/policy`, "", { headers: { "if-none-match": etag, prefer: "wait=50" } });
  await service.publish(WATCHING);
  const second = await waiting;
  expect(second.status).toBe(200);
  expect(second.headers.get("etag")).not.toBe(etag);
  // The same content again is no news.
  const again = second.headers.get("etag") ?? "";
  await service.publish(WATCHING);
  expect((await ask(`${url}/v1/policy`, "", { headers: { "if-none-match": again } })).status).toBe(304);
  expect((await ask(`${url}/v1/policy`, "", { headers: { "if-none-match": again, prefer: "wait=1" } })).status).toBe(
    304,
  );
});

test("bad requests get one sentence", async () => {
  const { service, tokens, url } = await startService();
  await service.publish(BLOCKING);
  const operator = await tokens.add("alice", "operator");
  const message = async (path: string, init: RequestInit): Promise<string> => {
    const answer = await ask(url + path, operator, init);
    return `${answer.status} ${(await answer.json()).message}`;
  };
  expect(await message("/v1/nothing", {})).toContain("404 there is nothing here");
  expect(await message("/v1/parts/00", {})).toContain("404 there is no such part");
  expect(await message("/v1/edit", { method: "POST", body: "{}" })).toContain("415");
  expect(await message("/v1/edit", { ...json(0), body: "{" })).toContain("400 the body is no JSON");
  expect(await message("/v1/edit", json({ op: "list.add", list: "deny" }))).toContain("400 entry");
  expect(await message("/v1/edit", json({ ...EDIT, reason: "x".repeat(1 << 21) }))).toContain("413");
  expect(await message("/v1/edit", json({ ...EDIT, entry: "10.0.0.1/8" }))).toContain('422 "10.0.0.1/8" has bits');
  expect(await message("/v1/candidate", json({ text: "kind: a", minutes: 1 }, "PUT"))).toContain("422");
});

test("a certificate makes a node known, and one of another authority does not", async () => {
  const folder = makeFolder();
  const own = makeCertificate(folder, "localhost");
  const node = makeCertificate(folder, "shop-1");
  const stranger = makeCertificate(folder, "stranger");
  const operators = new Set<string>();
  const { service, url } = await startService({ tls: { ...own, clientCaFile: node.certFile }, operators });
  await service.publish(BLOCKING, "# as it was written\n");
  const client = new ServiceClient({ url, caFile: own.certFile, ...node });
  expect(await client.read("/v1/status", statusSchema)).toMatchObject({ version: 1 });
  await expect(client.ask("/v1/document")).rejects.toThrowError(/shop-1 may not do this/);
  operators.add("shop-1");
  const document = await client.read("/v1/document", documentSchema);
  expect(document).toMatchObject({ version: 1, added: "", mode: null, base: { text: "# as it was written\n" } });
  const known = await client.read(`/v1/document?base=${document.base.hash}`, documentSchema);
  expect(known.base).toEqual({ hash: document.base.hash, text: null });
  await client.close();
  const host = await startHost({ url, caFile: own.certFile, ...node });
  expect(host.judge()).toBe("block in block");
  await vi.waitFor(() => expect(service.status.instances[0]?.node).toBe("shop-1"), WAIT);
  for (const other of [stranger, {}]) {
    const refused = new ServiceClient({ url, caFile: own.certFile, ...other });
    await expect(refused.ask("/v1/policy")).rejects.toMatchObject({ code: "MERLON_SERVICE" });
    await refused.close();
  }
  const trusting = new ServiceClient({ url, ...node });
  await expect(trusting.ask("/v1/policy")).rejects.toThrowError("does not answer");
  await trusting.close();
});

test("a part goes out packed to those who take it", async () => {
  const { service, url } = await startService({ isOpen: true });
  const mask = Array.from({ length: 600 }, (_, at) => `name-number-${at}`);
  await service.publish({ ...BLOCKING, exceptions: mask.map((name) => exceptionOf(name)) });
  const answer = await fetch(`${url}/v1/policy`);
  const { bundle } = await answer.json();
  const content = await (await fetch(`${url}/v1/parts/${bundle.hash}`)).json();
  const agent = new Agent();

  const largest = content.image.toSorted((a: { size: number }, b: { size: number }) => b.size - a.size)[0];
  const packed = await request(`${url}/v1/parts/${largest.hash}`, {
    dispatcher: agent,
    headers: { "accept-encoding": "gzip" },
  });
  expect(packed.headers["content-encoding"]).toBe("gzip");
  expect((await packed.body.bytes()).length).toBeLessThan(largest.size);
  await agent.close();
});

function exceptionOf(name: string): NonNullable<typeof BLOCKING.exceptions>[number] {
  const ignore = { stamps: ["sqli-union"], types: [], all: false };
  return { name, match: {}, point: `query.${name}`, ignore, reason: "a test", expiresAt: 1_900_000_000 };
}
