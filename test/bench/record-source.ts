/**
 * Records as a site under attack has them, from a seed: scanners that try one thing after another for minutes, clients
 * that come once, and harmless requests that matched; some hosts and routes have most of it. For tests and for the
 * measurements of the store.
 */
import { createUlidSource, refOf } from "../../hosts/core/ulid.ts";
import type { AttackRecord, Hit } from "../../hosts/records/record.ts";
import { chance, pick, type Random } from "./random.ts";

const TYPES = ["sqli", "xss", "rce", "ptrav", "scanner", "nosqli", "ssrf", "ssti", "crlf", "xxe"];
const METHODS = ["GET", "GET", "GET", "POST", "POST", "PUT", "DELETE"];
const APPS = ["shop-web", "shop-api", "blog", "auth-api", null];
const COUNTRIES = ["DE", "FR", "US", "CN", "BR", null];
const CVES = ["CVE-2021-44228", "CVE-2022-22965", "CVE-2025-55182"];
/** Seconds between the requests of a scanner, at most. */
const SCAN_STEP_MS = 4_000;

/** How many different things there are. */
export interface RecordSourceSizes {
  readonly clients: number;
  readonly hosts: number;
  readonly routes: number;
  readonly points: number;
}

const SIZES: RecordSourceSizes = { clients: 20_000, hosts: 12, routes: 60, points: 25 };

/** Makes records one after another; their times go from `from` to `to`, milliseconds since 1970, with some disorder. */
export class RecordSource {
  readonly #random: Random;
  readonly #sizes: RecordSourceSizes;
  readonly #from: number;
  readonly #span: number;
  readonly #total: number;
  #at: number;
  #made = 0;
  #seq = 0;
  readonly #nextId: () => string;
  /** A scanner at work: its client, where it is, and how often it goes on. */
  #scan: { ip: string; country: string | null; host: string; route: number; left: number } | undefined;

  /** @param total records that fill the span; more go beyond it */
  constructor(random: Random, from: number, to: number, total: number, sizes: Partial<RecordSourceSizes> = {}) {
    this.#random = random;
    this.#sizes = { ...SIZES, ...sizes };
    this.#from = from;
    this.#span = to - from;
    this.#total = total;
    this.#at = from;
    const fill = (pool: Uint8Array): void => {
      for (let i = 0; i < pool.length; i++) pool[i] = random(256);
    };
    this.#nextId = createUlidSource(() => this.#at, fill);
  }

  /** @param node whose record it is */
  next(node = "node-1"): AttackRecord {
    const random = this.#random;
    this.#at = Math.floor(this.#from + (this.#span * this.#made++) / this.#total);
    if (this.#scan === undefined || --this.#scan.left < 0) this.#scan = this.#begin();
    const { ip, country, host, route } = this.#scan;
    const ts = new Date(Math.max(this.#from, this.#at - random(SCAN_STEP_MS))).toISOString();
    const id = this.#nextId();
    const type = pick(random, TYPES);
    const blocked = chance(random, 0.8);
    const template = chance(random, 0.7) ? `/api/v1/route${route}/{id}` : `/static/${random(this.#sizes.routes)}`;
    const app = pick(random, APPS);
    const many = chance(random, 0.1) ? 2 + random(40) : 1;
    return {
      v: 1,
      id,
      ref: refOf(id),
      ts,
      seq: ++this.#seq,
      node: { id: node, kind: "sidecar", version: "0.1.0" },
      ruleset: { id: "0.1.0", sha256: "0".repeat(64) },
      policy: { ref: "merlon.yaml", generation: 1, sha256: "0".repeat(64) },
      mode: blocked ? "block" : "monitoring",
      action: blocked ? "blocked" : "monitored",
      would_action: "block",
      source: "inline",
      app: { name: app, id: app === null ? 0 : 1 },
      env: {},
      client: { ip, country, asn: country === null ? null : 64_500 + ip.length, list: "none" },
      request: {
        ...(chance(random, 0.3) ? { id: `req-${random(1e9)}` } : {}),
        scheme: "https",
        method: pick(random, METHODS),
        host,
        path: template.replace("{id}", String(random(500))),
        path_template: template,
        query: `id=${random(1e6)}`,
        headers: [
          ["user-agent", `agent/${random(50)}`],
          ["accept", "*/*"],
        ],
      },
      response: { status: blocked ? 403 : pick(random, [200, 200, 404, 500]), seen: false },
      hits: Array.from({ length: chance(random, 0.2) ? 2 : 1 }, (_, i) =>
        this.#hit(i === 0 ? type : pick(random, TYPES)),
      ),
      limits: { reached: [], parser_anomaly: [], matches_dropped: 0 },
      incident: chance(random, 0.02),
      masked: [],
      sampled: { kept: many === 1, group: "g", count_since_last: many },
    };
  }

  #begin(): { ip: string; country: string | null; host: string; route: number; left: number } {
    const random = this.#random;
    const number = random(this.#sizes.clients);
    const ip =
      number % 10 === 0
        ? `2001:db8::${(number >> 4).toString(16)}`
        : `${11 + (number % 80)}.${(number >> 8) & 255}.${number & 255}.${1 + (number % 250)}`;
    const isScan = chance(random, 0.1);
    return {
      ip,
      country: COUNTRIES[number % COUNTRIES.length] ?? null,
      host: `site${Math.min(random(this.#sizes.hosts), random(this.#sizes.hosts))}.example`,
      route: Math.min(random(this.#sizes.routes), random(this.#sizes.routes)),
      left: isScan ? 20 + random(400) : random(3),
    };
  }

  #hit(type: string): Hit {
    const random = this.#random;
    const point = `query.p${Math.min(random(this.#sizes.points), random(this.#sizes.points))}`;
    return {
      type,
      stamps: [`${type}-${1 + random(3)}`],
      cwe: ["CWE-89"],
      cve: chance(random, 0.02) ? [pick(random, CVES)] : [],
      severity: 3 + random(3),
      point: point.split("."),
      point_s: point,
      reason: "It is what it looks like.",
      layers: [
        {
          as: "raw",
          span: [2, 14],
          excerpt_b64: Buffer.from(`1 UNION SELECT ${random(1e6)}`).toString("base64"),
          excerpt_at: 0,
        },
      ],
      payload: `UNION SELECT ${random(1e6)}`,
      decision: chance(random, 0.9) ? "would_block" : "counted",
      exception: null,
    };
  }
}
