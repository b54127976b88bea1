/**
 * The requests that the benchmark measures with. They are chosen by a hash of their id, so that every run and every
 * machine with the same request sets measures the same mix, and no one picks the ones that flatter an engine.
 *
 * The sets are not part of the repository. Without them the mix is made by `synthetic.ts`, and the result says so:
 * figures of the two mixes must not be compared.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { MerlonError } from "../../hosts/core/error.ts";
import { syntheticMix } from "./synthetic.ts";

/** One request as the engines get it. Strings hold one byte a character (latin1). */
export interface BenchRequest {
  readonly id: string;
  readonly attack: boolean;
  readonly method: string;
  readonly target: string;
  /** Name and value in turn, order kept. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
  /** Bytes of the whole request on the wire. */
  readonly wireBytes: number;
}

/** The chosen requests and where they come from. */
export interface Mix {
  readonly source: "corpora" | "synthetic";
  /** One sentence for the head of the report. */
  readonly note: string;
  readonly requests: readonly BenchRequest[];
}

/** Requests in the mix unless told otherwise: 600 benign and 200 attacks. */
export const REQUESTS_DEFAULT = 800;
/** More than this makes a run of the slowest peer take hours. */
export const REQUESTS_MAX = 20_000;
/** A request above this is left out: one of them would be most of a batch. */
const WIRE_BYTES_MAX = 1 << 20;
/** A line of a set holds one request in base64; a longer one is not a request we would take. */
const LINE_CHARS_MAX = 2 << 20;

/** The sets and the share of the mix that each one gives. Half of each label is WAF comparison data, half blazehttp. */
const SETS = [
  { file: "blazehttp.jsonl.gz", label: "benign", share: 3 / 8 },
  { file: "oas_legit.jsonl.gz", label: "benign", share: 3 / 8 },
  { file: "blazehttp.jsonl.gz", label: "attack", share: 1 / 8 },
  { file: "oas_mal.jsonl.gz", label: "attack", share: 1 / 8 },
] as const;

/**
 * Reads the mix from `directory`, or makes the synthetic one where any of the sets is absent.
 * @param count requests in all, three benign to one attack; ≤ REQUESTS_MAX
 */
export async function loadMix(directory: string, count: number): Promise<Mix> {
  const absent = SETS.find(({ file }) => !existsSync(join(directory, file)));
  if (absent !== undefined) {
    const requests = syntheticMix(count);
    const note = `synthetic mix (request set ${absent.file} is absent): not comparable with runs on the sets`;
    return { source: "synthetic", note, requests };
  }
  const chosen: Ranked[] = [];
  for (const { file, label, share } of SETS) {
    chosen.push(...(await choose(join(directory, file), label, Math.round(count * share))));
  }
  // Order by rank mixes the sets, so that every slice of the mix is a fair sample of the whole.
  chosen.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const requests = chosen.map(({ request }) => request);
  return { source: "corpora", note: "blazehttp and WAF comparison sets, half each, chosen by hash of id", requests };
}

interface Ranked {
  readonly rank: string;
  readonly request: BenchRequest;
}

/** The `count` requests of one label with the lowest rank. Holds at most twice that many lines in memory. */
async function choose(path: string, label: string, count: number): Promise<Ranked[]> {
  if (count === 0) return [];
  let kept: { rank: string; line: string }[] = [];
  let threshold = "g"; // Above every hexadecimal digit: nothing is refused before the first cut.
  const wanted = `"label":"${label}"`;
  const lines = createInterface({ input: createReadStream(path).pipe(createGunzip()), crlfDelay: Infinity });
  for await (const line of lines) {
    const id = /^\{"id":"([^"]{1,64})"/.exec(line)?.[1];
    if (id === undefined || line.length > LINE_CHARS_MAX) continue;
    if (!line.slice(0, 400).includes(wanted)) continue;
    const rank = createHash("sha256").update(`merlon-bench|${id}`).digest("hex");
    if (rank >= threshold) continue;
    kept.push({ rank, line });
    if (kept.length >= 4 * count) {
      kept = lowest(kept, 2 * count);
      threshold = kept.at(-1)?.rank ?? threshold;
    }
  }
  const ranked: Ranked[] = [];
  for (const { rank, line } of lowest(kept, 2 * count)) {
    const request = readLine(line);
    if (request !== null && ranked.length < count) ranked.push({ rank, request });
  }
  if (ranked.length < count) {
    throw new MerlonError("MERLON_INPUT", `request set gives ${ranked.length} ${label} requests, asked for ${count}`);
  }
  return ranked;
}

function lowest<T extends { rank: string }>(items: T[], count: number): T[] {
  return items.sort((a, b) => (a.rank < b.rank ? -1 : 1)).slice(0, count);
}

function readLine(line: string): BenchRequest | null {
  const record: unknown = JSON.parse(line);
  if (typeof record !== "object" || record === null) return null;
  const id = "id" in record && typeof record.id === "string" ? record.id : "";
  const raw = "raw_b64" in record && typeof record.raw_b64 === "string" ? record.raw_b64 : "";
  const attack = "label" in record && record.label === "attack";
  return parseRequest(id, attack, Buffer.from(raw, "base64"));
}

/**
 * Splits a raw HTTP/1 request. Lenient: what is measured is the engines, not this parser, and a line without a colon
 * is dropped as a proxy in front of the engine would refuse it.
 * @returns null where there is no request line or the request is larger than WIRE_BYTES_MAX
 */
export function parseRequest(id: string, attack: boolean, raw: Buffer): BenchRequest | null {
  if (raw.length > WIRE_BYTES_MAX) return null;
  const strict = raw.indexOf("\r\n\r\n");
  const headEnd = strict >= 0 ? strict : raw.length;
  const bodyStart = Math.min(raw.length, headEnd + 4);
  const lines = raw.toString("latin1", 0, headEnd).split(/\r?\n/);
  const words = (lines[0] ?? "").split(" ");
  const method = words[0] ?? "";
  // A target with a space in it is not valid, but the sets hold some: everything between method and version is it.
  const versioned = /^HTTP\/\d/.test(words.at(-1) ?? "");
  const target = words.slice(1, versioned ? -1 : undefined).join(" ");
  if (method === "" || target === "") return null;
  const rawHeaders: string[] = [];
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0) rawHeaders.push(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const body = new Uint8Array(raw.subarray(bodyStart));
  return { id, attack, method, target, rawHeaders, body, wireBytes: raw.length };
}

/** Value of the first header of that lower-case name, or the empty string. */
export function headerOf(request: BenchRequest, name: string): string {
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    if (request.rawHeaders[at]?.toLowerCase() === name) return request.rawHeaders[at + 1] ?? "";
  }
  return "";
}
