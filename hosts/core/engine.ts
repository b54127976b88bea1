/**
 * The core in Node: the only file of the hosts that touches WebAssembly. It loads `build/merlon.wasm`, checks its hash,
 * keeps instances, turns calls into typed transactions and, when an instance traps, discards it and answers by
 * `failure.trap`. Offsets and numbers come from the module's own exports.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { instantiateSync } from "@assemblyscript/loader";
import { addressText } from "./address.ts";
import { bitNames, signatureOf } from "./catalog.ts";
import type { EngineCounters, EngineOptions, SignatureInfo, SourceLookup } from "./engine-options.ts";
import { MerlonError } from "./error.ts";
import { numberOf, plainNumbers } from "./exported-number.ts";
import { type Bytes, readPairs, writePairs } from "./pair-block.ts";
import { readSettings, readStanding } from "./request-record.ts";
import type { Standing } from "./threshold.ts";
import type { Trace, TraceEntry } from "./trace.ts";
import type {
  Action,
  Inspector,
  Layer,
  Match,
  Mode,
  RequestHead,
  RequestSettings,
  ResponseHead,
  Transaction,
  Verdict,
} from "./verdict.ts";
import { MODES } from "./verdict.ts";

export type { EngineCounters, EngineOptions, SignatureInfo, SourceLookup } from "./engine-options.ts";

/** The module's exports, as the compiler describes them. */
type Core = Awaited<ReturnType<typeof import("../../build/merlon.js").instantiate>>;

/** The ABI that this host speaks; the module exports its own. */
const ABI_VERSION = 1;

/** Slots of policies: the active one decides, the shadow one shows what a candidate would do. */
export type PolicySlot = "active" | "shadow";
const SLOTS = { active: 0, shadow: 1 } as const;

const WASM_FILE = new URL("../../build/merlon.wasm", import.meta.url);

/** One instance with its views and texts. */
class Instance {
  readonly core: Core;
  dead = false;
  bytes: Bytes;
  readonly input: number;
  readonly inputMax: number;
  readonly signatures: readonly SignatureInfo[];
  readonly decoders: readonly string[];
  readonly limits: readonly string[];
  readonly anomalies: readonly string[];
  readonly lexers: readonly string[];
  readonly places: readonly string[];
  readonly client = new Uint32Array(4);
  /** Statuses that calls answer. */
  readonly pass: number;
  readonly block: number;

  constructor(module: WebAssembly.Module) {
    const imports: Record<string, Record<string, () => number>> = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      if (kind !== "function") continue;
      const functions = imports[from] ?? {};
      functions[name] = () => 12;
      imports[from] = functions;
    }
    const { exports } = instantiateSync(module, imports);
    this.core = plainNumbers(exports) as unknown as Core;
    const start = (exports as { _initialize?: () => void })._initialize;
    start?.();
    this.bytes = Buffer.from(this.core.memory.buffer) as Bytes;
    this.input = this.core.input();
    this.inputMax = this.core.INPUT_BYTES_MAX.value;
    if (this.core.ABI_VERSION.value !== ABI_VERSION) {
      throw new MerlonError(
        "MERLON_ENGINE",
        `the core speaks ABI ${this.core.ABI_VERSION.value}, this host ${ABI_VERSION}: use the core of this release`,
      );
    }
    this.pass = numberOf(this.core.Status.PASS);
    this.block = numberOf(this.core.Status.BLOCK);
    this.signatures = this.text(0).trimEnd().split("\n").map(signatureOf);
    this.limits = this.text(1).split(" ");
    this.anomalies = this.text(2).split(" ");
    this.decoders = this.text(3).split(" ");
    this.lexers = this.text(4).split(/\s+/);
    this.places = this.text(5).split(/\s+/);
  }

  /** A text of the module, stored as UTF-16. */
  text(which: number): string {
    const at = this.core.text_at(which);
    return this.view().toString("utf16le", at, at + this.core.text_size(which) * 2);
  }

  /** The client of a result record, as four words, highest first; good until the next call. */
  clientIn(at: number): Uint32Array {
    const { core, client } = this;
    const view = this.view();
    const high = at + core.RESULT_CLIENT_HIGH.value;
    const low = at + core.RESULT_CLIENT_LOW.value;
    client[0] = view.readUInt32LE(high + 4);
    client[1] = view.readUInt32LE(high);
    client[2] = view.readUInt32LE(low + 4);
    client[3] = view.readUInt32LE(low);
    return client;
  }

  /** The memory's bytes; a new view after it grew, which leaves the old one without any. */
  view(): Bytes {
    if (this.bytes.length === 0) this.bytes = Buffer.from(this.core.memory.buffer) as Bytes;
    return this.bytes;
  }
}

