/**
 * False positives by site. Requests of one site are alike, so ten thousand of one say little about the next: the
 * uncertainty lies between sites, and it is sites that are drawn anew here, each with all of its requests.
 */
import { createRandom } from "../bench/random.ts";

/** Requests of one site. */
export interface Site {
  readonly host: string;
  benign: number;
  flagged: number;
}

/** What can be said about a site that nobody has seen. */
export interface SiteStatistics {
  readonly sites: number;
  /** As many sites of equal size would be as telling: (Σn)² / Σn². */
  readonly effectiveSites: number;
  readonly benign: number;
  readonly flagged: number;
  /** 95 of 100 draws of as many sites show at most this share of flagged requests. */
  readonly bootstrapUpper: number;
  /** Sites with a false positive at all. */
  readonly flaggedSites: number;
  /** At most this share of sites has one, with 95 % confidence. Says something where nothing was flagged, too. */
  readonly flaggedSitesUpper: number;
  /** The largest share of flagged requests among sites with at least WORST_REQUESTS_MIN. */
  readonly worst: Site | null;
}

/** Fewer requests of a site make no share of it. */
export const WORST_REQUESTS_MIN = 200;
const SEED = 20_261_121;
const ROUNDS = 2000;
const QUANTILE = 0.95;
const HOST = /\r?\nhost:[ \t]*([^\r\n]*)/i;
const HEAD_BYTES_MAX = 16 * 1024;

/** Sums of sites, by the request's host. */
export class Sites {
  readonly #sites = new Map<string, Site>();

  add(raw: Buffer, flagged: boolean): void {
    const host = hostOf(raw);
    const site = this.#sites.get(host) ?? { host, benign: 0, flagged: 0 };
    this.#sites.set(host, site);
    site.benign++;
    if (flagged) site.flagged++;
  }

  /** @returns every site, in the order in which they came */
  all(): Site[] {
    return [...this.#sites.values()];
  }
}

/** @returns the request's host in lower case, without a port; empty where it names none */
export function hostOf(raw: Buffer): string {
  const end = raw.indexOf("\r\n\r\n");
  const head = raw.toString("latin1", 0, Math.min(end < 0 ? raw.length : end, HEAD_BYTES_MAX));
  return (HOST.exec(head)?.[1] ?? "").trim().toLowerCase().replace(/:\d+$/, "");
}

/** Draws the statistics; the same sites give the same numbers. */
export function statisticsOf(sites: readonly Site[], seed = SEED): SiteStatistics {
  const benign = sumOf(sites, "benign");
  const squares = sites.reduce((sum, site) => sum + site.benign ** 2, 0);
  const flaggedSites = sites.filter(({ flagged }) => flagged > 0).length;
  const large = sites.filter((site) => site.benign >= WORST_REQUESTS_MIN);
  return {
    sites: sites.length,
    effectiveSites: squares === 0 ? 0 : benign ** 2 / squares,
    benign,
    flagged: sumOf(sites, "flagged"),
    bootstrapUpper: bootstrapUpper(sites, seed),
    flaggedSites,
    flaggedSitesUpper: proportionUpper(flaggedSites, sites.length),
    worst: large.reduce<Site | null>(
      (worst, site) => (worst === null || rate(site) > rate(worst) ? site : worst),
      null,
    ),
  };
}

/** @returns a site's share of flagged requests */
export function rate({ benign, flagged }: Site): number {
  return benign === 0 ? 0 : flagged / benign;
}

function bootstrapUpper(sites: readonly Site[], seed: number): number {
  if (sites.length === 0) return 0;
  const random = createRandom(seed);
  const rates = Array.from({ length: ROUNDS }, () => {
    let benign = 0;
    let flagged = 0;
    for (let drawn = 0; drawn < sites.length; drawn++) {
      const site = sites[random(sites.length)];
      benign += site?.benign ?? 0;
      flagged += site?.flagged ?? 0;
    }
    return benign === 0 ? 0 : flagged / benign;
  });
  rates.sort((a, b) => a - b);
  return rates[Math.ceil(ROUNDS * QUANTILE) - 1] ?? 0;
}

/** The one-sided bound of Clopper and Pearson, found by halving: the share at which so few would be a 5 % chance. */
function proportionUpper(hits: number, all: number): number {
  if (hits >= all) return 1;
  let [low, high] = [hits / all, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (binomialAtMost(hits, all, middle) > 1 - QUANTILE) low = middle;
    else high = middle;
  }
  return high;
}

function binomialAtMost(hits: number, all: number, share: number): number {
  let logTerm = all * Math.log1p(-share);
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= hits; k++) {
    logTerm += Math.log((all - k + 1) / k) + Math.log(share) - Math.log1p(-share);
    sum += Math.exp(logTerm);
  }
  return sum;
}

function sumOf(sites: readonly Site[], field: "benign" | "flagged"): number {
  return sites.reduce((sum, site) => sum + site[field], 0);
}
