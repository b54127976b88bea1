/**
 * What an operator hands a new node: a secret that works once, and the fingerprint of the authority, by which the node
 * knows the policy service before it has told it anything.
 *
 *   merlon_enrol_<secret>.<fingerprint>.<name>
 */
import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { MerlonError } from "../../core/error.ts";

/** Begin of every token, so that scanners for leaked secrets find it. */
const PREFIX = "merlon_enrol_";
const SHAPE = /^merlon_enrol_([\w-]{43})\.([\w-]{43})\.([A-Za-z0-9][A-Za-z0-9._-]{0,62})$/;

/** A token, taken apart. */
export interface EnrolmentToken {
  /** 256 random bits, base64url. */
  readonly secret: string;
  /** See `fingerprintOf`. */
  readonly fingerprint: string;
  /** The node's name, for people: what counts is what the service has noted beside the secret. */
  readonly name: string;
}

/** @returns a secret for a token */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** @returns the SHA-256 of a certificate (PEM), base64url */
export function fingerprintOf(certificate: string): string {
  return createHash("sha256").update(new X509Certificate(certificate).raw).digest("base64url");
}

/** @returns the token as it is printed */
export function tokenText({ secret, fingerprint, name }: EnrolmentToken): string {
  return `${PREFIX}${secret}.${fingerprint}.${name}`;
}

/** @throws MerlonError MERLON_USAGE where it is none */
export function parseEnrolmentToken(text: string): EnrolmentToken {
  const [, secret, fingerprint, name] = SHAPE.exec(text.trim()) ?? [];
  if (secret !== undefined && fingerprint !== undefined && name !== undefined) return { secret, fingerprint, name };
  const why = text.trim().startsWith(PREFIX) ? "a part of it is missing" : `it begins with ${PREFIX}`;
  throw new MerlonError("MERLON_USAGE", `the enrolment token is none — ${why}; write what "merlon node add" printed`);
}
