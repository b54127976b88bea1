/** Sealed texts: opened by the same key and name alone, never twice the same, and refused where one bit is another. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isSealed, SecretBox } from "../../../../hosts/postanalytics/export/secret-box.ts";
import { temporaryFolder } from "../store/stage.ts";

const TEXT = '{"kind":"webhook","secret":"canary"}';

test("a text is opened by its key and name, and by nothing else", async () => {
  const path = join(temporaryFolder(), "secrets.key");
  const box = await SecretBox.open(path);
  const sealed = box.seal("siem", TEXT);
  expect([isSealed(sealed), isSealed(TEXT), sealed.includes("canary")]).toEqual([true, false, false]);
  expect(box.seal("siem", TEXT)).not.toBe(sealed);
  expect((await SecretBox.open(path)).unseal("siem", sealed)).toBe(TEXT);
  expect(box.unseal("other", sealed)).toBe(null);
  expect((await SecretBox.open(join(temporaryFolder(), "secrets.key"))).unseal("siem", sealed)).toBe(null);
  const bytes = Buffer.from(sealed.slice(3), "base64url");
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(box.unseal("siem", `v1.${changed.toString("base64url")}`)).toBe(null);
  }
  for (const short of ["v1.", "v1.AAAA", TEXT, ""]) expect(box.unseal("siem", short)).toBe(null);
});

test("the key is its owner's alone, stays, and must be one", async () => {
  const path = join(temporaryFolder(), "secrets.key");
  await Promise.all([SecretBox.open(path), SecretBox.open(path)]);
  const text = readFileSync(path, "utf8");
  expect([statSync(path).mode & 0o777, Buffer.from(text, "base64").length]).toEqual([0o600, 32]);
  await SecretBox.open(path);
  expect(readFileSync(path, "utf8")).toBe(text);
  writeFileSync(path, "short");
  await expect(SecretBox.open(path)).rejects.toThrow(/holds no key/);
  await expect(SecretBox.open(join(path, "below"))).rejects.toThrow(/key file/);
});
