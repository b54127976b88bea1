/** An authority is made once, stays its owner's, and may be a given one. */
import { X509Certificate } from "node:crypto";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeAuthority, newKey, publicKeyOf } from "../../../../hosts/policy/identity/certificates.ts";
import { Authority } from "../../../../hosts/policy/service/authority.ts";
import { makeCertificate } from "../../dataplane/sidecar/certificates.ts";
import { makeFolder } from "./stage.ts";

test("made once by whoever comes first, for its owner alone", async () => {
  const folder = makeFolder();
  const fingerprints = await Promise.all([1, 2, 3].map(async () => await Authority.fingerprintIn(folder)));
  const { fingerprint } = await Authority.open(folder);
  expect(new Set([...fingerprints, fingerprint]).size).toBe(1);
  const path = join(folder, "authority.json");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileSync(path, "{}");
  await expect(Authority.open(folder)).rejects.toThrowError("is damaged");
});

test("a given one signs, and its key stays where it is", async () => {
  const folder = makeFolder();
  const files = { certFile: join(folder, "ca.crt"), keyFile: join(folder, "ca.key") };
  const { certificate, key } = await makeAuthority("corporate", Date.now() - 1000, Date.now() + 1e9);
  writeFileSync(files.certFile, certificate);
  writeFileSync(files.keyFile, key);
  const authority = await Authority.open(folder, files);
  expect(authority.fingerprint).toBe(await Authority.fingerprintIn(folder));
  const signed = await authority.sign({ name: "a", hosts: [], publicKey: publicKeyOf(newKey()) }, 60_000);
  expect(new X509Certificate(signed).verify(new X509Certificate(certificate).publicKey)).toBe(true);
  await Authority.open(folder, files);
  await expect(Authority.open(folder)).rejects.toThrowError("has no key");
  const leaf = makeCertificate(folder, "leaf");
  const issued = await authority.sign({ name: "a", hosts: [], publicKey: publicKeyOf(key) }, 60_000);
  writeFileSync(files.certFile, issued);
  await expect(Authority.open(folder, files)).rejects.toThrowError("is no authority");
  await expect(Authority.open(folder, { ...files, keyFile: leaf.keyFile })).rejects.toMatchObject({
    code: "MERLON_TLS",
  });
  rmSync(join(folder, "authority.json"));
  await Authority.open(folder);
  writeFileSync(files.certFile, certificate);
  await expect(Authority.open(folder, files)).rejects.toThrowError("has an authority already");
});
