/**
 * Where nodes hand over their records and their inventory: `POST /v1/records` and `POST /v1/inventory`, as
 * docs/records.md has it. A node is who its token says, adds its own lines and no others, and is told that they are
 * kept when they are on disk. One line that is none refuses that line; the others of its batch are kept.
 */
import { createGunzip } from "node:zlib";
import { z } from "zod";
import { MerlonError } from "../core/error.ts";
import { REF_LENGTH } from "../core/ulid.ts";
import { ENDPOINT_BYTES_MAX, type Endpoint, endpointSchema } from "../records/inventory/endpoint.ts";
import { type AttackRecord, RECORD_BYTES_MAX, recordSchema } from "../records/record.ts";
import { INTAKE_QUOTA, type Quota, Quotas } from "./intake-quota.ts";
import type { AppendOutcome, RecordStore } from "./store/store.ts";

/** The path that nodes send to. */
export const INTAKE_PATH = "/v1/records";
/** The path that nodes send their inventory to. */
export const INVENTORY_PATH = "/v1/inventory";
/** Bytes of a batch, before compression and behind it. */
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** Lines of a batch. */
export const BATCH_LINES_MAX = 1_000;

/** Bytes of batches that are read at one time. */
const READING_BYTES_MAX = 64 * 1024 * 1024;
/** Lines that are told of one by one; further ones are counted. */
const REJECTED_SHOWN_MAX = 100;
const REASON_CHARS_MAX = 200;
const TOKEN = /^Bearer ([\x21-\x7e]{1,512})$/i;
const NODE = /^[A-Za-z0-9_.:/-]{1,253}$/;
/** Seconds after which a node comes again while the store is busy or away. */
const RETRY_SECONDS = 2;

/** Who a token belongs to. */
export interface IntakeIdentity {
  /** Id of the node, or its beginning and `*` for the pods of one workload. */
  readonly node: string;
  /** Applications whose records it may add; null for all. */
  readonly tenants: readonly string[] | null;
}

/** What the intake stands on. */
export interface IntakeOptions {
  readonly store: Pick<RecordStore, "append" | "appendEndpoints">;
  /** @returns whose token it is; null for nobody's, or one that has expired */
  readonly identify: (token: string) => Promise<IntakeIdentity | null>;
  readonly quota?: Quota;
  /** Hears how many requests a node's spool had to leave out since it began. */
  readonly dropped?: (node: string, count: number) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Counts since the start, for metrics. */
export interface IntakeCounters {
  stored: number;
  duplicates: number;
  /** Lines of the inventory. */
  endpoints: number;
  /** Lines that were no records, or another node's. */
  rejected: number;
  /** Batches that were refused whole: no token, too much, the store away. */
  refused: number;
}

/** A line that was not taken. */
interface Rejected {
  /** From 1 on. */
  readonly line: number;
  readonly reason: string;
}

/** Why a batch is not looked at. */
class Refusal extends Error {
  readonly status: number;
  readonly retrySeconds: number | undefined;

  constructor(status: number, message: string, retrySeconds?: number) {
    super(message);
    this.status = status;
    this.retrySeconds = retrySeconds;
  }
}

/** Takes the batches of all nodes. */
export class Intake {
  readonly counters: IntakeCounters = { stored: 0, duplicates: 0, endpoints: 0, rejected: 0, refused: 0 };
  readonly #options: IntakeOptions;
  readonly #quotas: Quotas;
  readonly #now: () => number;
  #reading = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#quotas = new Quotas(options.quota ?? INTAKE_QUOTA, () => performance.now());
  }

  /** @returns the answer to a node; null for what is not for the intake */
  async answer(request: Request): Promise<Response | null> {
    const { pathname } = new URL(request.url);
    if (pathname !== INTAKE_PATH && pathname !== INVENTORY_PATH) return null;
    try {
      return await this.#take(request, pathname === INVENTORY_PATH);
    } catch (error) {
      this.counters.refused++;
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      const headers = new Headers({ "cache-control": "no-store" });
      if (refusal.retrySeconds !== undefined) headers.set("retry-after", String(refusal.retrySeconds));
      if (refusal.status === 401) headers.set("www-authenticate", "Bearer");
      if (refusal.status === 405) headers.set("allow", "POST");
      return Response.json({ error: refusal.message }, { status: refusal.status, headers });
    }
  }

