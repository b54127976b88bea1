/**
 * A build of the core for tests that must see what hosts never do: raw statuses, whole result records, internals of the
 * test build, the checked build. Hosts go through hosts/core/engine.ts; this goes straight at the exports, so that a
 * mistake in the engine cannot hide one in the core.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../tools/component.ts";

/** The builds of hosts/build.ts and the files that they leave. */
const FILES = { release: "merlon.wasm", checked: "merlon.checked.wasm", test: "merlon.test.wasm" } as const;
export type Build = keyof typeof FILES;

/** Status codes of the ABI (assembly/abi/status.ts), repeated so that a change there shows. */
export const STATUS = {
  pass: 0,
  block: 1,
  badHandle: 16,
  badPhase: 17,
  malformed: 18,
  limit: 19,
  badPolicy: 20,
  corrupt: 21,
} as const;

/** An exported function of the core. Answers of 64 bits come as bigint and go through `big`. */
type Call = (...values: (number | bigint)[]) => number;

/** Name and value of a header field, one byte a character. */
export type Pair = readonly [name: string, value: string];

const modules = new Map<Build, WebAssembly.Module>();

/** Compiles a build once a process. @throws when it was not built: run the tests through `npm test` */
function moduleOf(build: Build): WebAssembly.Module {
  let module = modules.get(build);
  if (module === undefined) {
    module = new WebAssembly.Module(readFileSync(join(ROOT, "build", FILES[build])));
    modules.set(build, module);
  }
  return module;
}

/** One instance of one build. */
export class Core {
  readonly #exports: WebAssembly.Exports;
  readonly #memory: WebAssembly.Memory;
  readonly #calls = new Map<string, Call>();
  /** Address of the input buffer and its size. */
  readonly input: number;
  readonly inputMax: number;
  #bytes: Buffer;

  constructor(build: Build) {
    const env: Record<string, () => number> = {};
    for (const { name } of WebAssembly.Module.imports(moduleOf(build))) env[name] = () => 12;
    this.#exports = new WebAssembly.Instance(moduleOf(build), { env }).exports;
    const memory = this.#exports["memory"];
    if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("the core exports no memory");
    this.#memory = memory;
    this.call("_initialize")();
    this.#bytes = Buffer.from(memory.buffer);
    this.input = this.call("input")();
    this.inputMax = this.number("INPUT_BYTES_MAX");
  }

  /** An exported function by its name. */
  call(name: string): Call {
    const known = this.#calls.get(name);
    if (known !== undefined) return known;
    const exported = this.#exports[name];
    if (typeof exported !== "function") throw new TypeError(`the core exports no function ${name}`);
    const call: Call = (...values) => {
      const answer: unknown = Reflect.apply(exported, undefined, values);
      return typeof answer === "number" ? answer >>> 0 : 0;
    };
    this.#calls.set(name, call);
    return call;
  }

  /** An exported global: a constant, or a variable as it stands now. */
  big(name: string): bigint {
    const exported = this.#exports[name];
    if (!(exported instanceof WebAssembly.Global)) throw new TypeError(`the core exports no global ${name}`);
    const value: unknown = exported.value;
    return typeof value === "bigint" ? BigInt.asUintN(64, value) : BigInt(Number(value) >>> 0);
  }

  number(name: string): number {
    return Number(this.big(name));
  }

  /** The memory's bytes; a new view after it grew. */
  get bytes(): Buffer {
    if (this.#bytes.buffer !== this.#memory.buffer) this.#bytes = Buffer.from(this.#memory.buffer);
    return this.#bytes;
  }

  /** A copy of bytes of the memory. */
  copy(at: number, size: number): Buffer {
    return Buffer.from(this.bytes.subarray(at, at + size));
  }

  /** Puts bytes into the input buffer. @returns their number */
  give(content: Uint8Array): number {
    if (content.length > this.inputMax) throw new RangeError(`${content.length} bytes do not fit the input buffer`);
    this.bytes.set(content, this.input);
    return content.length;
  }

  begin(peer = "", now = 0, source = 0): number {
    return this.call("tx_begin")(this.give(Buffer.from(peer, "latin1")), now, source);
  }

  /** Hands over a head or trailers. */
  pairs(call: "tx_head" | "tx_trailers" | "tx_response_head", handle: number, pairs: readonly Pair[]): number {
    return this.call(call)(handle, this.give(encodePairs(pairs)));
  }

  /** Hands over body or raw bytes in one call. */
  piece(call: "tx_body" | "tx_raw" | "tx_response_body", handle: number, content: Uint8Array): number {
    return this.call(call)(handle, this.give(content));
  }

  end(handle: number): number {
    return this.call("tx_end")(handle);
  }

  free(handle: number): number {
    return this.call("tx_free")(handle);
  }

  line(handle: number): string {
    const at = this.call("tx_line")(handle);
    return this.bytes.toString("latin1", at, at + this.call("line_size")());
  }

  /** The whole result record: equal bytes are an equal answer, down to spans, excerpts and limits. */
  record(handle: number): Buffer {
    const at = this.call("tx_result")(handle);
    return this.copy(at, this.bytes.readUInt32LE(at + this.number("RESULT_SIZE")));
  }

  /** Loads a policy image. @returns a status */
  loadPolicy(slot: "active" | "shadow", image: Uint8Array): number {
    return this.call("policy_load")(slot === "active" ? 0 : 1, this.give(image));
  }

  /** Names of the bits of a field of a result record. */
  names(record: Buffer, field: "RESULT_LIMITS" | "RESULT_ANOMALIES"): string[] {
    const bits = record.readUInt32LE(this.number(field));
    return this.text(field === "RESULT_LIMITS" ? 1 : 2)
      .split(" ")
      .filter((_name, index) => bits & (1 << index));
  }

  /** A text of the module: 0 signatures, 1 limits, 2 anomalies, 3 decoders. */
  text(which: 0 | 1 | 2 | 3): string {
    const at = this.call("text_at")(which);
    return this.bytes.toString("utf16le", at, at + this.call("text_size")(which) * 2);
  }
}

/** Pairs as Proxy-Wasm serialises them; see assembly/decode/pairs.ts. */
export function encodePairs(pairs: readonly Pair[]): Buffer {
  const sizes = Buffer.alloc(4 + pairs.length * 8);
  sizes.writeUInt32LE(pairs.length, 0);
  const texts: string[] = [];
  for (const [index, [name, value]] of pairs.entries()) {
    sizes.writeUInt32LE(name.length, 4 + index * 8);
    sizes.writeUInt32LE(value.length, 8 + index * 8);
    texts.push(name, "\0", value, "\0");
  }
  return Buffer.concat([sizes, Buffer.from(texts.join(""), "latin1")]);
}
