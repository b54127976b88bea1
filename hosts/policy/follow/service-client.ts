/**
 * The HTTP client of a policy service: bounded answers, time-outs, TLS by files, and errors that say which side to look
 * at. Used by hosts that follow and by commands that change something.
 */
import { gunzipSync } from "node:zlib";
import { Agent, request } from "undici";
import type { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { readAuthorities, readTlsMaterial } from "../../core/tls-material.ts";
import { hashOf, type Part } from "../bundle.ts";
import { ANSWER_BYTES_MAX, PATHS, problemSchema } from "../wire.ts";
import type { IdentityMaterial } from "./identity-files.ts";

const CONNECT_MS = 3000;
const ANSWER_MS = 10_000;
/** A part of a slow network still comes; one that stops coming does not hold the host up. */
const PART_IDLE_MS = 10_000;
const CONNECTIONS_MAX = 4;
/** What packing may add to a part that it cannot make smaller. */
const PACKING_BYTES_MAX = 65_536;

/** Where the service is, and who asks. */
export interface ServiceAddress {
  /** `https://policy.example:9443`; plain `http` is for one machine and for networks that encrypt themselves. */
  readonly url: string;
  /** Authorities (PEM) by which its certificate is verified; the system's where absent. */
  readonly caFile?: string | undefined;
  /** Certificate and key by which this side is known. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** What an enrolled node is known by, asked before each request; undefined while it has not enrolled. */
  readonly identity?: (() => IdentityMaterial | undefined) | undefined;
  /** Authority (PEM) in the place of `caFile`. */
  readonly ca?: string | undefined;
  /** Any certificate will do: only for what is not secret and is checked otherwise. */
  readonly isUnverified?: boolean | undefined;
  /** Secret of `merlon node add --bearer`; read anew for each connection's request, so that it can be changed. */
  readonly token?: (() => string) | undefined;
}

/** An answer whose status is one of those that were expected. */
export interface Answer {
  readonly status: number;
  readonly etag: string;
  readonly bytes: Buffer;
}

/** What a request says beside its path. */
export interface Question {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Milliseconds that the answer may take to begin. */
  readonly answerMs?: number;
  readonly bytesMax?: number;
  readonly signal?: AbortSignal;
}

/** A client of one service. */
export class ServiceClient {
  readonly #origin: string;
  readonly #authorities: { readonly ca?: string };
  readonly #pair: { readonly cert?: Buffer; readonly key?: Buffer };
  readonly #isUnverified: boolean;
  readonly #token: () => string;
  readonly #identity: ServiceAddress["identity"];
  #agent: Agent;
  /** What the agent was made with. */
  #used: IdentityMaterial | undefined;

  /** @throws MerlonError MERLON_USAGE for an address that is none, MERLON_TLS for files that are of no use */
  constructor(address: ServiceAddress) {
    const { url, caFile, ca, certFile, keyFile, token = () => "", identity, isUnverified = false } = address;
    this.#origin = originOf(url);
    this.#token = token;
    this.#identity = identity;
    this.#isUnverified = isUnverified;
    this.#pair = certFile === undefined || keyFile === undefined ? {} : readTlsMaterial(certFile, keyFile);
    const authorities = caFile === undefined ? ca : readAuthorities(caFile);
    this.#authorities = authorities === undefined ? {} : { ca: authorities };
    this.#agent = this.#connect(undefined);
  }

  #connect(identity: IdentityMaterial | undefined): Agent {
    const known = { ...identity, ...this.#pair, ...this.#authorities };
    return new Agent({
      connections: CONNECTIONS_MAX,
      connect: { timeout: CONNECT_MS, ...known, ...(this.#isUnverified ? { rejectUnauthorized: false } : {}) },
      headersTimeout: ANSWER_MS,
      bodyTimeout: PART_IDLE_MS,
      maxResponseSize: -1,
    });
  }

  /** A renewed certificate counts for new connections; requests on old ones come to their end. */
  #agentNow(): Agent {
    if (this.#identity === undefined) return this.#agent;
    const identity = this.#identity();
    if (identity === undefined) {
      const why = "it has no certificate to show";
      const fix = "a host with --enrol-file goes on trying";
      throw new MerlonError("MERLON_SERVICE", `this node has not enrolled yet — ${why}; ${fix}`);
    }
    if (identity === this.#used) return this.#agent;
    void this.#agent.close().catch(() => undefined);
    this.#agent = this.#connect(identity);
    this.#used = identity;
    return this.#agent;
  }

  /**
   * Asks, and takes 200, 202, 204 and 304 for an answer.
   * @throws MerlonError MERLON_SERVICE when there is none, or the service refuses
   */
  async ask(path: string, question: Question = {}): Promise<Answer> {
    const { method = "GET", headers = {}, body, answerMs = ANSWER_MS, bytesMax = ANSWER_BYTES_MAX, signal } = question;
    const token = this.#token();
    try {
      const answer = await request(`${this.#origin}${path}`, {
        dispatcher: this.#agentNow(),
        method,
        headers: {
          ...headers,
          ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        headersTimeout: answerMs,
        ...(signal === undefined ? {} : { signal }),
      });
      const bytes = await collect(answer.body, bytesMax);
      const { statusCode: status } = answer;
      if (![200, 202, 204, 304].includes(status)) throw refusal(status, bytes);
      const unpacked = answer.headers["content-encoding"] === "gzip" ? unpack(bytes, bytesMax) : bytes;
      return { status, etag: String(answer.headers["etag"] ?? ""), bytes: unpacked };
    } catch (cause) {
      throw cause instanceof MerlonError ? cause : this.#unreachable(cause);
    }
  }

  /** Asks for JSON of a known shape. @throws MerlonError MERLON_SERVICE */
  async read<T extends z.ZodType>(path: string, schema: T, question: Question = {}): Promise<z.output<T>> {
    const { bytes } = await this.ask(path, question);
    return parseAnswer(schema, bytes);
  }

  /** @returns the part of this name; @throws MerlonError MERLON_SERVICE when it does not come or is another one */
  async part({ hash, size }: Part, signal?: AbortSignal): Promise<Buffer> {
    const { bytes } = await this.ask(`${PATHS.parts}${hash}`, {
      headers: { "accept-encoding": "gzip" },
      bytesMax: size + PACKING_BYTES_MAX,
      ...(signal === undefined ? {} : { signal }),
    });
    if (bytes.length === size && hashOf(bytes) === hash) return bytes;
    throw new MerlonError(
      "MERLON_SERVICE",
      "the policy service sent a damaged part — its hash is another; it is retried",
    );
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #unreachable(cause: unknown): MerlonError {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer";
    const why = `${this.#origin}: ${code}`;
    const fix = "check its address, its certificate and whether it runs";
    return new MerlonError("MERLON_SERVICE", `the policy service does not answer — ${why}; ${fix}`, { cause });
  }
}

/** @returns JSON of a known shape; @throws MerlonError MERLON_SERVICE */
export function parseAnswer<T extends z.ZodType>(schema: T, bytes: Uint8Array): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    value = undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join(".") || "answer";
  const why = `${field} is not as expected`;
  const message = `the policy service says what this version does not understand — ${why}; use the same release`;
  throw new MerlonError("MERLON_SERVICE", message);
}

function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isPlain = parsed?.pathname === "/" && parsed.search === "" && parsed.username === "" && parsed.password === "";
  if (parsed !== undefined && isPlain && ["http:", "https:"].includes(parsed.protocol)) return parsed.origin;
  const why = "it takes http or https, a host and a port, and nothing behind";
  throw new MerlonError("MERLON_USAGE", `the address of the policy service is none — ${why}; write https://host:9443`);
}

async function collect(body: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > bytesMax) {
      throw new MerlonError(
        "MERLON_SERVICE",
        `the policy service sends too much — more than ${bytesMax} bytes; mend it`,
      );
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function unpack(bytes: Buffer, bytesMax: number): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: bytesMax });
  } catch (cause) {
    const message = "the policy service sent a damaged part — it does not unpack to its size; it is retried";
    throw new MerlonError("MERLON_SERVICE", message, { cause });
  }
}

/** The service has answered, and says no. */
export class ServiceRefusal extends MerlonError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(status === 422 ? "MERLON_POLICY" : "MERLON_SERVICE", message);
    this.status = status;
  }
}

/** What a service's own message may have of what it was written by: nothing that moves a terminal. */
function refusal(status: number, bytes: Buffer): ServiceRefusal {
  let said: unknown;
  try {
    said = JSON.parse(bytes.toString("utf8"));
  } catch {
    said = undefined;
  }
  const problem = problemSchema.safeParse(said);
  const message = problem.success ? problem.data.message : `it answers ${status}`;
  const shown = message.replace(/[^\x20-\x7e\u00a0-\u2027\u2030-\ud7ff]/g, "?").slice(0, 500);
  return new ServiceRefusal(status, `the policy service refuses: ${shown}`);
}
