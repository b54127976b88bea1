/** Listening on loopback: the wanted port, or the next free one, said clearly. */
import type { Server } from "node:http";
import { createServer } from "node:net";
import { MerlonError } from "../core/error.ts";

const TRIES = 20;
const HOST = "127.0.0.1";

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      server.off("error", failed).off("listening", listening);
      settle();
    };
    const failed = (error: Error): void => done(() => reject(error));
    const listening = (): void => done(resolve);
    server.once("error", failed).once("listening", listening).listen(port, HOST);
  });
}

/**
 * Lets a server listen on `wanted` or one of the ports behind it; 0 stands for any free port.
 * @returns the port
 * @throws MerlonError MERLON_LISTEN when none of them is free
 */
export async function listenNear(server: Server, wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + TRIES; port++) {
    try {
      await listen(server, port);
      return boundPort(server) ?? port;
    } catch (error) {
      if (codeOf(error) !== "EADDRINUSE") throw listenError(wanted, error);
    }
  }
  throw listenError(wanted, undefined);
}

function boundPort(server: Server): number | undefined {
  const address = server.address();
  return typeof address === "object" ? address?.port : undefined;
}

/** Finds a port near `wanted` that nobody listens on, for a server that binds by itself. */
export async function freePortNear(wanted: number): Promise<number> {
  const probe = createServer() as unknown as Server;
  const port = await listenNear(probe, wanted);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function listenError(wanted: number, cause: unknown): MerlonError {
  const last = wanted + TRIES - 1;
  return new MerlonError("MERLON_LISTEN", `no port from ${wanted} to ${last} is free on ${HOST}: stop what uses them`, {
    cause,
  });
}
