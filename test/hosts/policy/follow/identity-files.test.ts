/** The files of a node: one key whoever asks first, for its owner alone, and damage that is said. */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { IdentityFiles } from "../../../../hosts/policy/follow/identity-files.ts";
import { publicKeyOf } from "../../../../hosts/policy/identity/certificates.ts";
import { Authority } from "../../../../hosts/policy/service/authority.ts";
import { makeFolder } from "../service/stage.ts";

test("one key, and a certificate that is replaced", async () => {
  const folder = join(makeFolder(), "identity");
  const files = new IdentityFiles(folder);
  expect(files.read()).toBeUndefined();
  const keys = await Promise.all([1, 2, 3].map(async () => await new IdentityFiles(folder).key()));
  const [key = ""] = keys;
  expect(new Set(keys).size).toBe(1);
  expect(statSync(join(folder, "node.key")).mode & 0o777).toBe(0o600);
  const authority = await Authority.open(makeFolder());
  const sign = async (): Promise<string> =>
    await authority.sign({ name: "shop-1", hosts: [], publicKey: publicKeyOf(key) }, 60_000);
  await files.write({ certificate: await sign(), authority: authority.certificate });
  const first = files.read();
  expect(first).toMatchObject({ name: "shop-1", material: { key, ca: authority.certificate } });
  expect(files.read()).toBe(first);
  await new IdentityFiles(folder).write({ certificate: await sign(), authority: authority.certificate });
  expect(files.read()?.material.cert).not.toBe(first?.material.cert);
  writeFileSync(join(folder, "node.crt"), "none");
  expect(() => files.read()).toThrowError("node.crt is no certificate");
});
