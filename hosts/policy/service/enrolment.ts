/**
 * How a policy service gives nodes certificates, and knows them by these. A token that works once brings the first one;
 * whoever has one asks for the next. Certificates are short-lived, and a node that was away for longer than its own
 * lasts may still renew it for a week: the key is what it is known by, and what was revoked stays out.
 */
import { createHash, X509Certificate } from "node:crypto";
import { TLSSocket } from "node:tls";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { keyOfRequest, REQUEST_CHARS_MAX } from "../identity/certificates.ts";
import { Refusal } from "./answering.ts";
import { type Authority, SERVER_MS } from "./authority.ts";
import type { NodeIdentities, NodeIdentityEntry } from "./node-identities.ts";

/** How long a node's certificate lasts if nothing is said. */
export const CERTIFICATE_MS: number = 86_400_000;
/** So long after its end a certificate may still be renewed. */
const LATE_MS = 7 * 86_400_000;
const LOOK_MS = 1000;
/** Certificates whose signature was checked already. */
const CHECKED_MAX = 10_000;

/** What a node sends to enrol. */
export const enrolSchema = z.strictObject({
  secret: z.string().max(64),
  /** PKCS #10, PEM. */
  request: z.string().max(REQUEST_CHARS_MAX),
});

/** What it gets, and what it gets at each renewal. */
export interface Issued {
  readonly name: string;
  readonly certificate: string;
  readonly authority: string;
  /** By the service's clock, from now on. */
  readonly lifetimeMs: number;
}

/** A certificate of this authority. */
interface Known {
  readonly name: string;
  readonly publicKey: Buffer;
  readonly keyHash: string;
  readonly until: number;
}

/** Enrolment at one service. */
export class Enrolment {
  readonly authority: Authority;
  readonly #identities: NodeIdentities;
  readonly #lifetimeMs: number;
  readonly #checked = new Map<string, Known | null>();

  constructor(authority: Authority, identities: NodeIdentities, lifetimeMs: number = CERTIFICATE_MS) {
    this.authority = authority;
    this.#identities = identities;
    this.#lifetimeMs = lifetimeMs;
  }

  /** All nodes that have, had or may get a certificate. */
  list(): readonly NodeIdentityEntry[] {
    return this.#identities.list();
  }

  /** @param tell hears that a node is not served any more, soon after a command has said so @returns ends that */
  watchLosses(tell: () => void): () => void {
    let seen = this.list();
    const look = (): void => {
      const now = this.list();
      if (now === seen) return;
      const known = new Set(now.filter(isEnrolled).map(({ keyHash }) => keyHash));
      const lost = seen.some((one) => isEnrolled(one) && !known.has(one.keyHash));
      seen = now;
      if (lost) tell();
    };
    // A file that is damaged meanwhile is told of where a node asks.
    const timer = setInterval(() => tried(look), LOOK_MS).unref();
    return () => clearInterval(timer);
  }

  /**
   * Takes a token, and signs the key that came with it.
   * @throws Refusal 401 for a token that does not count, 400 for a request that is none
   */
  async enrol({ secret, request }: z.output<typeof enrolSchema>): Promise<Issued> {
    try {
      const publicKey = await keyOfRequest(request);
      return await this.#issue(await this.#identities.take(secret, hashOf(publicKey)), publicKey);
    } catch (error) {
      if (!(error instanceof MerlonError) || error.code === "MERLON_INPUT") throw error;
      throw new Refusal(error.code === "MERLON_USAGE" ? 400 : 401, error.message);
    }
  }

  /** Signs the key of a certificate once more. @throws Refusal 401 where that does not count */
  async renew(socket: unknown): Promise<Issued> {
    const known = this.#knownOf(socket);
    if (known === null) {
      throw new Refusal(401, "there is no certificate of this service to renew — it is shown by TLS; enrol first");
    }
    this.#check(known, LATE_MS);
    return await this.#issue(known.name, known.publicKey);
  }

