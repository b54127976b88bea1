/** Certificates: read, refused with the file's name, used anew when they change. */
import { copyFileSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { MerlonError } from "../../../hosts/core/error.ts";
import {
  readAuthorities,
  readTlsMaterial,
  type TlsMaterial,
  type TlsNotice,
  watchTlsMaterial,
} from "../../../hosts/core/tls-material.ts";
import { makeCertificate, makeFolder } from "../dataplane/sidecar/certificates.ts";
import { eventually } from "../dataplane/sidecar/stage.ts";

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MerlonError && error.code === "MERLON_TLS") return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("a pair that fits is read, one that does not is refused by name", () => {
  const folder = makeFolder();
  const one = makeCertificate(folder, "one");
  const two = makeCertificate(folder, "two");
  expect(readTlsMaterial(one.certFile, one.keyFile).cert.toString()).toContain("BEGIN CERTIFICATE");
  expect(messageOf(() => readTlsMaterial(one.certFile, two.keyFile))).toContain(two.keyFile);
  expect(readTlsMaterial(one.certFile, one.keyFile, two.certFile).clientAuthorities).toContain("BEGIN CERTIFICATE");
  expect(messageOf(() => readTlsMaterial(one.certFile, one.keyFile, one.keyFile))).toContain("no PEM certificate");
  expect(messageOf(() => readTlsMaterial(join(folder, "none.pem"), one.keyFile))).toContain("ENOENT");
  expect(readAuthorities(one.certFile)).toContain("BEGIN CERTIFICATE");
  expect(messageOf(() => readAuthorities(one.keyFile))).toContain("no PEM certificate");
});

test("a link that moves, as Kubernetes does it, is noticed, and a pair that does not fit is not used", async () => {
  const folder = makeFolder();
  const one = makeCertificate(folder, "one");
  const two = makeCertificate(folder, "two");
  const certFile = join(folder, "tls.crt");
  const keyFile = join(folder, "tls.key");
  symlinkSync(one.certFile, certFile);
  symlinkSync(one.keyFile, keyFile);
  const changes: TlsMaterial[] = [];
  const notices: TlsNotice[] = [];
  const failures = (): number => notices.filter(({ event }) => event === "tls_reload_failed").length;
  const files = { certFile, keyFile, reloadMs: 50 };
  onTestFinished(
    watchTlsMaterial(
      files,
      (material) => changes.push(material),
      (notice) => notices.push(notice),
    ),
  );
  symlinkSync(two.certFile, join(folder, "next.crt"));
  renameSync(join(folder, "next.crt"), certFile);
  await eventually(() => failures() === 1);
  expect(changes).toEqual([]);
  copyFileSync(two.keyFile, join(folder, "next.key"));
  renameSync(join(folder, "next.key"), keyFile);
  await eventually(() => changes.length === 1);
  expect(changes[0]?.cert.equals(readFileSync(two.certFile))).toBe(true);
  expect(notices.at(-1)).toEqual({ event: "tls_reloaded", detail: certFile });
  writeFileSync(keyFile, "garbage");
  await eventually(() => failures() === 2);
  expect(changes).toHaveLength(1);
});
