/** Publishing: versions, what commands add, what survives a restart, and what changes nothing. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { Engine } from "../../../../hosts/core/engine.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { PolicyService } from "../../../../hosts/policy/service/policy-service.ts";
import { BLOCKING, makeFolder, WATCHING } from "./stage.ts";

const EXCEPTION = `apiVersion: merlon.dev/v1alpha1
kind: WafException
metadata: { name: ours }
spec: { ignore: { types: [xss] }, reason: a test, expiresAt: 2030-01-01 }
`;

async function open(folder = makeFolder(), nowMs: () => number = Date.now): Promise<PolicyService> {
  return await PolicyService.open({ folder, engine: Engine.load(), nowMs });
}

function tagOf(service: PolicyService): string {
  return service.pointer?.etag ?? "none";
}

test("each content has its number, and the same content is no news", async () => {
  const service = await open();
  expect(service.pointer).toBeUndefined();
  expect((await service.publish(BLOCKING)).version).toBe(1);
  const tag = tagOf(service);
  expect((await service.publish(BLOCKING)).version).toBe(1);
  expect(tagOf(service)).toBe(tag);
  expect((await service.publish(WATCHING)).version).toBe(2);
  expect(tagOf(service)).not.toBe(tag);
});

test("what commands have added stays with a new policy and after a restart", async () => {
  const folder = makeFolder();
  const service = await open(folder);
  await service.publish(BLOCKING);
  await service.edit({ op: "exception.apply", text: EXCEPTION });
  const { did, published } = await service.edit({ op: "list.add", list: "deny", entry: "203.0.113.7", reason: "INC" });
  expect([did, published.version]).toEqual(["203.0.113.7 is on the deny list", 3]);
  await service.publish(WATCHING);
  expect(service.policy?.exceptions?.map(({ name }) => name)).toEqual(["ours"]);
  expect(service.why("203.0.113.7")).toMatchObject({ list: "deny", reason: "INC" });
  const tag = tagOf(service);
  const again = await open(folder);
  expect((await again.publish(WATCHING)).version).toBe(4);
  // Hosts that ask the successor have nothing to fetch.
  expect(tagOf(again)).toBe(tag);
  await again.edit({ op: "exception.undo", name: "ours" });
  await again.edit({ op: "list.remove", entry: "203.0.113.7" });
  expect(again.policy).toEqual(WATCHING);
});

test("a change that is of no use changes nothing", async () => {
  const folder = makeFolder();
  const service = await open(folder);
  await expect(service.edit({ op: "exception.undo" })).rejects.toThrowError("no policy yet");
  await service.publish(BLOCKING);
  const tag = tagOf(service);
  const crowd = Array.from({ length: 140 }, (_, at) => ({
    match: { host: `h${at}` },
    blockPage: { statusCode: 403, json: true, types: ["attack" as const], html: `${at}${"x".repeat(32_000)}` },
  }));
  await expect(service.publish({ ...WATCHING, scopes: crowd })).rejects.toThrowError("too large");
  await expect(service.edit({ op: "exception.apply", text: "kind: WafException" })).rejects.toThrowError("missing");
  await expect(service.show("nonsense")).rejects.toMatchObject({ code: "MERLON_POLICY" });
  expect([tagOf(service), service.published.version]).toEqual([tag, 1]);
  // The queue goes on behind a failure.
  expect((await service.publish(WATCHING)).version).toBe(2);
});

test("what stands in the policy's own file is changed there", async () => {
  const service = await open();
  await service.publish(
    parsePolicy(`apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {}\n---\n${EXCEPTION}`, "f"),
  );
  await expect(service.edit({ op: "exception.undo", name: "ours" })).rejects.toThrowError(
    "stands in the policy's own file",
  );
  await expect(service.edit({ op: "exception.apply", text: EXCEPTION })).rejects.toThrowError("has an exception ours");
});

test("a candidate is in the pointer until its time is over", async () => {
  let now = 1_000_000;
  const service = await open(makeFolder(), () => now);
  await service.publish(BLOCKING);
  const tag = tagOf(service);
  const text = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {}\n";
  const hash = await service.show(text, now + 1000);
  expect(String(service.pointer?.bytes)).toContain(hash);
  expect(service.part(hash)).toBeDefined();
  now += 1000;
  expect(tagOf(service)).toBe(tag);
  expect(service.part(hash)).toBeUndefined();
});

test("who waits hears of news, and parts of the policy before can still be fetched", async () => {
  const service = await open();
  const { hash } = await service.publish(BLOCKING);
  const waiting = service.news(60_000, new AbortController().signal);
  await service.publish(WATCHING);
  await waiting;
  expect(service.part(hash)).toBeDefined();
  for (const at of [1, 2, 3]) await service.publish({ ...BLOCKING, mask: [`m${at}`] });
  expect(service.part(hash)).toBeUndefined();
  const gone = new AbortController();
  const left = service.news(60_000, gone.signal);
  gone.abort();
  await left;
});

test("after a restart the version of before is served, and a held one is not let in by it", async () => {
  const folder = makeFolder();
  const service = await open(folder);
  const { hash } = await service.publish(WATCHING);
  const tag = tagOf(service);
  const again = await open(folder);
  expect([tagOf(again), again.part(hash) !== undefined]).toEqual([tag, true]);
  const staging = again.stage({ ...WATCHING, mask: ["new"] }, { stageMs: 1500, shareMax: 0.01 });
  await vi.waitFor(() => expect(String(again.pointer?.bytes)).toContain('"candidate":{'), { timeout: 20_000 });
  expect(again.published).toMatchObject({ version: 1, hash });
  expect((await staging).outcome).toBe("published");
  const third = await open(folder);
  // The same content needs no comparison.
  expect((await third.stage({ ...WATCHING, mask: ["new"] }, { stageMs: 60_000, shareMax: 0 })).outcome).toBe(
    "published",
  );
  expect(third.published.version).toBe(2);
});

test("damaged files are named at the start", async () => {
  for (const [file, text] of [
    ["objects.yaml", "kind: Nothing"],
    ["service.json", "{"],
  ] as const) {
    const folder = makeFolder();
    await open(folder);
    writeFileSync(join(folder, file), text);
    await expect(open(folder)).rejects.toThrowError(file);
    expect(readFileSync(join(folder, file), "utf8")).toBe(text);
  }
});