  /**
   * @returns the node that a connection's certificate names; undefined where it shows none of this authority
   * @throws Refusal 401 for one that does not count any more
   */
  nodeOf(socket: unknown): string | undefined {
    const known = this.#knownOf(socket);
    if (known === null) return undefined;
    this.#check(known, 0);
    return known.name;
  }

  async #issue(name: string, publicKey: Buffer): Promise<Issued> {
    const certificate = await this.authority.sign({ name, hosts: [], publicKey }, this.#lifetimeMs);
    return { name, certificate, authority: this.authority.certificate, lifetimeMs: this.#lifetimeMs };
  }

  #check({ name, keyHash, until }: Known, lateMs: number): void {
    const entry = this.#identities.find(name);
    const fix = 'enrol anew with a token of "merlon node add"';
    if (entry?.state === "revoked") throw new Refusal(401, `${name} was revoked — it is not served any more; ${fix}`);
    if (entry?.state !== "enrolled" || entry.keyHash !== keyHash) {
      throw new Refusal(
        401,
        `the service does not know this certificate of ${name} — it was replaced or removed; ${fix}`,
      );
    }
    if (Date.now() > until + lateMs) {
      throw new Refusal(401, `the certificate of ${name} has expired — the node did not renew it in time; ${fix}`);
    }
  }

  /**
   * The handshake has shown that the other side has the key; whose signature is on it is checked here, since the
   * outcome of the handshake is the same for other authorities, and is remembered over resumed sessions.
   */
  #knownOf(socket: unknown): Known | null {
    const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
    if (certificate === undefined) return null;
    const { fingerprint256 } = certificate;
    const checked = this.#checked.get(fingerprint256);
    if (checked !== undefined) return checked;
    const known = this.#read(certificate);
    if (this.#checked.size >= CHECKED_MAX) this.#checked.clear();
    this.#checked.set(fingerprint256, known);
    return known;
  }

  #read(certificate: X509Certificate): Known | null {
    try {
      const authority = new X509Certificate(this.authority.certificate);
      if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) return null;
      const [, name] = /^CN=([A-Za-z0-9._-]{1,63})$/.exec(certificate.subject) ?? [];
      if (name === undefined) return null;
      const publicKey = certificate.publicKey.export({ type: "spki", format: "der" });
      return { name, publicKey, keyHash: hashOf(publicKey), until: Date.parse(certificate.validTo) };
    } catch {
      // What cannot be read was signed by nobody that counts here.
      return null;
    }
  }
}

/**
 * Keeps a server's own certificate fresh.
 * @param use takes each later one
 * @returns the first one, and what ends it
 */
export async function ownCertificate(
  authority: Authority,
  hosts: readonly string[],
  use: (material: { readonly cert: Buffer; readonly key: Buffer }) => void,
): Promise<{ readonly cert: Buffer; readonly key: Buffer; readonly stop: () => void }> {
  const make = async (): Promise<{ cert: Buffer; key: Buffer }> => {
    const { certificate, key } = await authority.serverCertificate(hosts);
    return { cert: Buffer.from(certificate), key: Buffer.from(key) };
  };
  const look = Math.min(SERVER_MS / 3, TIMER_MS_MAX);
  // One that could not be made is made the next time: there are two more before the one in use is over.
  const timer = setInterval(() => void make().then(use, () => undefined), look).unref();
  return { ...(await make()), stop: () => clearInterval(timer) };
}

/** Timers of Node go no further. */
const TIMER_MS_MAX = 2 ** 31 - 1;

function isEnrolled({ state }: NodeIdentityEntry): boolean {
  return state === "enrolled";
}

function tried(look: () => void): void {
  try {
    look();
  } catch (error) {
    if (!(error instanceof MerlonError)) throw error;
  }
}

function hashOf(publicKey: Uint8Array): string {
  return createHash("sha256").update(publicKey).digest("hex");
}
