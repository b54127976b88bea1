/** Hosts that follow a real service: news at once, a service that goes and comes back, and services that lie. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { MerlonError } from "../../../../hosts/core/error.ts";
import { type Bundle, compileBundle, hashOf } from "../../../../hosts/policy/bundle.ts";
import { BundleCache } from "../../../../hosts/policy/bundle-cache.ts";
import { BLOCKING, makeFolder, startHost, startService, WATCHING } from "../service/stage.ts";

const WAIT = { timeout: 20_000, interval: 20 };

test("news reach a host at once, and the service hears that they are in force", async () => {
  const { service, url } = await startService({ isOpen: true });
  await service.publish(BLOCKING);
  const host = await startHost({ url });
  expect(host.judge()).toBe("block in block");
  expect(host.follower.inForce).toMatchObject({ source: "live", version: 1 });
  await service.publish(WATCHING);
  await vi.waitFor(() => expect(host.judge()).toBe("pass in monitoring"), WAIT);
  await vi.waitFor(() => expect(service.status).toMatchObject({ version: 2, active: 1, total: 1 }), WAIT);
  expect(service.status.tookMs).not.toBeNull();
});

test("a service that goes away changes nothing, and its successor is followed", async () => {
  const folder = makeFolder();
  const first = await startService({ isOpen: true, folder });
  await first.service.publish(BLOCKING);
  const host = await startHost({ url: first.url });
  await first.close();
  await vi.waitFor(() => expect(host.follower.inForce.source).toBe("last_known_good"), WAIT);
  expect(host.judge()).toBe("block in block");
  expect(host.said.at(-1)).toContain("(in force: last known good)");
  const { port } = first;
  const second = await startService({ isOpen: true, folder, listen: { host: "127.0.0.1", port } });
  await second.service.publish(WATCHING);
  await vi.waitFor(() => expect(host.judge()).toBe("pass in monitoring"), WAIT);
  expect(host.follower.inForce).toMatchObject({ source: "live", version: 2 });
});

test("the last good policy counts after a restart without the service, until it answers", async () => {
  const folder = makeFolder();
  const cacheFolder = join(folder, "kept");
  const first = await startService({ isOpen: true, folder });
  await first.service.publish(BLOCKING);
  const before = await startHost({ url: first.url, cacheFolder });
  await vi.waitFor(() => expect(existsSync(join(cacheFolder, "policy.bundle"))).toBe(true), WAIT);
  await before.follower.close();
  await first.close();
  const host = await startHost({ url: first.url, cacheFolder });
  expect(host.judge()).toBe("block in block");
  expect(host.follower.inForce).toMatchObject({ source: "last_known_good", version: 1 });
  const again = await startService({ isOpen: true, folder, listen: { host: "127.0.0.1", port: first.port } });
  await again.service.publish(BLOCKING);
  await vi.waitFor(() => expect(host.follower.inForce).toMatchObject({ source: "live", version: 1 }), WAIT);
});

test("what is only tried is not kept, until it counts", async () => {
  const cacheFolder = join(makeFolder(), "kept");
  const kept = async (): Promise<string | undefined> => (await new BundleCache(cacheFolder).read())?.bundle.hash;
  const { service, url } = await startService({ isOpen: true });
  const { hash } = await service.publish(WATCHING);
  const host = await startHost({ url, cacheFolder });
  await vi.waitFor(async () => expect(await kept()).toBe(hash), WAIT);
  const limits = { stageMs: 1000, shareMax: 0.01, canary: { count: 1 } };
  const begun = await service.begin({ ...WATCHING, mask: ["a"] }, limits);
  // Nothing is judged here: the trial goes on until somebody decides.
  await vi.waitFor(() => expect(host.follower.inForce.hash).toBe(begun.hash), WAIT);
  expect(await kept()).toBe(hash);
  await service.decide("promote", "alice");
  await begun.ending;
  await vi.waitFor(async () => expect(await kept()).toBe(begun.hash), WAIT);
});

test("a damaged file is said, and the built-in policy counts", async () => {
  const cacheFolder = makeFolder();
  const path = join(cacheFolder, "policy.bundle");
  const { service, url, close } = await startService({ isOpen: true });
  await service.publish(BLOCKING);
  const before = await startHost({ url, cacheFolder });
  await before.follower.close();
  await close();
  const bytes = readFileSync(path);
  for (const at of [3, 20, 60, bytes.length - 1]) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    writeFileSync(path, damaged);
    const host = await startHost({ url, cacheFolder });
    expect([host.judge(), host.follower.inForce.source]).toEqual(["pass in monitoring", "builtin"]);
    expect(host.said[0]).toContain("damaged");
    await host.follower.close();
  }
});

test("a policy that the host cannot take is told, and the one before stays", async () => {
  const { service, url } = await startService({ isOpen: true });
  await service.publish(BLOCKING);
  const taken: string[] = [];
  const use = ({ content }: Bundle): void => {
    if (content.mode === "monitoring") throw new MerlonError("MERLON_POLICY_VERSION", "made for another engine");
    taken.push(content.mode);
  };
  const { follower } = await startHost({ url }, use);
  await service.publish(WATCHING);
  await vi.waitFor(() => expect(service.status).toMatchObject({ active: 0, refused: 1, total: 1 }), WAIT);
  expect(service.status.instances[0]).toMatchObject({ state: "refused", why: "made for another engine", version: 1 });
  expect(follower.inForce).toMatchObject({ version: 1 });
  await service.publish({ ...BLOCKING, mode: "safe_blocking" });
  await vi.waitFor(() => expect(service.status).toMatchObject({ active: 1, refused: 0 }), WAIT);
  expect(taken).toEqual(["block", "safe_blocking"]);
});

test("candidates come and go beside the policy", async () => {
  const { service, url } = await startService({ isOpen: true });
  await service.publish(BLOCKING);
  const host = await startHost({ url });
  const text = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: monitoring}}\n";
  const hash = await service.show(text, Date.now() + 60_000);
  await vi.waitFor(() => expect(host.shown).toEqual([hash]), WAIT);
  await service.show(null);
  await vi.waitFor(() => expect(host.shown).toEqual([hash, null]), WAIT);
  expect(host.judge()).toBe("block in block");
});

/** A service that answers as it is told, with a good policy where nothing else is said. */
async function startLiar(answer: (path: string, good: Map<string, Buffer>) => Buffer | undefined): Promise<string> {
  const bundle = compileBundle(BLOCKING);
  const pointer = {
    ...{ format: 1, version: 1, publishedAt: Date.now(), candidate: null },
    bundle: { hash: bundle.hash, size: bundle.parts.get(bundle.hash)?.length ?? 0 },
  };
  const good = new Map([["/v1/policy", Buffer.from(JSON.stringify(pointer))]]);
  for (const [hash, bytes] of bundle.parts) good.set(`/v1/parts/${hash}`, Buffer.from(bytes));
  const listener: RequestListener = (request, response) => {
    request.resume();
    const path = request.url ?? "";
    const bytes = answer(path, good) ?? good.get(path);
    response.writeHead(bytes === undefined ? 404 : 200, { etag: `"${hashOf(bytes ?? Buffer.alloc(0))}"` });
    response.end(bytes);
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const bound = server.address();
  return `http://127.0.0.1:${bound !== null && typeof bound === "object" ? bound.port : 0}`;
}

test.each<[string, (path: string, good: Map<string, Buffer>) => Buffer | undefined]>([
  ["no JSON", (path) => (path === "/v1/policy" ? Buffer.from("<html>") : undefined)],
  ["other JSON", (path) => (path === "/v1/policy" ? Buffer.from('{"format":2}') : undefined)],
  ["parts cut short", (path, good) => (path.startsWith("/v1/parts/") ? good.get(path)?.subarray(0, -1) : undefined)],
  [
    "parts with one bit turned",
    (path, good) => {
      const bytes = path.startsWith("/v1/parts/") ? Buffer.from(good.get(path) ?? []) : undefined;
      if (bytes !== undefined) bytes[bytes.length - 2] = (bytes.at(-2) ?? 0) ^ 4;
      return bytes;
    },
  ],
  ["parts without end", (path) => (path.startsWith("/v1/parts/") ? Buffer.alloc(1 << 20) : undefined)],
  ["a heap of JSON", (path) => (path === "/v1/policy" ? Buffer.alloc(8 << 20, " ") : undefined)],
])("a service that sends %s is not obeyed", async (_what, answer) => {
  const { follower, judge, said } = await startHost({ url: await startLiar(answer) });
  expect([judge(), follower.inForce.source]).toEqual(["pass in monitoring", "builtin"]);
  expect(said[0]).toMatch(/policy service (?:says|sent|sends)/);
});

test("the liar's good answers are obeyed", async () => {
  const { follower, judge } = await startHost({ url: await startLiar(() => undefined) });
  expect([judge(), follower.inForce.source]).toEqual(["block in block", "live"]);
});

test("a service that takes questions and never answers does not keep a host from starting", async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  const port = bound !== null && typeof bound === "object" ? bound.port : 0;
  const { follower, judge } = await startHost({ url: `http://127.0.0.1:${port}` });
  expect([judge(), follower.inForce.source]).toEqual(["pass in monitoring", "builtin"]);
});

test("questions at the same time do not get in each other's way", async () => {
  const { service, url } = await startService({ isOpen: true });
  await service.publish(BLOCKING);
  const cacheFolder = makeFolder();
  const host = await startHost({ url, cacheFolder });
  for (const policy of [WATCHING, BLOCKING, WATCHING]) {
    await service.publish(policy);
    await Promise.all([host.follower.check(), host.follower.check(), host.follower.check()]);
    expect(host.judge()).toBe(policy === BLOCKING ? "block in block" : "pass in monitoring");
  }
  await host.follower.close();
  const again = await startHost({ url: "http://127.0.0.1:1", cacheFolder });
  expect(again.follower.inForce).toMatchObject({ source: "last_known_good", version: 4 });
});
