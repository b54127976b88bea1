/**
 * What a large policy costs to compile, whole and after a change of one object: 5,000 routes with 500 applications,
 * 20,000 exceptions and a million networks. Prints what was asked beside it; gates nothing.
 *
 *     node test/bench/policy-size.ts
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Engine } from "../../hosts/core/engine.ts";
import { applyReady, readyOf } from "../../hosts/policy/apply.ts";
import { type Bundle, BundleCompiler } from "../../hosts/policy/bundle.ts";
import type { Exception } from "../../hosts/policy/exception.ts";
import type { IpList } from "../../hosts/policy/ip-list.ts";
import { parseTemplate, type Template } from "../../hosts/policy/match.ts";
import { defaultPolicy, type Policy } from "../../hosts/policy/schema.ts";
import { sourcesOf } from "../../hosts/policy/sources.ts";
import { createRandom, type Random } from "./random.ts";
import { threadCpuNs } from "./wire.ts";

/** How large a policy is made. */
export interface PolicySize {
  readonly routes: number;
  readonly applications: number;
  readonly exceptions: number;
  readonly networks: number;
}

/** What was asked for. */
export const LARGE: PolicySize = { routes: 5000, applications: 500, exceptions: 20_000, networks: 1_000_000 };
const SEED = 5;
const ASKS = 200_000;
const MODES = ["monitoring", "safe_blocking", "block"] as const;

function template(text: string): Template {
  const parsed = parseTemplate(text);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}

/** @returns a policy of the size; equal sizes give equal policies */
export function makePolicy({ routes, applications, exceptions, networks }: PolicySize): Policy {
  const scopes = Array.from({ length: routes }, (_, index) => ({
    match: { host: hostOf(index), path: template(`/service-${index % 50}/v1/route-${index}/**`) },
    mode: MODES[index % MODES.length] ?? "block",
    application: `application-${index % applications}`,
  }));
  return {
    ...defaultPolicy,
    mode: "block",
    scopes,
    exceptions: Array.from({ length: exceptions }, (_, index) => exceptionOf(index, routes)),
    ipLists: [networkList(networks, createRandom(SEED))],
  };
}

function hostOf(index: number): string {
  return `host-${index % 100}.example`;
}

function exceptionOf(index: number, routes: number): Exception {
  const route = index % routes;
  const path = `/service-${route % 50}/v1/route-${route}/${index % 2 === 0 ? "**" : `page-${index}`}`;
  return {
    name: `exception-${index}`,
    match: { host: hostOf(route), method: "POST", path: template(path) },
    point: `post.json_doc.hash.field-${index % 97}`,
    ignore: { stamps: ["sqli-union"], types: [], all: false },
    reason: "a measurement",
    expiresAt: 1_900_000_000,
  };
}

/** @returns a list with addresses and networks of usual sizes, in no order */
export function networkList(size: number, random: Random): IpList {
  const prefixes = [32, 32, 32, 24, 28];
  const entries = Array.from({ length: size }, (_, index) => {
    const prefix = prefixes[index % prefixes.length] ?? 32;
    const address = BigInt(addressOf(random) >>> (32 - prefix)) << BigInt(32 - prefix);
    return { cidr: { address: (0xffffn << 32n) | address, prefix: prefix + 96 }, reason: "a feed" };
  });
  return { list: "deny", entries };
}

function addressOf(random: Random): number {
  return random(0x10000) * 0x10000 + random(0x10000);
}

/** Figures; times are of this thread's CPU, in milliseconds, those of look-ups in nanoseconds. */
export interface PolicyFigures {
  readonly fullMs: number;
  readonly exceptionMs: number;
  readonly newScopeMs: number;
  readonly listMs: number;
  readonly loadMs: number;
  readonly imageBytes: number;
  readonly bundleBytes: number;
  /** Bytes of the parts that a host fetches after a change of one exception, and of one entry of a list. */
  readonly exceptionBytes: number;
  readonly listBytes: number;
  /** A look-up of a client that the list has, and of one that it most likely has not. */
  readonly lookupNs: number;
  readonly otherNs: number;
  readonly hostBytes: number;
}

