/**
 * The authority of a policy service: its certificate and key, which sign what nodes are known by and, where it has no
 * other, the service's own certificate. One file, so that the two always fit, which only its owner can read.
 */
import { X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { readTlsMaterial } from "../../core/tls-material.ts";
import { withLock } from "../file-lock.ts";
import {
  type Issue,
  issueCertificate,
  type KeyedCertificate,
  makeAuthority,
  newKey,
  publicKeyOf,
} from "../identity/certificates.ts";
import { fingerprintOf } from "../identity/enrolment-token.ts";
import { replaceFile } from "../replace-file.ts";

const FILE = "authority.json";
const NAME = "Merlon policy service";
const YEAR_MS = 365 * 86_400_000;
const AUTHORITY_MS = 10 * YEAR_MS;
/** Clocks of nodes may be behind: what was signed counts from so long ago on. */
const BACKDATED_MS = 86_400_000;
/** The service's own certificate; made anew at each start, and while it runs at a third of this. */
export const SERVER_MS: number = 90 * 86_400_000;

/** The key is null where it was given at the start and lies elsewhere. */
const fileSchema = z.strictObject({
  format: z.literal(1),
  certificate: z.string().max(65_536),
  key: z.string().max(65_536).nullable(),
});

/** Files of an authority that somebody else made. */
export interface AuthorityFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority, from its file. */
export class Authority {
  readonly #keyed: KeyedCertificate;
  /** SHA-256 of its certificate, base64url. */
  readonly fingerprint: string;

  private constructor(keyed: KeyedCertificate) {
    this.#keyed = keyed;
    this.fingerprint = fingerprintOf(keyed.certificate);
  }

  /**
   * Reads what the folder has, makes an authority where there is none, or takes a given one.
   * @throws MerlonError MERLON_TLS for files that do not fit, MERLON_INPUT for a folder that is of no use
   */
  static async open(folder: string, given?: AuthorityFiles): Promise<Authority> {
    const path = join(folder, FILE);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await withLock(path, async () => {
      const kept = await readKept(path);
      if (given !== undefined) return new Authority(await takeGiven(path, kept, given));
      if (kept !== undefined) {
        if (kept.key !== null) return new Authority({ certificate: kept.certificate, key: kept.key });
        const fix = "write --ca-cert and --ca-key, or delete the file and enrol nodes anew";
        throw new MerlonError("MERLON_TLS", `${path} has no key — it was given by --ca-key before; ${fix}`);
      }
      const now = Date.now();
      const made = await makeAuthority(NAME, now - BACKDATED_MS, now + AUTHORITY_MS);
      await replaceFile(path, `${JSON.stringify({ format: 1, ...made })}\n`);
      return new Authority(made);
    });
  }

  /**
   * @returns the fingerprint of a service's authority, which is made where there is none yet
   * @throws MerlonError MERLON_INPUT, MERLON_TLS
   */
  static async fingerprintIn(folder: string): Promise<string> {
    const kept = await readKept(join(folder, FILE));
    return kept === undefined ? (await Authority.open(folder)).fingerprint : fingerprintOf(kept.certificate);
  }

  /** PEM. */
  get certificate(): string {
    return this.#keyed.certificate;
  }

  /** @returns a certificate, PEM, that counts from a day ago, for `lifetimeMs` from now on */
  async sign(issue: Pick<Issue, "name" | "hosts" | "publicKey">, lifetimeMs: number): Promise<string> {
    const now = Date.now();
    return await issueCertificate(this.#keyed, { ...issue, from: now - BACKDATED_MS, until: now + lifetimeMs });
  }

  /** @returns a new certificate and key for the service itself, by the names that it is asked by */
  async serverCertificate(hosts: readonly string[]): Promise<KeyedCertificate> {
    const key = newKey();
    const [name = NAME] = hosts;
    const certificate = await this.sign({ name: name.slice(0, 63), hosts, publicKey: publicKeyOf(key) }, SERVER_MS);
    return { certificate, key };
  }
}

async function readKept(path: string): Promise<z.output<typeof fileSchema> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new MerlonError("MERLON_INPUT", `${path} cannot be read — permission is denied or it is no file; check it`, {
      cause,
    });
  }
  try {
    const kept = fileSchema.parse(JSON.parse(text));
    new X509Certificate(kept.certificate);
    return kept;
  } catch {
    const fix = "restore it, or delete it and enrol nodes anew";
    throw new MerlonError("MERLON_INPUT", `${path} is damaged — it holds no authority; ${fix}`);
  }
}

/** Checks a given authority, and notes its certificate for `merlon node add`; the key stays where it is. */
async function takeGiven(
  path: string,
  kept: z.output<typeof fileSchema> | undefined,
  { certFile, keyFile }: AuthorityFiles,
): Promise<KeyedCertificate> {
  const { cert, key } = readTlsMaterial(certFile, keyFile);
  const given = { certificate: cert.toString("latin1"), key: key.toString("latin1") };
  if (!new X509Certificate(given.certificate).ca) {
    const why = "its certificate may not sign others";
    throw new MerlonError("MERLON_TLS", `${certFile} is no authority — ${why}; give the certificate of one`);
  }
  // Fails here and not at the first node where it is of a kind that cannot sign.
  await issueCertificate(given, { name: "probe", hosts: [], publicKey: publicKeyOf(newKey()), from: 0, until: 1 });
  const isNoted = kept?.key === null && fingerprintOf(kept.certificate) === fingerprintOf(given.certificate);
  if (kept !== undefined && kept.key !== null) {
    const fix = `move it away first: nodes of the authority in it have to enrol anew`;
    throw new MerlonError("MERLON_TLS", `${path} has an authority already — --ca-cert gives another; ${fix}`);
  }
  if (!isNoted) {
    await replaceFile(path, `${JSON.stringify({ format: 1, certificate: given.certificate, key: null })}\n`);
  }
  return given;
}
