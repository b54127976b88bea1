/** Tokens: shown once, kept as hashes, changed while a service runs. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { NodeTokens } from "../../../../hosts/policy/service/node-tokens.ts";
import { makeFolder } from "./stage.ts";

test("a token is known wherever the folder is read, and is nowhere in it", async () => {
  const folder = makeFolder();
  const tokens = new NodeTokens(folder);
  const running = new NodeTokens(folder);
  expect(running.list()).toEqual([]);
  const token = await tokens.add("shop-1", "node");
  const other = await tokens.add("alice", "operator");
  expect(token).toMatch(/^merlon_node_[\w-]{43}$/);
  expect([running.holderOf(token)?.name, running.holderOf(other)?.role]).toEqual(["shop-1", "operator"]);
  expect(running.holderOf(`${token}x`)).toBeUndefined();
  expect(readFileSync(tokens.path, "utf8")).not.toContain(token.slice(12));
  expect(statSync(tokens.path).mode & 0o077).toBe(0);
  await tokens.remove("shop-1");
  expect(running.holderOf(token)).toBeUndefined();
  expect(running.list().map(({ name }) => name)).toEqual(["alice"]);
});

test("names are names, and each is given once", async () => {
  const tokens = new NodeTokens(makeFolder());
  await tokens.add("a", "node");
  await expect(tokens.add("a", "node")).rejects.toThrowError("there is a node a");
  await expect(tokens.add("../a", "node")).rejects.toThrowError("is no name");
  expect(await tokens.remove("b")).toBe(false);
});

test("a damaged file is not taken for an empty one", async () => {
  const tokens = new NodeTokens(makeFolder());
  await tokens.add("a", "node");
  writeFileSync(tokens.path, "{}");
  expect(() => tokens.list()).toThrowError("is damaged");
});

test("tokens that are made at the same moment by several commands are all there", async () => {
  const folder = makeFolder();
  const names = Array.from({ length: 24 }, (_, index) => `shop-${index}`);
  const tokens = await Promise.all(names.map(async (name) => await new NodeTokens(folder).add(name, "node")));
  const running = new NodeTokens(folder);
  expect(tokens.map((token) => running.holderOf(token)?.name)).toEqual(names);
  const twice = await Promise.allSettled([1, 2, 3].map(async () => await new NodeTokens(folder).add("one", "node")));
  expect(twice.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});
