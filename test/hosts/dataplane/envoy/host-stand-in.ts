/**
 * A stand-in for Envoy's side of Proxy-Wasm, for what a real one cannot be made to do often enough: thousands of odd
 * streams and configurations in a second. What a real Envoy does is shown with a real Envoy.
 */
import { readFileSync } from "node:fs";
import { WASM } from "./stage.ts";

const NOT_FOUND = 1;

/** What a stream is. */
export interface Stream {
  head: [name: string, value: string][] | null;
  trailers: [string, string][];
  /** What the host has buffered of each body. */
  request: Buffer;
  response: Buffer;
}

/** An answer of the filter's own. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

type Callback = (...numbers: number[]) => number;

/** A call that the filter made by a cluster of its host. */
export interface OutgoingCall {
  readonly token: number;
  readonly cluster: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** An answer to such a call. */
export interface CallAnswer {
  readonly headers: [string, string][];
  readonly body: Buffer;
}

/** Values that instances share, with the numbers of their changes. */
export type SharedValues = Map<string, { value: Buffer; change: number }>;
const CAS_MISMATCH = 8;

/** One instance and its host. */
export class HostStandIn {
  readonly records: string[] = [];
  readonly answers: Answer[] = [];
  readonly logs: string[] = [];
  readonly counts = new Map<string, number>();
  readonly gauges = new Map<string, number>();
  readonly calls: OutgoingCall[] = [];
  /** Whether there is the cluster that calls go to. */
  hasCluster = true;
  peer = "203.0.113.7:4711";
  /** Milliseconds since 1970; the machine's clock where undefined. */
  nowMs: number | undefined;
  configuration = Buffer.alloc(0);
  #answer: CallAnswer | null = null;
  #tokens = 0;
  #changes = 0;
  readonly #shared: SharedValues;
  stream: Stream | null = null;
  readonly #exports: WebAssembly.Exports;
  readonly #names: string[] = [];

  /** @param shared what other instances of one Envoy have, for more than one */
  constructor(shared: SharedValues = new Map()) {
    this.#shared = shared;
    const module = new WebAssembly.Module(readFileSync(WASM));
    this.#exports = new WebAssembly.Instance(module, { env: this.#functions() }).exports;
    this.call("_initialize");
  }

  /** Calls a callback, or a function of Merlon's own ABI. */
  call(name: string, ...numbers: number[]): number {
    const callback = this.#exports[name];
    if (typeof callback !== "function") throw new Error(`the module has no ${name}`);
    return (callback as Callback)(...numbers);
  }

  /** Answers a call, or says that there is no answer. */
  answer(root: number, token: number, answer: CallAnswer | null): void {
    this.#answer = answer;
    this.call("proxy_on_http_call_response", root, token, answer?.headers.length ?? 0, answer?.body.length ?? 0, 0);
    this.#answer = null;
  }

  get #bytes(): Buffer {
    const { memory } = this.#exports;
    if (!(memory instanceof WebAssembly.Memory)) throw new Error("the module has no memory");
    return Buffer.from(memory.buffer);
  }

