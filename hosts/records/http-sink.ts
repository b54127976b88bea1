/** The store at the other end of a network: batches as docs/records.md describes the wire. */
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { Agent } from "undici";
import { z } from "zod";
import { MerlonError } from "../core/error.ts";
import { readAuthorities, readTlsMaterial } from "../core/tls-material.ts";
import type { RecordSink, SinkAnswer } from "./sink.ts";

/** Where the store is, and how the node shows who it is. */
export interface HttpSinkOptions {
  /** `https://store.example`; `/v1/records` or `/v1/inventory` is added. */
  readonly url: string;
  readonly nodeId: string;
  /** File with the token; looked at for each batch, since tokens are renewed. */
  readonly tokenFile?: string | undefined;
  /** Authorities (PEM) that the store's certificate is verified by; the system's where absent. */
  readonly caFile?: string | undefined;
  /** The node's certificate and key (PEM), where the store asks for one. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly timeoutMs?: number;
  /** What is sent; records where nothing is said. */
  readonly batch?: "records" | "inventory";
}

const TIMEOUT_MS = 30_000;
const ANSWER_BYTES_MAX = 64 * 1024;
const TOKEN_BYTES_MAX = 4096;
const RETRY_AFTER_SECONDS_MAX = 300;
const REASON_CHARS_MAX = 200;

const outcomeSchema = z.object({ stored: z.int().min(0), duplicates: z.int().min(0) });
/** What a store says of records that are none; the first line is the one, where a batch has one. */
const refusedSchema = z.object({
  error: z.string().optional(),
  rejected: z.array(z.object({ reason: z.string() })).optional(),
});
const compress = promisify(gzip);

/**
 * Reads the address of a store.
 * @throws MerlonError MERLON_USAGE
 */
export function recordsUrl(text: string, batch: "records" | "inventory" = "records"): URL {
  const wanted = "write https://host or https://host:port, with a path where the store has one";
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new MerlonError("MERLON_USAGE", `the address for records is none — ${wanted}`, { cause });
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new MerlonError("MERLON_USAGE", `the address for records has no usable scheme — ${wanted}`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    const why = "a user name, password, query or fragment would be lost or logged";
    throw new MerlonError("MERLON_USAGE", `the address for records holds more than an address — ${why}; ${wanted}`);
  }
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/${batch}`;
  return url;
}

/** Sends batches by HTTP. */
export class HttpSink implements RecordSink {
  readonly #url: URL;
  readonly #options: HttpSinkOptions;
  readonly #agent: Agent;
  readonly #ending = new AbortController();

  /** @throws MerlonError MERLON_USAGE, MERLON_TLS */
  constructor(options: HttpSinkOptions) {
    this.#url = recordsUrl(options.url, options.batch);
    this.#options = options;
    const { caFile, certificate } = options;
    const timeout = options.timeoutMs ?? TIMEOUT_MS;
    this.#agent = new Agent({
      connections: 1,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      connect: {
        timeout,
        ...(caFile === undefined ? {} : { ca: readAuthorities(caFile) }),
        ...(certificate === undefined ? {} : readTlsMaterial(certificate.certFile, certificate.keyFile)),
      },
    });
  }

  async send(batch: readonly Buffer[], droppedEver: number): Promise<SinkAnswer> {
    try {
      return await this.#post(batch, droppedEver);
    } catch (error) {
      return { kind: "later", reason: reasonOf(error), afterMs: 0 };
    }
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#agent.destroy();
  }

  async #post(batch: readonly Buffer[], droppedEver: number): Promise<SinkAnswer> {
    const end = Buffer.from("\n");
    const body = await compress(Buffer.concat(batch.flatMap((record) => [record, end])));
    const token = await this.#token();
    const {
      statusCode,
      headers,
      body: answer,
    } = await this.#agent.request({
      origin: this.#url.origin,
      path: this.#url.pathname,
      method: "POST",
      signal: AbortSignal.any([this.#ending.signal, AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS)]),
      headers: {
        "content-type": "application/x-ndjson",
        "content-encoding": "gzip",
        "x-merlon-node": this.#options.nodeId,
        "x-merlon-dropped": String(droppedEver),
        ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      },
      body,
    });
    const text = await readBounded(answer);
    return answerOf(statusCode, text, String(headers["retry-after"] ?? ""), batch.length);
  }

  async #token(): Promise<string> {
    const { tokenFile } = this.#options;
    if (tokenFile === undefined) return "";
    const token = (await readFile(tokenFile, "latin1")).slice(0, TOKEN_BYTES_MAX).trim();
    if (!/^[!-~]+$/.test(token)) throw new MerlonError("MERLON_RECORDS", "the token's file holds no token");
    return token;
  }
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > ANSWER_BYTES_MAX) throw new MerlonError("MERLON_RECORDS", "the store's answer is too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parsed<T extends z.ZodType>(schema: T, text: string): z.output<T> | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** What an answer of the store means, see the table in docs/records.md. */
export function answerOf(status: number, text: string, retryAfter: string, count: number): SinkAnswer {
  if (status === 413) return { kind: "too_large" };
  if (status === 422) {
    const { error, rejected } = parsed(refusedSchema, text) ?? {};
    return { kind: "refused", reason: printable(rejected?.[0]?.reason ?? error ?? "status 422") };
  }
  if (status === 401 || status === 403) {
    const fix = status === 401 ? "does not know this node's token or certificate" : "does not let this node send";
    return { kind: "denied", reason: `status ${status}: the store ${fix}; give it one that the store made for it` };
  }
  const outcome = status >= 200 && status < 300 ? parsed(outcomeSchema, text) : null;
  if (outcome !== null && outcome.stored + outcome.duplicates === count) return { kind: "stored", ...outcome };
  const seconds = /^\d{1,6}$/.test(retryAfter) ? Math.min(Number(retryAfter), RETRY_AFTER_SECONDS_MAX) : 0;
  const reason = status >= 200 && status < 300 ? "an answer that no store of records gives" : `status ${status}`;
  return { kind: "later", reason, afterMs: seconds * 1000 };
}

/** What another program wrote, for a line of ours. */
function printable(text: string): string {
  return text.slice(0, REASON_CHARS_MAX).replace(/[^ -~]/g, "?");
}

/** Why there was no answer: codes of the system and of undici say it without addresses. */
function reasonOf(error: unknown): string {
  if (error instanceof MerlonError) return error.message;
  if (error instanceof Error && error.name === "TimeoutError") return "no answer in time";
  return error instanceof Error && "code" in error ? String(error.code) : "no answer";
}
