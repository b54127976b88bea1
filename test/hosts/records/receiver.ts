/**
 * A store of records as nodes see one: a real HTTP server that speaks the wire of docs/records.md, keeps records by id,
 * and fails as it is told to. What the store itself does with records is tested with the store.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { type AttackRecord, RECORD_BYTES_MAX, recordSchema } from "../../../hosts/records/record.ts";

/** What the receiver does with a batch instead of taking it. */
export interface Refusal {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Takes the records first: the answer that they are stored gets lost. */
  readonly afterStoring?: boolean;
  /** Answers nothing and cuts the connection. */
  readonly cut?: boolean;
}

/** A running receiver. */
export class Receiver {
  readonly records = new Map<string, AttackRecord>();
  /** Times that a record came which was there already. */
  repeated = 0;
  batches = 0;
  /** What was wrong with what came. */
  readonly faults: string[] = [];
  /** Asked for each batch; null takes it. */
  judge: (records: readonly AttackRecord[], request: IncomingMessage) => Refusal | null = () => null;
  readonly #server: Server;

  constructor(make: (listener: RequestListener) => Server = createServer) {
    this.#server = make((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("error", () => {});
      request.on("end", () => {
        const { status, body = "{}", headers = {}, cut = false } = this.#take(request, Buffer.concat(parts));
        if (cut) request.socket.destroy();
        else response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
      });
    });
  }

  /** @returns the port on this machine */
  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    const { port: bound } = this.#server.address() as AddressInfo;
    return bound;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Requests that the records stand for. */
  get total(): number {
    return [...this.records.values()].reduce((sum, { sampled }) => sum + sampled.count_since_last, 0);
  }

  #take(request: IncomingMessage, content: Buffer): Refusal {
    this.batches++;
    const { method, url, headers } = request;
    if (method !== "POST" || url !== "/v1/records") this.faults.push(`${method} ${url}`);
    if (headers["content-type"] !== "application/x-ndjson") this.faults.push(`type ${headers["content-type"]}`);
    if (!/^\d+$/.test(String(headers["x-merlon-dropped"]))) this.faults.push("no x-merlon-dropped");
    const lines = gunzipSync(content).toString("utf8").split("\n");
    if (lines.pop() !== "") this.faults.push("the last line has no end");
    if (lines.length > 1000) this.faults.push(`${lines.length} lines`);
    const records = lines.map((line) => {
      if (Buffer.byteLength(line) > RECORD_BYTES_MAX) this.faults.push("a line is too long");
      return recordSchema.parse(JSON.parse(line));
    });
    for (const { node } of records) if (node.id !== headers["x-merlon-node"]) this.faults.push(`node ${node.id}`);
    const refusal = this.judge(records, request);
    if (refusal !== null && refusal.afterStoring !== true) return refusal;
    let stored = 0;
    for (const record of records) {
      if (!this.records.has(record.id)) stored++;
      this.records.set(record.id, record);
    }
    this.repeated += records.length - stored;
    return refusal ?? { status: 200, body: JSON.stringify({ stored, duplicates: records.length - stored }) };
  }
}
