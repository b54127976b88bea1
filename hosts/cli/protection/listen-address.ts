/** Where to listen, as people write it: `8080`, `:8080`, `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`. */
import { usage } from "../command.ts";
import { showWord } from "../text.ts";

/** An address and port; port 0 takes any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Nobody else's machine reaches what listens here. */
const LOOPBACK = "127.0.0.1";

/**
 * Reads an address. Without a host it is this machine alone: listening to the network must be asked for.
 * @param flag the flag that it came by
 * @throws MerlonError MERLON_USAGE
 */
export function parseListen(text: string, flag = "listen"): ListenAddress {
  const match = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    const fix = `write one such as 127.0.0.1:8080${flag === "listen" ? ", or 0.0.0.0:8080 for every network" : ""}`;
    throw usage(`--${flag} is "${showWord(text)}"`, "it takes an address and a port", fix);
  }
  return { host: match[1] || match[2] || LOOPBACK, port };
}

/** @returns the address as part of a URL */
export function urlOf(scheme: string, { host, port }: ListenAddress): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
