/**
 * The live page's server: the page itself, a stream of verdicts, the switch between watching and blocking, and the
 * buttons that send a sample through the proxy.
 */
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { z } from "zod";
import type { Mode } from "../core/verdict.ts";
import { Access, isOwnHost } from "./access.ts";
import type { Feed } from "./feed.ts";
import type { PageFiles } from "./page-files.ts";
import { SAMPLES, type Sample } from "./samples.ts";

const BODY_BYTES_MAX = 4096;
const SEND_TIMEOUT_MS = 5000;
const BACKLOG_BYTES_MAX = 1 << 20;
const SUMMARY_MS = 1000;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

/** What the page's server needs of the demo around it. */
export interface LiveOptions {
  readonly feed: Feed;
  readonly files: PageFiles;
  readonly proxyPort: () => number;
  readonly mode: () => Mode;
  readonly setMode: (mode: Mode) => void;
}

const openBody = z.strictObject({ key: z.string().max(64) });
const modeBody = z.strictObject({ mode: z.enum(["monitoring", "block"]) });
const sendBody = z.strictObject({ sample: z.string().max(32) });

/** Sends a sample to the proxy. @returns the status of the answer, 0 where none came */
export function sendSample(sample: Sample, port: number): Promise<number> {
  return new Promise((resolve) => {
    const { method, path, headers, body } = sample;
    const options = { host: "127.0.0.1", port, method, path, headers, timeout: SEND_TIMEOUT_MS, agent: false };
    const outgoing = httpRequest(options, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.on("error", () => resolve(0));
    });
    outgoing.on("timeout", () => outgoing.destroy());
    outgoing.on("error", () => resolve(0));
    outgoing.end(body);
  });
}

/** @returns the body as JSON; undefined where it is none or longer than BODY_BYTES_MAX */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  // The answer goes out on the same socket, so what is not read must not end it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(value));
}

/** The page's server, not yet listening. */
export class Live {
  readonly access = new Access();
  readonly server: Server;
  readonly #options: LiveOptions;
  #port = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.server.on("listening", () => {
      const address = this.server.address();
      if (typeof address === "object" && address !== null) this.#port = address.port;
    });
  }

  /** The link that opens one session. */
  get link(): string {
    return `http://127.0.0.1:${this.#port}/#k=${this.access.key}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("content-security-policy", POLICY);
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    response.setHeader("cross-origin-resource-policy", "same-origin");
    if (!isOwnHost(request, this.#port)) {
      sendJson(response, 421, { error: "this page answers to 127.0.0.1 and localhost only" });
      return;
    }
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    if (path.startsWith("/api/")) await this.#api(path.slice(5), request, response);
    else this.#file(path, request, response);
  }

  #file(path: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.#options.files.get(path === "/" ? "/index.html" : path);
    if (file === undefined || (request.method !== "GET" && request.method !== "HEAD")) {
      sendJson(response, file === undefined ? 404 : 405, { error: "there is no such page" });
      return;
    }
    response.writeHead(200, { "content-type": file.type, "cache-control": "no-cache" });
    response.end(request.method === "HEAD" ? undefined : file.content);
  }

  async #api(call: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (call === "session" && request.method === "POST") {
      const body = openBody.safeParse(await readJson(request));
      const token = body.success ? this.access.open(body.data.key) : null;
      if (token === null) sendJson(response, 401, { error: "this link was used already: take the new one" });
      else sendJson(response, 200, { token });
      return;
    }
    if (!this.access.allows(request)) {
      sendJson(response, 401, { error: "open the link that the terminal shows" });
      return;
    }
    const { feed } = this.#options;
    if (call === "state" && request.method === "GET") sendJson(response, 200, this.#state());
    else if (call === "events" && request.method === "GET") sendJson(response, 200, feed.events);
    else if (call === "stream" && request.method === "GET") this.#stream(response);
    else if (call === "mode" && request.method === "POST") await this.#changeMode(request, response);
    else if (call === "send" && request.method === "POST") await this.#send(request, response);
    else sendJson(response, 404, { error: "there is no such call" });
  }

  #state(): unknown {
    const samples = SAMPLES.map(({ id, label, about, harmless }) => ({ id, label, about, harmless }));
    return { mode: this.#options.mode(), proxyPort: this.#options.proxyPort(), samples };
  }

  async #changeMode(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = modeBody.safeParse(await readJson(request));
    if (!body.success) {
      sendJson(response, 400, { error: 'mode must be "monitoring" or "block"' });
      return;
    }
    this.#options.setMode(body.data.mode);
    sendJson(response, 200, { mode: this.#options.mode() });
  }

  async #send(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = sendBody.safeParse(await readJson(request));
    const sample = body.success ? SAMPLES.find(({ id }) => id === body.data.sample) : undefined;
    if (sample === undefined) sendJson(response, 400, { error: "there is no such sample" });
    else sendJson(response, 200, { status: await sendSample(sample, this.#options.proxyPort()) });
  }

  /** Server-sent events: `verdict` for each request, `summary` each second. A client that does not read is cut off. */
  #stream(response: ServerResponse): void {
    const { feed } = this.#options;
    const tell = (name: string, value: unknown): void => {
      response.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`);
      if (response.writableLength > BACKLOG_BYTES_MAX) response.destroy();
    };
    const stop = feed.listen((event) => tell("verdict", event));
    if (stop === null) {
      sendJson(response, 503, { error: "too many pages are open: close one" });
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const summarize = (): void => tell("summary", { ...feed.summary(), mode: this.#options.mode() });
    const timer = setInterval(summarize, SUMMARY_MS);
    summarize();
    response.on("close", () => {
      clearInterval(timer);
      stop();
    });
  }
}
