/** Certificates: read, checked, and looked at again so that a rotated one is used without a restart. */
import { readFileSync, statSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { MerlonError } from "./error.ts";

/** A certificate chain and its key, PEM. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Authorities of which a client must show a certificate; absent where it need not. */
  readonly clientAuthorities?: string;
}

/**
 * Reads a pair and makes sure that it fits together.
 * @param clientCaFile authorities of the clients, where they must show a certificate
 * @throws MerlonError MERLON_TLS naming the file
 */
export function readTlsMaterial(certFile: string, keyFile: string, clientCaFile?: string): TlsMaterial {
  const authorities = clientCaFile === undefined ? {} : { clientAuthorities: readAuthorities(clientCaFile) };
  const material = { cert: readFile(certFile), key: readFile(keyFile), ...authorities };
  try {
    createSecureContext(material);
  } catch (cause) {
    const message = `the certificate ${certFile} and the key ${keyFile} cannot be used together: ${reasonOf(cause)}`;
    throw new MerlonError("MERLON_TLS", message, { cause });
  }
  return material;
}

/**
 * Reads a file of CA certificates.
 * @throws MerlonError MERLON_TLS naming the file
 */
export function readAuthorities(caFile: string): string {
  const text = readFile(caFile).toString("latin1");
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw new MerlonError("MERLON_TLS", `${caFile} holds no PEM certificate`);
  }
  return text;
}

/** What an operator should know of a certificate that was replaced. */
export interface TlsNotice {
  readonly event: "tls_reloaded" | "tls_reload_failed";
  readonly detail: string;
}

/**
 * Calls `use` with the new files whenever they changed and fit together again; a pair that does not fit yet is tried at
 * the next look, because two files never change at the same instant.
 * @returns stops looking
 */
export function watchTlsMaterial(
  files: { certFile: string; keyFile: string; clientCaFile?: string | undefined; reloadMs: number },
  use: (material: TlsMaterial) => void,
  notify: (notice: TlsNotice) => void,
): () => void {
  const { certFile, keyFile, clientCaFile, reloadMs } = files;
  const watched = [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])];
  let seen = fingerprint(...watched);
  let reported = "";
  const timer = setInterval(() => {
    const now = fingerprint(...watched);
    if (now === seen) return;
    try {
      use(readTlsMaterial(certFile, keyFile, clientCaFile));
      seen = now;
      notify({ event: "tls_reloaded", detail: certFile });
    } catch (error) {
      const why = error instanceof MerlonError ? error.message : "not valid";
      if (reported !== now) notify({ event: "tls_reload_failed", detail: `the old certificate stays in use: ${why}` });
      reported = now;
    }
  }, reloadMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Changes when a file is written, replaced, or the link to it moves, as Kubernetes does with secrets. */
function fingerprint(...files: string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? "missing" : `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
    })
    .join(" ");
}

function readFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new MerlonError("MERLON_TLS", `${file} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "not valid";
}
