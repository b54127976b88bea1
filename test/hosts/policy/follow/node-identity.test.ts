/** A node that enrols, renews by itself, and is told why where it cannot; against a real service over TLS. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { NodeIdentity } from "../../../../hosts/policy/follow/node-identity.ts";
import { type EnrolmentStage, makeFolder, startEnrolment, startHost, WATCHING } from "../service/stage.ts";

const WAIT = { timeout: 60_000, interval: 50 };

async function open(
  stage: { readonly url: string },
  folder: string,
  token?: string,
  said: string[] = [],
): Promise<NodeIdentity> {
  const asked = token === undefined ? {} : { token: () => token };
  const identity = await NodeIdentity.open({ folder, url: stage.url, ...asked, say: (line) => void said.push(line) });
  onTestFinished(() => identity.close());
  return identity;
}

test("enrols once, follows by its certificate, renews it, and stays out when it is revoked", async () => {
  const stage = await startEnrolment(3000);
  await stage.service.publish(WATCHING);
  const folder = join(makeFolder(), "identity");
  const token = await stage.token("shop-1");
  const said: string[] = [];
  const identity = await open(stage, folder, token, said);
  expect(said).toEqual(["enrolled as shop-1"]);
  expect(statSync(join(folder, "node.crt")).mode & 0o077).toBe(0);
  const first = identity.material;
  const host = await startHost({ url: stage.url, identity: () => identity.material });
  expect(host.judge()).toBe("pass in monitoring");
  await vi.waitFor(() => expect(identity.material?.cert).not.toBe(first?.cert), WAIT);
  expect(identity.material?.key).toBe(first?.key);
  await host.follower.check();
  expect(stage.service.status.instances).toMatchObject([{ node: "shop-1", state: "active" }]);
  // A restart needs no token, and a used one does no harm.
  await identity.close();
  const later = await open(stage, folder, token);
  expect(later.material?.key).toBe(first?.key);
  await stage.identities.revoke("shop-1");
  await host.follower.check();
  expect(host.said.join("\n")).toMatch(/shop-1 was revoked.*\(in force: last known good\)/);
  expect(host.judge()).toBe("pass in monitoring");
}, 120_000);

test("processes of one node enrol and renew once for all, and damage of its files ends none of them", async () => {
  const stage = await startEnrolment(1500);
  const folder = join(makeFolder(), "identity");
  const token = await stage.token("shop-1");
  const signedAt: number[] = [];
  const sign = stage.authority.sign.bind(stage.authority);
  vi.spyOn(stage.authority, "sign").mockImplementation(async (...issue) => {
    signedAt.push(performance.now());
    return await sign(...issue);
  });
  const said: string[] = [];
  const all = await Promise.all([1, 2, 3].map(async () => await open(stage, folder, token, said)));
  expect(said).toEqual(["enrolled as shop-1"]);
  expect(new Set(all.map(({ material }) => material?.cert)).size).toBe(1);
  await vi.waitFor(() => expect(signedAt.length).toBeGreaterThan(2), WAIT);
  const gaps = signedAt.slice(1).map((at, before) => at - (signedAt[before] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThan(500);
  expect(said).toHaveLength(1);
  await Promise.all(all.slice(1).map(async (one) => await one.close()));
  // Just renewed: it sleeps now, and finds the damage when it looks how long it may sleep on.
  const [last] = all;
  const before = last?.material?.cert;
  await vi.waitFor(() => expect(last?.material?.cert).not.toBe(before), WAIT);
  const path = join(folder, "node.crt");
  const kept = readFileSync(path, "utf8");
  writeFileSync(path, "none");
  await vi.waitFor(() => expect(said.join("\n")).toContain("node.crt is no certificate"), WAIT);
  writeFileSync(path, kept);
  await vi.waitFor(() => expect(last?.material?.cert).not.toBe(kept), WAIT);
}, 120_000);

test("why a node does not get in, in one sentence each", async () => {
  const stage = await startEnrolment();
  const used = await stage.token("used");
  await open(stage, join(makeFolder(), "a"), used);
  const other = await startEnrolment();
  const cases: [EnrolmentStage, string | undefined, string][] = [
    [stage, undefined, "has no identity — this node has not enrolled yet"],
    [stage, "", "the enrolment token is none"],
    [stage, used, "was used already"],
    [stage, await stage.token("late", -1), "token of late has expired"],
    [
      stage,
      (await stage.token("forged")).replace(/enrol_(.)/, (_, first) => (first === "A" ? "enrol_B" : "enrol_A")),
      "nobody has this enrolment token",
    ],
    [other, await stage.token("elsewhere"), "the policy service is another one"],
    [{ ...stage, url: "http://127.0.0.1:1" }, await stage.token("plain"), "needs a policy service with https"],
  ];
  for (const [service, token, says] of cases) {
    const opening = open(service, join(makeFolder(), "identity"), token);
    await expect(opening).rejects.toThrowError(says);
  }
  // Nothing secret went to the service that is another one.
  expect(other.identities.list()).toEqual([]);
});

test("a service that is away is asked until it is there", async () => {
  const folder = makeFolder();
  const first = await startEnrolment(undefined, { folder });
  const token = await first.token("shop-1");
  await first.close();
  const said: string[] = [];
  const identity = await open(first, join(makeFolder(), "identity"), token, said);
  expect(identity.material).toBeUndefined();
  expect(said[0]).toMatch(/does not answer.*this node enrols when it does/);
  const listen = { host: "127.0.0.1", port: first.port };
  await startEnrolment(undefined, { folder, listen });
  await vi.waitFor(() => expect(identity.material).toBeDefined(), WAIT);
}, 120_000);