/** Reads the module and checks it against its hash. */
function readModule(options: EngineOptions): { module: WebAssembly.Module; sha256: string } {
  let wasm = options.wasm;
  let expected = options.sha256;
  try {
    wasm ??= readFileSync(WASM_FILE);
    if (!options.wasm) expected ??= readFileSync(new URL("merlon.wasm.sha256", WASM_FILE), "utf8").trim().slice(0, 64);
  } catch (cause) {
    const file = fileURLToPath(WASM_FILE);
    throw new MerlonError("MERLON_ENGINE", `the core ${file} cannot be read: run "npm run build"`, { cause });
  }
  const actual = createHash("sha256").update(wasm).digest("hex");
  if (expected !== undefined && expected !== actual) {
    throw new MerlonError("MERLON_ENGINE", `the core has SHA-256 ${actual}, expected ${expected}: run "npm run build"`);
  }
  try {
    return { module: new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>), sha256: actual };
  } catch (cause) {
    throw new MerlonError("MERLON_ENGINE", "the core is no WebAssembly module that this Node can run", { cause });
  }
}

/** The core, ready to open transactions. */
export class Engine implements Inspector {
  readonly counters: EngineCounters = { traps: 0, refused: 0 };
  /** Hash of the module, in hex: which core this is. */
  readonly sha256: string;
  readonly #module: WebAssembly.Module;
  readonly #options: EngineOptions;
  readonly #policies = new Map<PolicySlot, Uint8Array>();
  #instance: Instance;
  /** @internal What lists say of a client, as 128 bits; null where there are none. */
  sources: SourceLookup | null = null;

  private constructor(module: WebAssembly.Module, sha256: string, options: EngineOptions) {
    this.#module = module;
    this.sha256 = sha256;
    this.#options = options;
    this.#instance = new Instance(module);
  }

  /**
   * Loads the core.
   * @throws MerlonError MERLON_ENGINE when the module is missing, is not the expected one or speaks another ABI
   */
  static load(options: EngineOptions = {}): Engine {
    const { module, sha256 } = readModule(options);
    return new Engine(module, sha256, options);
  }

