/** Bundles: one hash over everything, parts that stay when they may, and nothing that is damaged. */
import { expect, test } from "vitest";
import {
  assembleBundle,
  BundleCompiler,
  compileBundle,
  hashOf,
  imageOf,
  readContent,
  sourcesIn,
} from "../../../hosts/policy/bundle.ts";
import { compilePolicy } from "../../../hosts/policy/image.ts";
import type { IpList } from "../../../hosts/policy/ip-list.ts";
import { defaultPolicy, type Policy } from "../../../hosts/policy/schema.ts";
import { policyOf } from "../../assembly/policy-image.ts";

const feed: IpList = {
  list: "deny",
  entries: Array.from({ length: 1500 }, (_, at) => ({
    cidr: { address: (0xffffn << 32n) | BigInt(at * 2), prefix: 128 },
  })),
};

function withExceptions(count: number): Policy {
  const exceptions = Array.from({ length: count }, (_, at) => ({
    match: { path: `/a/${at}/**` },
    ignore: { stamps: ["sqli-union"] },
  }));
  return policyOf({ mode: "block" }, { exceptions });
}

test("equal policies have equal hashes, and the image is put together as it was", () => {
  const policy = withExceptions(9000);
  const bundle = compileBundle(policy);
  expect(compileBundle(policy).hash).toBe(bundle.hash);
  expect(Buffer.compare(imageOf(bundle), compilePolicy(policy))).toBe(0);
  expect(bundle.content.image.length).toBeGreaterThan(10);
  expect(bundle.content.image.every(({ size }) => size <= 65_536)).toBe(true);
  expect(compileBundle({ ...policy, mode: "off" }).hash).not.toBe(bundle.hash);
});

test("what a compiler has seen before makes no other bytes", () => {
  const compiler = new BundleCompiler();
  const policies = [withExceptions(5), { ...withExceptions(5), ipLists: [feed] }, withExceptions(6), withExceptions(5)];
  for (const policy of policies) expect(compiler.compile(policy).hash).toBe(compileBundle(policy).hash);
});

test("a change leaves the parts that it does not concern", () => {
  const policy = { ...withExceptions(9000), ipLists: [feed] };
  const before = compileBundle(policy);
  const own: IpList = { list: "deny", entries: [{ cidr: { address: (0xffffn << 32n) | 1n, prefix: 128 } }] };
  const after = compileBundle({ ...policy, ipLists: [feed, own] });
  const fresh = [...after.parts].filter(([hash]) => !before.parts.has(hash));
  expect(fresh.length).toBe(2);
  expect(fresh.reduce((sum, [, { length }]) => sum + length, 0)).toBeLessThan(10_000);
  expect(sourcesIn(after).sourceOf(0n, (0xffffn << 32n) | 1n, 0)).toBe(2);
});

test("every part is held against its name", () => {
  const { hash, parts } = compileBundle({ ...defaultPolicy, ipLists: [feed] });
  expect(assembleBundle(hash, parts).hash).toBe(hash);
  for (const [name, bytes] of parts) {
    const damaged = Uint8Array.from(bytes);
    damaged[0] = (damaged[0] ?? 0) ^ 1;
    expect(() => assembleBundle(hash, new Map([...parts, [name, damaged]]))).toThrowError("damaged");
    const rest = new Map(parts);
    rest.delete(name);
    expect(() => assembleBundle(hash, rest)).toThrowError("damaged");
  }
});

test.each([
  ["no JSON", "{"],
  ["another format", '{"format":2}'],
  [
    "an image that is too large",
    JSON.stringify({ format: 1, image: [{ hash: hashOf(Buffer.alloc(1)), size: 2 ** 30 }] }),
  ],
])("contents that are %s are refused", (_what, text) => {
  expect(() => readContent(Buffer.from(text))).toThrowError("made for another version");
});
