/** The console's socket: HTTP or TLS, bounded in everything that a client could drag out, and an end in two steps. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { listenError } from "../core/listen-error.ts";
import { readTlsMaterial, type TlsNotice, watchTlsMaterial } from "../core/tls-material.ts";
import type { AppEnvironment } from "./api/app.ts";

const CONNECTIONS_MAX = 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 10_000;
const HEAD_BYTES_MAX = 32 * 1024;
const TLS_LOOK_MS = 10_000;

/** Where it listens. */
export interface ConsoleAddress {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Told when a certificate was replaced, or could not be. */
  readonly notify?: (notice: TlsNotice) => void;
}

/** A console that listens. */
export interface ListeningConsole {
  readonly port: number;
  /** `http://127.0.0.1:9090`: for people on this machine. */
  readonly origin: string;
  /** Requests in progress get this long, streams none. */
  close(graceMs: number): Promise<void>;
}

/** @throws MerlonError MERLON_LISTEN, MERLON_TLS */
export async function serveConsole(app: Hono<AppEnvironment>, address: ConsoleAddress): Promise<ListeningConsole> {
  const answer = getRequestListener(
    (request, env) => app.fetch(request, { peer: plainAddress(env.incoming.socket.remoteAddress) }),
    { overrideGlobalObjects: false },
  );
  const { tls, host, port } = address;
  const server = makeServer((request, response) => void answer(request, response), tls);
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(listenError(host, port, cause)));
    server.listen(port, host, () => resolve());
  });
  const stopWatching =
    tls === undefined || !("setSecureContext" in server)
      ? () => {}
      : watchTlsMaterial(
          { ...tls, reloadMs: TLS_LOOK_MS },
          (material) => server.setSecureContext(material),
          (notice) => address.notify?.(notice),
        );
  const bound = server.address();
  const actual = typeof bound === "object" && bound !== null ? bound.port : port;
  return {
    port: actual,
    origin: `${tls === undefined ? "http" : "https"}://${shownHost(host)}:${actual}`,
    close: async (graceMs) => {
      stopWatching();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function makeServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  tls: ConsoleAddress["tls"],
): Server | ReturnType<typeof createTlsServer> {
  const options = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEAD_BYTES_MAX,
  };
  if (tls === undefined) return createServer(options, answer);
  return createTlsServer({ ...options, ...readTlsMaterial(tls.certFile, tls.keyFile), minVersion: "TLSv1.2" }, answer);
}

/** IPv4 comes as itself also on a socket of both versions. */
function plainAddress(address: string | undefined): string {
  return (address ?? "unknown").replace(/^::ffff:(?=\d+\.)/, "");
}

/** A person cannot open 0.0.0.0. */
function shownHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
