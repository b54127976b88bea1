/** Why a port cannot be had, in words that say what to do about it. */
import { MerlonError } from "./error.ts";

/**
 * @param cause what the system says
 * @returns an error MERLON_LISTEN for a person
 */
export function listenError(host: string, port: number, cause: NodeJS.ErrnoException): MerlonError {
  const at = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const fixes: Record<string, string> = {
    EADDRINUSE: "another program listens there; stop it or choose another port",
    EACCES: "the system does not allow this port; choose one above 1023",
    EADDRNOTAVAIL: "this machine has no such address; use 127.0.0.1 or 0.0.0.0",
    ENOTFOUND: "the name cannot be resolved; use an address",
  };
  const fix = fixes[cause.code ?? ""] ?? `the system says ${cause.code ?? "no"}; choose another address`;
  return new MerlonError("MERLON_LISTEN", `cannot listen on ${at}: ${fix}`, { cause });
}