/** Measures one size. */
export function measurePolicy(size: PolicySize): PolicyFigures {
  const policy = makePolicy(size);
  const compiler = new BundleCompiler();
  const [full, fullMs] = timed(() => compiler.compile(policy));
  const { exceptions = [], ipLists = [] } = policy;
  const [last] = exceptions.slice(-1);
  const changed = {
    ...policy,
    exceptions: last === undefined ? [] : [...exceptions.slice(0, -1), { ...last, point: "query.q" }],
  };
  const [oneException, exceptionMs] = timed(() => compiler.compile(changed));
  const wider = { ...changed, exceptions: [...changed.exceptions, exceptionOf(size.exceptions + 1, size.routes)] };
  const [widerBundle, newScopeMs] = timed(() => compiler.compile(wider));
  const own: IpList = { list: "deny", entries: [{ cidr: { address: (0xffffn << 32n) | 7n, prefix: 128 } }] };
  const [oneEntry, listMs] = timed(() => compiler.compile({ ...wider, ipLists: [...ipLists, own] }));
  collect();
  const before = process.memoryUsage();
  const engine = Engine.load();
  const [ready, loadMs] = timed(() => {
    const made = readyOf(full);
    applyReady(engine, made);
    return made;
  });
  collect();
  const after = process.memoryUsage();
  return {
    ...{ fullMs, exceptionMs, newScopeMs, listMs, loadMs },
    imageBytes: ready.image.length,
    bundleBytes: bytesOf(full, new Set()),
    exceptionBytes: bytesOf(oneException, new Set(full.parts.keys())),
    listBytes: bytesOf(
      oneEntry,
      new Set([...oneException.parts.keys(), ...full.parts.keys(), ...widerBundle.parts.keys()]),
    ),
    lookupNs: lookUp(ipLists, SEED),
    otherNs: lookUp(ipLists, SEED + 1),
    hostBytes: after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed,
  };
}

function timed<T>(work: () => T): [T, number] {
  const begin = threadCpuNs();
  const made = work();
  return [made, (threadCpuNs() - begin) / 1e6];
}

function collect(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

function bytesOf({ parts }: Bundle, known: ReadonlySet<string>): number {
  return [...parts].reduce((sum, [hash, { length }]) => sum + (known.has(hash) ? 0 : length), 0);
}

/**
 * The least of several rounds: nothing makes code run too fast.
 * @param seed that of the list asks for its own addresses
 */
function lookUp(lists: readonly IpList[], seed: number): number {
  const sources = sourcesOf(lists);
  const random = createRandom(seed);
  const client = Uint32Array.of(0, 0, 0xffff, 0);
  const addresses = Uint32Array.from({ length: ASKS }, () => addressOf(random));
  const rounds = Array.from({ length: 5 }, () => {
    const [, milliseconds] = timed(() => {
      for (const address of addresses) {
        client[3] = address;
        sources.sourceOfWords(client, 1_800_000_000);
      }
    });
    return (milliseconds * 1e6) / ASKS;
  });
  return Math.min(...rounds);
}

/** @returns the figures, a line each */
export function policyLines(figures: PolicyFigures): string {
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  const kib = (value: number): string => `${(value / 1024).toFixed(0)} KiB`;
  const { exceptionMs, exceptionBytes, newScopeMs, listMs, listBytes, loadMs, hostBytes, bundleBytes, otherNs } =
    figures;
  return [
    `compiled whole             ${ms(figures.fullMs)} (asked 10000 ms)`,
    `one exception changed      ${ms(exceptionMs)} (asked 500 ms), ${kib(exceptionBytes)} sent before packing`,
    `one exception, new scope   ${ms(newScopeMs)} (asked 500 ms)`,
    `one entry of a list added  ${ms(listMs)} (asked 500 ms), ${kib(listBytes)} sent before packing`,
    `taken by a host            ${ms(loadMs)}, ${kib(hostBytes)} beside the bundle's ${kib(bundleBytes)}`,
    `image                      ${kib(figures.imageBytes)} (room for 4096 KiB)`,
    `look-up in the list        ${figures.lookupNs.toFixed(0)} ns (asked 1000 ns)`,
    `of a client not in it      ${otherNs.toFixed(0)} ns`,
    "",
  ].join("\n");
}

if (process.argv[1] === import.meta.filename) process.stdout.write(policyLines(measurePolicy(LARGE)));
