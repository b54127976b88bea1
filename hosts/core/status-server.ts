/**
 * The port for those who look after a host: `/metrics`, `/livez`, `/readyz`, and what else the host has to say. It says
 * nothing of requests but numbers, takes nothing, and is meant for the machine itself and the cluster's own network.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listenError } from "./listen-error.ts";

/** An answer. */
export interface StatusAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Answers by path. */
export type StatusPages = Readonly<Record<string, (query: URLSearchParams) => StatusAnswer | Promise<StatusAnswer>>>;

/** A running server. */
export interface StatusServer {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Content type of Prometheus' text format. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const CONNECTIONS_MAX = 64;
const TIMEOUT_MS = 10_000;

/** @returns plain text */
export function plain(status: number, body: string): StatusAnswer {
  return { status, type: "text/plain; charset=utf-8", body: `${body}\n` };
}

/**
 * Starts the server.
 * @throws MerlonError MERLON_LISTEN
 */
export async function startStatusServer(
  listen: { readonly host: string; readonly port: number },
  pages: StatusPages,
): Promise<StatusServer> {
  const server = createServer({ requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS }, (request, response) => {
    void answer(request, response, pages);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(listen.host, listen.port, error)));
    server.listen(listen.port, listen.host, resolve);
  });
  const bound = server.address();
  const facts = typeof bound === "object" && bound !== null ? bound : { address: listen.host, port: listen.port };
  return {
    address: facts.address,
    port: facts.port,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, pages: StatusPages): Promise<void> {
  const { status, type, body } = await answerOf(request, pages);
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function answerOf({ method, url = "/" }: IncomingMessage, pages: StatusPages): Promise<StatusAnswer> {
  if (method !== "GET" && method !== "HEAD") return plain(405, "only GET and HEAD");
  const [path = "", query = ""] = url.split("?", 2);
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined) return plain(404, `there is no such page; there are ${Object.keys(pages).join(", ")}`);
  try {
    return await page(new URLSearchParams(query));
  } catch {
    // What failed is not for whoever asks.
    return plain(500, "it failed");
  }
}
