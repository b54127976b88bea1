/**
 * What a node is known by, in a folder of its own: its key, which stays the same, its certificate, which is replaced,
 * and the authority that it knows the policy service by. PEM, so that other programs can use them.
 */
import { X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { MerlonError } from "../../core/error.ts";
import { withLock } from "../file-lock.ts";
import { newKey } from "../identity/certificates.ts";
import { replaceFile } from "../replace-file.ts";

const KEY = "node.key";
const CERTIFICATE = "node.crt";
const AUTHORITY = "authority.crt";

/** What a connection needs, PEM. */
export interface IdentityMaterial {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** An identity as it is on disk. */
export interface KeptIdentity {
  readonly material: IdentityMaterial;
  readonly name: string;
  /** When the certificate was written here and how long it counts then, by this machine's clock, in milliseconds. */
  readonly receivedAt: number;
  readonly until: number;
}

/** The files of one node. */
export class IdentityFiles {
  readonly #folder: string;
  #seen = "";
  #kept: KeptIdentity | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * @returns what is there, the same object while the files are the same; undefined before the node has enrolled
   * @throws MerlonError MERLON_TLS when a file is damaged or cannot be read
   */
  read(): KeptIdentity | undefined {
    const path = join(this.#folder, CERTIFICATE);
    const stat = statSync(path, { throwIfNoEntry: false });
    const now = stat === undefined ? "" : `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
    if (now === this.#seen) return this.#kept;
    this.#kept = stat === undefined ? undefined : this.#open(path, stat.mtimeMs);
    this.#seen = now;
    return this.#kept;
  }

  /** @returns the node's key, PEM: made once, on disk before anybody hears of it; only its owner can read it */
  async key(): Promise<string> {
    const path = join(this.#folder, KEY);
    this.#make();
    return await withLock(path, async () => {
      if (statSync(path, { throwIfNoEntry: false }) === undefined) await replaceFile(path, newKey());
      return readFileSync(path, "utf8");
    });
  }

  /**
   * Does what one process of a node does for all of them. An answer that takes longer than a lock counts lets another
   * ask too, which does no harm: the key is the same, and the later certificate stays.
   * @throws MerlonError MERLON_TLS, MERLON_INPUT, and what `action` throws
   */
  async alone(action: () => Promise<void>): Promise<void> {
    this.#make();
    await withLock(join(this.#folder, CERTIFICATE), action);
  }

  /** Keeps what a service has signed. @throws MerlonError MERLON_TLS, MERLON_INPUT */
  async write({ certificate, authority }: { readonly certificate: string; readonly authority: string }): Promise<void> {
    this.#make();
    // The certificate comes last: while it is missing nothing of this counts.
    await replaceFile(join(this.#folder, AUTHORITY), authority);
    await replaceFile(join(this.#folder, CERTIFICATE), certificate);
  }

  #make(): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw unusable(this.#folder, "cannot be made", cause);
    }
  }

  #open(path: string, receivedAt: number): KeptIdentity {
    const cert = readText(path);
    const key = readText(join(this.#folder, KEY));
    const ca = readText(join(this.#folder, AUTHORITY));
    try {
      const read = new X509Certificate(cert);
      const [, name = ""] = /^CN=(\S+)$/.exec(read.subject) ?? [];
      return { material: { ca, cert, key }, name, receivedAt, until: Date.parse(read.validTo) };
    } catch (cause) {
      throw unusable(path, "is no certificate", cause);
    }
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw unusable(path, "cannot be read", cause);
  }
}

function unusable(path: string, what: string, cause: unknown): MerlonError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
  const fix = "mend it, or delete the folder and enrol anew";
  return new MerlonError("MERLON_TLS", `${path} ${what} — ${code}; ${fix}`, { cause });
}