  /** @returns another engine on the same module and options, with memory, policies and counters of its own */
  sibling(): Engine {
    return new Engine(this.#module, this.sha256, this.#options);
  }

  /** All signatures, in the order of their numbers. */
  get signatures(): readonly SignatureInfo[] {
    return this.#instance.signatures;
  }

  /** Transactions open and memory taken, for metrics and tests. */
  get usage(): { open: number; blocks: number; reservedBytes: number; memoryBytes: number } {
    const { core } = this.#instance;
    return {
      open: core.open_count(),
      blocks: core.blocks_used(),
      reservedBytes: core.memory_reserved(),
      memoryBytes: core.memory.buffer.byteLength,
    };
  }

  /** Numbers that the core exports: limits and the like, by name. */
  constant(name: string): number {
    const global = (this.#instance.core as unknown as Record<string, unknown>)[name];
    if (global === undefined) throw new MerlonError("MERLON_ENGINE", `the core exports no number ${name}`);
    return numberOf(global);
  }

  /** Whether tables and policies in the core still hold what was loaded; a damaged instance is discarded. */
  verify(): boolean {
    if (this.#instance.core.verify() === this.#instance.pass) return true;
    this.#discard(
      this.#instance,
      new MerlonError("MERLON_ENGINE", "the core's tables or policy were damaged in memory"),
    );
    return false;
  }

  /**
   * Makes a policy image the slot's policy; transactions that are open end with the one that they began with.
   * @throws MerlonError MERLON_POLICY_VERSION when the core does not read the image; the slot keeps what it had
   */
  loadPolicy(slot: PolicySlot, image: Uint8Array): void {
    if (!loadInto(this.#instance, slot, image)) {
      throw new MerlonError("MERLON_POLICY_VERSION", "the policy image is damaged or was made for another engine");
    }
    this.#policies.set(slot, Uint8Array.from(image));
  }

  /** Goes back to the built-in policy, or empties the shadow slot. */
  clearPolicy(slot: PolicySlot): void {
    this.#instance.core.policy_clear(SLOTS[slot]);
    this.#policies.delete(slot);
  }

  /**
   * Notes every layer that the core looks at during `work`, which is slow and for one request at a time.
   * @returns an empty trace where the core trapped meanwhile or has no memory for it
   */
  trace(work: () => void): Trace {
    const instance = this.#instance;
    const on = instance.core.trace_begin() === instance.pass;
    try {
      work();
      return on && !instance.dead ? readTrace(instance) : { entries: [], dropped: 0 };
    } finally {
      if (on && !instance.dead) instance.core.trace_end();
    }
  }

  begin(peer: string, nowSeconds: number, source = 0): CoreTransaction {
    const instance = this.#instance;
    const size = instance.view().write(peer.slice(0, 64), instance.input, "latin1");
    let handle: number;
    try {
      handle = instance.core.tx_begin(size, nowSeconds >>> 0, source) >>> 0;
    } catch (error) {
      this.#discard(instance, error);
      return new CoreTransaction(this, instance, 0, "trap");
    }
    if (handle === 0) this.counters.refused++;
    return new CoreTransaction(this, instance, handle, handle === 0 ? "overlimit" : null, nowSeconds);
  }

  /** @internal What a transaction that the core cannot answer for does. */
  failureAction(kind: "trap" | "overlimit"): Action {
    const { failure: told = {} } = this.#options;
    const failure = typeof told === "function" ? told() : told;
    return (failure[kind] ?? (kind === "trap" ? "open" : "closed")) === "closed" ? "block" : "pass";
  }

  /** @internal A call trapped: the instance is gone, and with it every transaction in it. */
  trapped(instance: unknown, error: unknown): void {
    this.#discard(instance as Instance, error);
  }

  #discard(instance: Instance, error: unknown): void {
    if (instance.dead) return;
    instance.dead = true;
    this.counters.traps++;
    if (this.#instance === instance) {
      this.#instance = new Instance(this.#module);
      for (const [slot, image] of this.#policies) loadInto(this.#instance, slot, image);
    }
    this.#options.onTrap?.(error);
  }
}

/** Hands an image over in pieces of the input buffer's size and makes it the slot's. */
function loadInto(instance: Instance, slot: PolicySlot, image: Uint8Array): boolean {
  const { core, inputMax, pass } = instance;
  const number = SLOTS[slot];
  for (let at = 0; at < image.length; at += inputMax) {
    const piece = image.subarray(at, at + inputMax);
    instance.view().set(piece, instance.input);
    if (core.policy_stage(number, image.length, at, piece.length) !== pass) return false;
  }
  return core.policy_commit(number, image.length) === pass;
}

/** A transaction in an instance of the core. */
export class CoreTransaction implements Transaction {
  readonly #engine: Engine;
  readonly #instance: Instance;
  readonly #handle: number;
  readonly #now: number;
  /** What lists say of the client. */
  #source = 0;
  #standing: Standing | null = null;
  #failed: "trap" | "overlimit" | null;

  constructor(engine: Engine, instance: unknown, handle: number, failed: "trap" | "overlimit" | null, now = 0) {
    this.#now = now;
    this.#engine = engine;
    this.#instance = instance as Instance;
    this.#handle = handle;
    this.#failed = failed;
  }

  head(head: RequestHead): Action {
    const pseudo = [":method", head.method, ":path", head.target, ":authority", head.authority, ":scheme", head.scheme];
    const action = this.#pairs(pseudo, head.rawHeaders, (core, size) => core.tx_head(this.#handle, size));
    return this.#engine.sources === null ? action : this.#tellSource(this.#engine.sources, action);
  }

  trailers(rawHeaders: readonly string[]): Action {
    return this.#pairs([], rawHeaders, (core, size) => core.tx_trailers(this.#handle, size));
  }

  responseHead(head: ResponseHead): Action {
    const pseudo = [":status", String(head.status)];
    return this.#pairs(pseudo, head.rawHeaders, (core, size) => core.tx_response_head(this.#handle, size));
  }

  body(chunk: Uint8Array): Action {
    return this.#pieces(chunk, (core, size) => core.tx_body(this.#handle, size));
  }

  responseBody(chunk: Uint8Array): Action {
    return this.#pieces(chunk, (core, size) => core.tx_response_body(this.#handle, size));
  }

  /** Bytes of a raw HTTP/1 request, in any pieces. */
  raw(chunk: Uint8Array): Action {
    return this.#pieces(chunk, (core, size) => core.tx_raw(this.#handle, size));
  }

  end(): Action {
    return this.#call((core) => core.tx_end(this.#handle));
  }

  responseEnd(): Action {
    return this.#call((core) => core.tx_response_end(this.#handle));
  }

  /** The result as one line, the same in every host. */
  line(): string {
    if (this.#isDead()) return `failed ${this.#failed ?? "trap"}`;
    const { core } = this.#instance;
    try {
      const at = core.tx_line(this.#handle);
      return this.#instance.view().toString("latin1", at, at + core.line_size());
    } catch (error) {
      this.#trap(error);
      return "failed trap";
    }
  }

  verdict(): Verdict {
    if (this.#isDead()) return this.#failedVerdict();
    try {
      return readVerdict(this.#instance, this.#instance.core.tx_result(this.#handle));
    } catch (error) {
      this.#trap(error);
      return this.#failedVerdict();
    }
  }

  settings(): RequestSettings | null {
    if (this.#isDead()) return null;
    try {
      const at = this.#instance.core.tx_result(this.#handle);
      return readSettings(this.#instance.core, this.#instance.view(), at, this.#source);
    } catch (error) {
      this.#trap(error);
      return null;
    }
  }

  standing(): Standing | null {
    if (this.#isDead()) return null;
    const { core } = this.#instance;
    try {
      const at = core.tx_result(this.#handle);
      this.#standing = readStanding(core, this.#instance.view(), at, this.#source, this.#standing);
      return this.#standing;
    } catch (error) {
      this.#trap(error);
      return null;
    }
  }

  masked(head: RequestHead): RequestHead | null {
    if (this.#isDead()) return null;
    const instance = this.#instance;
    const { core, input, inputMax, pass } = instance;
    try {
      const size = writePairs(instance.view(), input, inputMax, [":path", head.target], head.rawHeaders);
      if (size < 0 || core.tx_mask(this.#handle, size) !== pass) return null;
      const [, target = "", ...rawHeaders] = readPairs(instance.view(), input);
      return { ...head, target, rawHeaders };
    } catch (error) {
      this.#trap(error);
      return null;
    }
  }

  free(): void {
    if (this.#isDead()) return;
    try {
      this.#instance.core.tx_free(this.#handle);
    } catch (error) {
      this.#trap(error);
    }
  }

  #isDead(): boolean {
    if (this.#instance.dead) this.#failed ??= "trap";
    return this.#failed !== null;
  }

  #failedVerdict(): Verdict {
    const action = this.#engine.failureAction(this.#failed ?? "trap");
    return {
      action,
      wouldAction: action,
      mode: "off",
      shadowAction: null,
      matches: [],
      matchesDropped: 0,
      limits: [],
      anomalies: [],
      incident: false,
      clientIp: "",
      inspectedBytes: 0,
      failed: true,
      failedBy: this.#failed ?? "trap",
    };
  }

  /** Only the head says who the client is, so lists are asked behind it. */
  #tellSource(lookup: SourceLookup, action: Action): Action {
    if (this.#isDead()) return action;
    const told = this.#call((core) => {
      const at = core.tx_result(this.#handle);
      this.#source = lookup(this.#instance.clientIn(at), this.#now);
      return this.#source === 0 ? this.#instance.pass : core.tx_source(this.#handle, this.#source);
    });
    return this.#source === 0 ? action : told;
  }

  #trap(error: unknown): void {
    this.#failed = "trap";
    this.#engine.trapped(this.#instance, error);
  }

  #call(call: (core: Core) => number): Action {
    if (this.#isDead()) return this.#engine.failureAction(this.#failed ?? "trap");
    const { core } = this.#instance;
    try {
      return call(core) === this.#instance.block ? "block" : "pass";
    } catch (error) {
      this.#trap(error);
      return this.#engine.failureAction("trap");
    }
  }

  #pieces(chunk: Uint8Array, call: (core: Core, size: number) => number): Action {
    let action: Action = "pass";
    for (let at = 0; at < chunk.length; at += this.#instance.inputMax) {
      const piece = chunk.subarray(at, at + this.#instance.inputMax);
      action = this.#call((core) => {
        this.#instance.view().set(piece, this.#instance.input);
        return call(core, piece.length);
      });
    }
    return action;
  }

  #pairs(pseudo: readonly string[], headers: readonly string[], call: (core: Core, size: number) => number): Action {
    return this.#call((core) => {
      const { input, inputMax } = this.#instance;
      const size = writePairs(this.#instance.view(), input, inputMax, pseudo, headers);
      if (size < 0) {
        this.#failed = "overlimit";
        return this.#engine.failureAction("overlimit") === "block" ? this.#instance.block : this.#instance.pass;
      }
      return call(core, size);
    });
  }
}

function readVerdict(instance: Instance, at: number): Verdict {
  const { core } = instance;
  const view = instance.view();
  const word = (offset: { readonly value: number } | number): number =>
    view.readUInt32LE(at + (typeof offset === "number" ? offset : offset.value));
  const shadow = word(core.RESULT_SHADOW);
  const matches: Match[] = [];
  let next = at + core.RESULT_HEAD_BYTES.value;
  for (let i = word(core.RESULT_MATCHES); i > 0; i--) {
    matches.push(readMatch(instance, view, next));
    next += view.readUInt32LE(next + core.MATCH_SIZE.value);
  }
  return {
    action: word(core.RESULT_ACTION) === 1 ? "block" : "pass",
    wouldAction: word(core.RESULT_WOULD) === 1 ? "block" : "pass",
    mode: MODES[word(core.RESULT_MODE)] as Mode,
    shadowAction: shadow === 2 ? null : shadow === 1 ? "block" : "pass",
    matches,
    matchesDropped: word(core.RESULT_MATCHES_DROPPED),
    limits: bitNames(word(core.RESULT_LIMITS), instance.limits),
    anomalies: bitNames(word(core.RESULT_ANOMALIES), instance.anomalies),
    incident: word(core.RESULT_INCIDENT) === 1,
    clientIp: addressText(
      view.readBigUInt64LE(at + core.RESULT_CLIENT_HIGH.value),
      view.readBigUInt64LE(at + core.RESULT_CLIENT_LOW.value),
    ),
    inspectedBytes: word(core.RESULT_INSPECTED),
    failed: false,
  };
}

function readMatch(instance: Instance, view: Buffer, at: number): Match {
  const { core } = instance;
  const pointSize = view.readUInt32LE(at + core.MATCH_POINT_SIZE.value);
  const layers: Layer[] = [];
  let next = at + core.MATCH_HEAD_BYTES.value;
  const point = view.toString("latin1", next, next + pointSize);
  next += pointSize;
  // What a rule has found brings its own line of the catalog.
  const line = view.toString("latin1", next, next + view.readUInt32LE(at + core.MATCH_RULE_SIZE.value));
  const number = view.readUInt32LE(at + core.MATCH_SIGNATURE.value);
  const signature = line === "" ? instance.signatures[number - 1] : signatureOf(line);
  next += line.length;
  for (let i = view.readUInt32LE(at + core.MATCH_LAYERS.value); i > 0; i--) {
    const size = view.readUInt32LE(next + core.LAYER_EXCERPT_SIZE.value);
    const bytes = next + core.LAYER_HEAD_BYTES.value;
    layers.push({
      as: instance.decoders[view.readUInt32LE(next + core.LAYER_DECODER.value)] ?? "",
      span: [view.readUInt32LE(next + core.LAYER_START.value), view.readUInt32LE(next + core.LAYER_END.value)],
      excerpt: Uint8Array.prototype.slice.call(view, bytes, bytes + size),
      excerptAt: view.readUInt32LE(next + core.LAYER_EXCERPT_AT.value),
    });
    next = bytes + size;
  }
  return {
    type: signature?.type ?? "",
    stamp: signature?.stamp ?? "",
    cwe: signature?.cwe ?? [],
    ...(signature?.cve === undefined ? {} : { cve: signature.cve }),
    severity: view.readUInt32LE(at + core.MATCH_SEVERITY.value),
    point,
    reason: signature?.reason ?? "",
    counts: view.readUInt32LE(at + core.MATCH_SPARED.value) === 0,
    exception: view.readUInt32LE(at + core.MATCH_EXCEPTION.value),
    layers,
  };
}

function readTrace(instance: Instance): Trace {
  const { core } = instance;
  const view = instance.view();
  const at = core.trace_at();
  const entries: TraceEntry[] = [];
  let next = at + core.TRACE_HEAD_BYTES.value;
  for (let i = view.readUInt32LE(at + core.TRACE_ENTRIES.value); i > 0; i--) {
    entries.push(readTraceEntry(instance, view, next));
    next += view.readUInt32LE(next + core.TRACE_ENTRY_SIZE.value);
  }
  return { entries, dropped: view.readUInt32LE(at + core.TRACE_DROPPED.value) };
}

function readTraceEntry(instance: Instance, view: Buffer, at: number): TraceEntry {
  const { core } = instance;
  const word = (offset: { readonly value: number }): number => view.readUInt32LE(at + offset.value);
  const point = at + core.TRACE_ENTRY_HEAD_BYTES.value;
  const decoders = point + word(core.TRACE_ENTRY_POINT_SIZE);
  const excerpt = decoders + word(core.TRACE_ENTRY_DECODERS);
  return {
    point: view.toString("latin1", point, decoders),
    place: instance.places[word(core.TRACE_ENTRY_PLACE)] ?? "",
    decoders: [...view.subarray(decoders, excerpt)].map((number) => instance.decoders[number] ?? ""),
    nest: word(core.TRACE_ENTRY_NEST),
    offset: word(core.TRACE_ENTRY_BASE),
    size: word(core.TRACE_ENTRY_LAYER_SIZE),
    excerpt: Uint8Array.prototype.slice.call(view, excerpt, excerpt + word(core.TRACE_ENTRY_EXCERPT_SIZE)),
    words: word(core.TRACE_ENTRY_WORDS),
    lexers: bitNames(word(core.TRACE_ENTRY_LEXERS), instance.lexers),
    found: word(core.TRACE_ENTRY_FOUND),
    work: word(core.TRACE_ENTRY_WORK),
  };
}