  async #take(request: Request, isInventory: boolean): Promise<Response> {
    if (request.method !== "POST") throw new Refusal(405, "records are sent with POST");
    const { identity, node } = await this.#identify(request);
    const lines = linesOf(await this.#read(request));
    if (lines.length > BATCH_LINES_MAX) {
      throw new Refusal(413, `the batch has ${lines.length} lines — ${BATCH_LINES_MAX} are taken; send it in parts`);
    }
    const wait = this.#quotas.take(node, lines.length);
    if (wait > 0)
      throw new Refusal(429, "the node's quota is used up — come again after the time in retry-after", wait);
    const rejected: Rejected[] = [];
    const { stored, duplicates } = isInventory
      ? await this.#keepEndpoints(readAll(lines, rejected, (line) => readEndpoint(line, node, identity)))
      : await this.#keepRecords(readAll(lines, rejected, (line) => readRecord(line, node, identity)));
    this.counters.rejected += rejected.length;
    if (!isInventory) this.#noteDropped(request, node);
    const headers = { "cache-control": "no-store" };
    if (rejected.length === 0) return Response.json({ stored, duplicates }, { headers });
    // Not a success: the node sends smaller batches till the line stands alone, and what was kept is a duplicate then.
    const shown = rejected.slice(0, REJECTED_SHOWN_MAX);
    return Response.json(
      { stored, duplicates, rejected: shown, rejected_count: rejected.length },
      { status: 422, headers },
    );
  }

  async #keepRecords(read: readonly AttackRecord[]): Promise<AppendOutcome> {
    const received = new Date(this.#now()).toISOString();
    const outcome = await this.#options.store.append(read.map((record) => ({ ...record, received_ts: received })));
    this.counters.stored += outcome.stored;
    this.counters.duplicates += outcome.duplicates;
    return outcome;
  }

  /** A line may say again what is known already, so none is a duplicate. */
  async #keepEndpoints(read: readonly Endpoint[]): Promise<AppendOutcome> {
    await this.#options.store.appendEndpoints(read);
    this.counters.endpoints += read.length;
    return { stored: read.length, duplicates: 0 };
  }

  async #identify(request: Request): Promise<{ identity: IntakeIdentity; node: string }> {
    const token = TOKEN.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined) throw new Refusal(401, "authorization is missing — send the node's token as Bearer");
    const identity = await this.#options.identify(token);
    if (identity === null)
      throw new Refusal(401, "the token is not known or has expired — make a new one for this node");
    const node = request.headers.get("x-merlon-node") ?? "";
    if (!NODE.test(node)) throw new Refusal(400, "x-merlon-node is missing or no id — send the node.id of the records");
    if (!isOwn(identity.node, node)) throw new Refusal(403, "x-merlon-node is another node's — use that node's token");
    return { identity, node };
  }

  async #read(request: Request): Promise<Buffer> {
    const coding = request.headers.get("content-encoding") ?? "identity";
    const isGzip = coding.toLowerCase() === "gzip";
    if (!isGzip && coding.toLowerCase() !== "identity") {
      throw new Refusal(415, "content-encoding is neither gzip nor identity — send one of them");
    }
    const announced = Number(request.headers.get("content-length") ?? "0");
    if (announced > BATCH_BYTES_MAX) throw tooLarge();
    if (this.#reading + BATCH_BYTES_MAX > READING_BYTES_MAX) {
      throw new Refusal(503, "too many batches arrive at once — come again", RETRY_SECONDS);
    }
    this.#reading += BATCH_BYTES_MAX;
    try {
      return await wholeBody(request, isGzip);
    } finally {
      this.#reading -= BATCH_BYTES_MAX;
    }
  }

  #noteDropped(request: Request, node: string): void {
    const dropped = request.headers.get("x-merlon-dropped") ?? "";
    if (/^\d{1,15}$/.test(dropped)) this.#options.dropped?.(node, Number(dropped));
  }
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof MerlonError)) return undefined;
  return new Refusal(503, "the store cannot keep records now — come again", RETRY_SECONDS);
}

function tooLarge(): Refusal {
  return new Refusal(413, `the batch has more than ${BATCH_BYTES_MAX} bytes — send it in parts`);
}

