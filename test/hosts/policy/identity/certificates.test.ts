/** Certificates as Node's own reader sees them, and requests that are none. */
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import {
  issueCertificate,
  keyOfRequest,
  makeAuthority,
  makeRequest,
  newKey,
  publicKeyOf,
} from "../../../../hosts/policy/identity/certificates.ts";

const FROM = Date.UTC(2030, 0, 1);
const UNTIL = Date.UTC(2031, 0, 1);

test("an authority signs a node, a server and nothing that signs", async () => {
  const authority = await makeAuthority("Merlon policy service", FROM, UNTIL);
  const root = new X509Certificate(authority.certificate);
  expect(root.ca && root.verify(root.publicKey)).toBe(true);
  const key = newKey();
  const publicKey = publicKeyOf(key);
  const issue = { name: "shop-1", hosts: [], publicKey, from: FROM, until: UNTIL };
  const node = new X509Certificate(await issueCertificate(authority, issue));
  expect(node).toMatchObject({ subject: "CN=shop-1", ca: false, issuer: root.subject, subjectAltName: undefined });
  expect(node.verify(root.publicKey) && node.checkIssued(root)).toBe(true);
  expect(node.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  expect([Date.parse(node.validFrom), Date.parse(node.validTo)]).toEqual([FROM, UNTIL]);
  expect(node.publicKey.export({ type: "spki", format: "der" })).toEqual(publicKey);
  const hosts = ["policy.example", "127.0.0.1", "::1"];
  const server = new X509Certificate(await issueCertificate(authority, { ...issue, name: "policy.example", hosts }));
  expect([server.checkHost("policy.example"), server.checkIP("127.0.0.1"), server.checkIP("::1")]).not.toContain(
    undefined,
  );
  expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(server.serialNumber).not.toBe(node.serialNumber);
});

test("of a request only its key counts", async () => {
  const key = newKey();
  expect(await keyOfRequest(await makeRequest(key))).toEqual(publicKeyOf(key));
});

test("a request that is none, or whose signature is another's, is refused in one sentence", async () => {
  const pem = await makeRequest(newKey());
  const other = Buffer.from(pem.replace(/-----.*?-----/g, ""), "base64");
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${other.toString("base64")}\n-----END CERTIFICATE REQUEST-----`;
  const bad = ["", "x", forged, pem.slice(0, 200), publicKey.export({ type: "spki", format: "pem" }).toString()];
  for (const text of bad) {
    await expect(keyOfRequest(text)).rejects.toThrowError("the request for a certificate is none");
  }
});
