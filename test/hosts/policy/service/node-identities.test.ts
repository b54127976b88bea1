/** Tokens of nodes: once, in time, for one key, and each other use has its own sentence. */
import { expect, test } from "vitest";
import { NodeIdentities } from "../../../../hosts/policy/service/node-identities.ts";
import { makeFolder } from "./stage.ts";

const [KEY, OTHER] = ["a".repeat(64), "b".repeat(64)];

test("a token works once, and again for the key that used it", async () => {
  const clock = { now: 1000 };
  const folder = makeFolder();
  const nodes = new NodeIdentities(folder, () => clock.now);
  const secret = await nodes.add("shop-1", 500);
  await expect(nodes.take(`${secret.slice(1)}x`, KEY)).rejects.toThrowError("nobody has this enrolment token");
  expect(await new NodeIdentities(folder, () => clock.now).take(secret, KEY)).toBe("shop-1");
  expect(await nodes.take(secret, KEY)).toBe("shop-1");
  await expect(nodes.take(secret, OTHER)).rejects.toThrowError(/was used already.*merlon node revoke shop-1/);
  await expect(nodes.add("shop-1", 500)).rejects.toThrowError("there is a node shop-1");
  clock.now += 500;
  await expect(nodes.take(secret, KEY)).rejects.toThrowError("token of shop-1 has expired");
  expect(nodes.find("shop-1")).toMatchObject({ state: "enrolled", keyHash: KEY, enrolledAt: 1000 });
});

test("at the same moment one of many gets in", async () => {
  const folder = makeFolder();
  const secret = await new NodeIdentities(folder).add("shop-1", 60_000);
  const keys = Array.from({ length: 8 }, (_, at) => String(at).repeat(64));
  const tries = keys.map(async (key) => await new NodeIdentities(folder).take(secret, key));
  const outcomes = await Promise.allSettled(tries);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("lost, revoked and removed", async () => {
  const nodes = new NodeIdentities(makeFolder());
  const lost = await nodes.add("shop-1", 60_000);
  const second = await nodes.add("shop-1", 60_000);
  await expect(nodes.take(lost, KEY)).rejects.toThrowError("a newer one took its place");
  expect(await nodes.revoke("shop-1")).toBe(true);
  await expect(nodes.take(second, KEY)).rejects.toThrowError("shop-1 was revoked");
  expect(await nodes.take(await nodes.add("shop-1", 60_000), KEY)).toBe("shop-1");
  expect([await nodes.remove("shop-1"), await nodes.remove("shop-1"), await nodes.revoke("x")]).toEqual([
    true,
    false,
    false,
  ]);
  expect(nodes.list()).toEqual([]);
});