/** Reads the body, and undoes its compression, up to the limit. */
async function wholeBody(request: Request, isGzip: boolean): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const keep = (chunk: Uint8Array): void => {
    size += chunk.length;
    if (size > BATCH_BYTES_MAX) throw tooLarge();
    chunks.push(Buffer.from(chunk));
  };
  if (request.body === null) return Buffer.alloc(0);
  if (!isGzip) {
    for await (const chunk of request.body) keep(chunk);
    return Buffer.concat(chunks);
  }
  const gunzip = createGunzip();
  const body = request.body;
  const feed = async (): Promise<void> => {
    for await (const chunk of body) {
      if (!gunzip.write(chunk)) await new Promise((resolve) => gunzip.once("drain", resolve).once("close", resolve));
      if (gunzip.destroyed) return;
    }
    gunzip.end();
  };
  const feeding = feed().catch((error: unknown) => gunzip.destroy(error instanceof Error ? error : undefined));
  try {
    for await (const chunk of gunzip) keep(chunk);
    await feeding;
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, "the body is no whole gzip — send it again");
  } finally {
    gunzip.destroy();
  }
}

/** Lines with their bytes; the last one may lack its end, and empty ones at the end are none. */
function linesOf(body: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < body.length && lines.length <= BATCH_LINES_MAX; ) {
    const end = body.indexOf(0x0a, at);
    const stop = end === -1 ? body.length : end;
    lines.push(body.subarray(at, stop));
    at = stop + 1;
  }
  while (lines.length > 0 && lines.at(-1)?.length === 0) lines.pop();
  return lines;
}

function readAll<T extends object>(
  lines: readonly Buffer[],
  rejected: Rejected[],
  read: (line: Buffer) => T | string,
): T[] {
  const all: T[] = [];
  for (const [index, line] of lines.entries()) {
    const one = read(line);
    if (typeof one === "string") rejected.push({ line: index + 1, reason: one });
    else all.push(one);
  }
  return all;
}

/** @returns what a line holds, or why it is nothing; the reason quotes nothing of it */
function readLine<T>(line: Buffer, bytesMax: number, schema: z.ZodType<T>): { readonly value: T } | string {
  if (line.length > bytesMax) return `the line has ${line.length} bytes — ${bytesMax} are taken`;
  let parsed: z.ZodSafeParseResult<T>;
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
    // What is nested so deep that it cannot be written again would fail its whole batch later.
    JSON.stringify(json);
    parsed = schema.safeParse(json);
  } catch {
    return "the line is no JSON in UTF-8";
  }
  return parsed.success ? { value: parsed.data } : issueText(parsed.error);
}

function readRecord(line: Buffer, node: string, { tenants }: IntakeIdentity): AttackRecord | string {
  const read = readLine(line, RECORD_BYTES_MAX, recordSchema);
  if (typeof read === "string") return read;
  const { value: record } = read;
  if (record.node.id !== node) return "node.id is not x-merlon-node — a node sends its own records only";
  if (record.ref !== record.id.slice(0, REF_LENGTH)) return `ref is not the first ${REF_LENGTH} characters of id`;
  if (tenants !== null && !tenants.includes(record.app.name ?? "")) return "app.name is none that this node serves";
  return record;
}

function readEndpoint(line: Buffer, node: string, { tenants }: IntakeIdentity): Endpoint | string {
  const read = readLine(line, ENDPOINT_BYTES_MAX, endpointSchema);
  if (typeof read === "string") return read;
  const { value: endpoint } = read;
  if (endpoint.node !== node) return "node is not x-merlon-node — a node sends its own lines only";
  if (tenants !== null && !tenants.includes(endpoint.app ?? "")) return "app is none that this node serves";
  return endpoint;
}

function issueText({ issues }: z.ZodError): string {
  const [issue] = issues;
  const path = z.core.toDotPath(issue?.path ?? []);
  return `${path === "" ? "the line" : path}: ${issue?.message ?? "is wrong"}`.slice(0, REASON_CHARS_MAX);
}

/** @returns whether a node may use that id: it is its own, or begins as the workload's do */
function isOwn(allowed: string, node: string): boolean {
  return allowed.endsWith("*") ? allowed.length > 1 && node.startsWith(allowed.slice(0, -1)) : allowed === node;
}
