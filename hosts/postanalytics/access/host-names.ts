/**
 * Under which names the console may be reached. A foreign page can give a name of its own our address (DNS rebinding)
 * and would then share our origin in the browser's eyes; so a Host header counts only if it is an address, a name of
 * this machine, or one that the operator has named.
 */
import { isIP } from "node:net";

/** @returns the host of a Host header without its port, in lower case; null where it is malformed */
function hostOf(header: string): string | null {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9_.-]{1,253}))(?::\d{1,5})?$/i.exec(header) ?? [];
  return bracketed ?? plain?.toLowerCase().replace(/\.$/, "") ?? null;
}

/** Whether the request was sent to one of our names. @param names in lower case, beside addresses and localhost */
export function isOwnName(header: string | undefined, names: ReadonlySet<string>): boolean {
  const host = hostOf(header ?? "");
  return host !== null && (isIP(host) !== 0 || host === "localhost" || names.has(host));
}

/**
 * Whether a changing request comes from a page of ours: its Origin is where it was sent to.
 * @param secure whether the browser speaks TLS with us, or with the proxy that the operator has put in front
 */
export function isOwnOrigin(origin: string | undefined, host: string | undefined, secure: boolean): boolean {
  // Browsers send it with every changing request; programs, which carry tokens or log in by themselves, do not.
  if (origin === undefined) return true;
  return origin.toLowerCase() === `${secure ? "https" : "http"}://${(host ?? "").toLowerCase()}`;
}