  #text(at: number, size: number): string {
    return this.#bytes.toString("latin1", at, at + size);
  }

  /** Hands bytes over as a host does: into room that the module gives. */
  #give(content: Buffer | undefined, dataAt: number, sizeAt: number): number {
    if (content === undefined) return NOT_FOUND;
    const at = this.call("proxy_on_memory_allocate", content.length);
    if (at === 0) return NOT_FOUND;
    content.copy(this.#bytes, at);
    this.#bytes.writeUInt32LE(at, dataAt);
    this.#bytes.writeUInt32LE(content.length, sizeAt);
    return 0;
  }

  #map(map: number): [string, string][] | undefined {
    if (map === 6) return this.#answer?.headers;
    return map === 0 ? (this.stream?.head ?? undefined) : map === 1 ? this.stream?.trailers : undefined;
  }

  #send(numbers: readonly number[]): number {
    const [cluster = 0, clusterSize = 0, headers = 0, headersSize = 0, body = 0, bodySize = 0] = numbers;
    if (!this.hasCluster) return NOT_FOUND;
    const token = ++this.#tokens;
    this.calls.push({
      token,
      cluster: this.#text(cluster, clusterSize),
      headers: parsePairs(this.#bytes.subarray(headers, headers + headersSize)),
      body: this.#text(body, bodySize),
    });
    this.#bytes.writeUInt32LE(token, numbers[9] ?? 0);
    return 0;
  }

  /** Gauges and values that instances share. */
  #sharing(): Record<string, (...numbers: number[]) => number> {
    return {
      proxy_record_metric: (id = 0, value = 0) => {
        this.gauges.set(this.#names[id] ?? "", Number(value));
        return 0;
      },
      proxy_get_shared_data: (key = 0, size = 0, dataAt = 0, sizeAt = 0, changeAt = 0) => {
        const held = this.#shared.get(this.#text(key, size));
        const status = this.#give(held?.value, dataAt, sizeAt);
        if (held !== undefined) this.#bytes.writeUInt32LE(held.change, changeAt);
        return status;
      },
      proxy_set_shared_data: (key = 0, keySize = 0, at = 0, size = 0, change = 0) => {
        const name = this.#text(key, keySize);
        const held = this.#shared.get(name);
        if (change !== 0 && held !== undefined && held.change !== change) return CAS_MISMATCH;
        this.#changes = Math.max(this.#changes, held?.change ?? 0) + 1;
        this.#shared.set(name, { value: Buffer.from(this.#bytes.subarray(at, at + size)), change: this.#changes });
        return 0;
      },
    };
  }

  #functions(): Record<string, (...numbers: number[]) => number> {
    return {
      ...this.#sharing(),
      proxy_get_header_map_pairs: (map = 0, dataAt = 0, sizeAt = 0) =>
        this.#give(serialise(this.#map(map)), dataAt, sizeAt),
      proxy_get_header_map_value: (map = 0, key = 0, size = 0, dataAt = 0, sizeAt = 0) => {
        const value = this.#map(map)?.find(([name]) => name === this.#text(key, size))?.[1];
        return this.#give(value === undefined ? undefined : Buffer.from(value, "latin1"), dataAt, sizeAt);
      },
      proxy_replace_header_map_value: () => 0,
      proxy_remove_header_map_value: (map = 0, key = 0, size = 0) => {
        const pairs = this.#map(map) ?? [];
        const name = this.#text(key, size);
        for (let i = pairs.length - 1; i >= 0; i--) if (pairs[i]?.[0] === name) pairs.splice(i, 1);
        return 0;
      },
      proxy_get_buffer_bytes: (kind = 0, start = 0, most = 0, dataAt = 0, sizeAt = 0) => {
        const buffers = [this.stream?.request, this.stream?.response];
        const whole = kind === 7 ? this.configuration : kind === 4 ? this.#answer?.body : buffers[kind];
        return this.#give(whole?.subarray(start, start + most), dataAt, sizeAt);
      },
      proxy_get_property: (path = 0, size = 0, dataAt = 0, sizeAt = 0) => {
        const head = new Map(this.stream?.head ?? []);
        const known: Record<string, string | undefined> = {
          "source\0address": this.peer,
          "request\0url_path": head.get(":path")?.split("?")[0],
          "request\0method": head.get(":method"),
          "request\0host": head.get(":authority"),
          "request\0id": head.get("x-request-id"),
        };
        const value = known[this.#text(path, size)];
        return this.#give(value === undefined ? undefined : Buffer.from(value, "latin1"), dataAt, sizeAt);
      },
      proxy_set_property: (_path = 0, _pathSize = 0, value = 0, size = 0) => {
        this.records.push(this.#text(value, size));
        return 0;
      },
      proxy_get_current_time_nanoseconds: (at = 0) => {
        this.#bytes.writeBigUInt64LE(BigInt(this.nowMs ?? Date.now()) * 1_000_000n, at);
        return 0;
      },
      proxy_set_tick_period_milliseconds: () => 0,
      proxy_define_metric: (_kind = 0, name = 0, size = 0, idAt = 0) => {
        this.#bytes.writeUInt32LE(this.#names.push(this.#text(name, size)) - 1, idAt);
        return 0;
      },
      proxy_increment_metric: (id = 0, by = 0) => {
        const name = this.#names[id] ?? "";
        this.counts.set(name, (this.counts.get(name) ?? 0) + Number(by));
        return 0;
      },
      proxy_http_call: (...numbers) => this.#send(numbers),
      proxy_send_local_response: (status = 0, _d = 0, _ds = 0, body = 0, size = 0, headers = 0, headersSize = 0) => {
        const block = this.#bytes.subarray(headers, headers + headersSize);
        this.answers.push({
          status,
          headers: parsePairs(block),
          body: this.#bytes.toString("utf8", body, body + size),
        });
        return 0;
      },
      proxy_log: (_level = 0, at = 0, size = 0) => {
        this.logs.push(this.#text(at, size));
        return 0;
      },
    };
  }
}

/** Pairs as the ABI has them. */
function serialise(pairs: readonly (readonly [string, string])[] | undefined): Buffer | undefined {
  if (pairs === undefined) return undefined;
  const texts = pairs.flat().map((text) => Buffer.from(`${text}\0`, "latin1"));
  const sizes = Buffer.alloc(4 + texts.length * 4);
  sizes.writeUInt32LE(pairs.length, 0);
  for (const [index, text] of texts.entries()) sizes.writeUInt32LE(text.length - 1, 4 + index * 4);
  return Buffer.concat([sizes, ...texts]);
}

/** @throws where the block is not what the ABI says, to the byte */
function parsePairs(block: Buffer): [string, string][] {
  const count = block.length === 0 ? 0 : block.readUInt32LE(0);
  let at = 4 + count * 8;
  const read = (size: number): string => {
    const text = block.toString("latin1", at, at + size);
    if (block[at + size] !== 0) throw new Error(`no NUL behind "${text}"`);
    at += size + 1;
    return text;
  };
  const pairs = Array.from({ length: count }, (_, index): [string, string] => {
    const [name, value] = [block.readUInt32LE(4 + index * 8), block.readUInt32LE(8 + index * 8)];
    return [read(name), read(value)];
  });
  if (count > 0 && at !== block.length) throw new Error(`the block has ${block.length} bytes, its pairs ${at}`);
  return pairs;
}
