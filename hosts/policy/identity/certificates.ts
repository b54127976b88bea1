/**
 * Certificates of nodes and of a policy service: made, asked for and read. The one file that knows the library; keys
 * and certificates go in and out as PEM. Keys of nodes are of P-256; an authority that was given may have another.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { MerlonError } from "../../core/error.ts";

/** Characters of a request for a certificate, PEM; one of P-256 has some 400. */
export const REQUEST_CHARS_MAX = 4096;
const SIGNING = { name: "ECDSA", hash: "SHA-256" };
const CURVE = "P-256";
const EC = { name: "ECDSA", namedCurve: CURVE };
const CURVES: Readonly<Record<string, string>> = { prime256v1: CURVE, secp384r1: "P-384", secp521r1: "P-521" };

/** A certificate and its key, PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate says. */
export interface Issue {
  /** Common name. */
  readonly name: string;
  /** Host names and addresses of a server; none for a node. */
  readonly hosts: readonly string[];
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
}

/** @returns a new private key of P-256, PKCS #8 in PEM */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: CURVE });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** @returns the public half of a private key, SubjectPublicKeyInfo in DER */
export function publicKeyOf(key: string): Buffer {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}

/** Makes an authority that can sign leaves and no further authority. */
export async function makeAuthority(name: string, from: number, until: number): Promise<KeyedCertificate> {
  const key = newKey();
  const keys = await pairOf(key);
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, ...library } = await openLibrary();
  const certificate = await library.X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: serialNumber(), name: nameOf(name), notBefore: new Date(from), notAfter: new Date(until) },
    ...{ keys, signingAlgorithm: SIGNING },
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await library.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
    ],
  });
  return { certificate: `${certificate.toString("pem")}\n`, key };
}

/**
 * Signs a certificate: a server's where it has hosts, else a client's.
 * @throws MerlonError MERLON_TLS for a key that cannot sign
 */
export async function issueCertificate(authority: KeyedCertificate, issue: Issue): Promise<string> {
  const { name, hosts, publicKey, from, until } = issue;
  const library = await openLibrary();
  const { BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, KeyUsageFlags } = library;
  const issuer = new library.X509Certificate(authority.certificate);
  const { key: signingKey, algorithm } = await signerOf(createPrivateKey(authority.key));
  const usage = hosts.length > 0 ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  const names = hosts.map((host) => ({ type: isIP(host) === 0 ? "dns" : "ip", value: host }) as const);
  const certificate = await library.X509CertificateGenerator.create({
    ...{ serialNumber: serialNumber(), subject: nameOf(name), issuer: issuer.subjectName },
    ...{ notBefore: new Date(from), notAfter: new Date(until) },
    publicKey: await crypto.subtle.importKey("spki", new Uint8Array(publicKey), EC, true, ["verify"]),
    ...{ signingKey, signingAlgorithm: algorithm },
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new library.KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage], true),
      ...(names.length > 0 ? [new library.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

/** @returns a request for a certificate (PKCS #10, PEM), which proves that its sender has the key */
export async function makeRequest(key: string): Promise<string> {
  const keys = await pairOf(key);
  const { Pkcs10CertificateRequestGenerator } = await openLibrary();
  const request = await Pkcs10CertificateRequestGenerator.create({ name: "", keys, signingAlgorithm: SIGNING });
  return request.toString("pem");
}

/**
 * Reads a request: its key counts, and nothing else that it says.
 * @returns SubjectPublicKeyInfo, DER
 * @throws MerlonError MERLON_USAGE where it is none, is not signed by its own key, or the key is not of P-256
 */
export async function keyOfRequest(pem: string): Promise<Buffer> {
  try {
    const { Pkcs10CertificateRequest } = await openLibrary();
    const request = new Pkcs10CertificateRequest(pem);
    const key = Buffer.from(request.publicKey.rawData);
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({ key, type: "spki", format: "der" });
    const fits = asymmetricKeyType === "ec" && CURVES[asymmetricKeyDetails?.namedCurve ?? ""] === CURVE;
    if (fits && (await request.verify())) return key;
  } catch {
    // Told below: what was sent is no matter for a message.
  }
  const why = "it is signed by a key of P-256 that it holds itself";
  throw new MerlonError("MERLON_USAGE", `the request for a certificate is none — ${why}; use the same release`);
}

/** Loaded when it is needed: it takes longer than all of a command that makes no certificate. */
async function openLibrary(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  const library = await import("@peculiar/x509");
  library.cryptoProvider.set(crypto);
  return library;
}

async function pairOf(key: string): Promise<CryptoKeyPair> {
  const pkcs8 = new Uint8Array(createPrivateKey(key).export({ type: "pkcs8", format: "der" }));
  return {
    privateKey: await crypto.subtle.importKey("pkcs8", pkcs8, EC, false, ["sign"]),
    publicKey: await crypto.subtle.importKey("spki", new Uint8Array(publicKeyOf(key)), EC, true, ["verify"]),
  };
}

async function signerOf(
  key: KeyObject,
): Promise<{ readonly key: CryptoKey; readonly algorithm: { readonly name: string; readonly hash: string } }> {
  const pkcs8 = new Uint8Array(key.export({ type: "pkcs8", format: "der" }));
  const namedCurve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (key.asymmetricKeyType === "ec" && namedCurve !== undefined) {
    const curve = { name: "ECDSA", namedCurve };
    return { key: await crypto.subtle.importKey("pkcs8", pkcs8, curve, false, ["sign"]), algorithm: SIGNING };
  }
  if (key.asymmetricKeyType === "rsa") {
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    return { key: await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]), algorithm };
  }
  throw new MerlonError("MERLON_TLS", "the authority's key cannot sign — RSA, P-256, P-384 or P-521 is taken; use one");
}

/** Names have been checked, see `nameSchema`: nothing in them is special in a distinguished name. */
function nameOf(name: string): [{ CN: string[] }] {
  return [{ CN: [name] }];
}

/** 126 random bits, positive, and never shorter. @see RFC 5280 §4.1.2.2 */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}
