/**
 * Harmless requests of sites that we made up, of many kinds: what a firewall must let pass. Nothing is captured and
 * nothing is random alone: people wrote what each kind of client says, seeded choices put it together.
 */
import { createRandom, pick } from "../bench/random.ts";
import { writeRequest } from "./message.ts";
import { fill, type Source } from "./slots.ts";
import { type Kind, readKinds, readTexts } from "./templates.ts";

/** One harmless request. */
export interface BenignRequest {
  /** Kind, site, template and number: stays while its kind does. */
  readonly id: string;
  readonly kind: string;
  readonly host: string;
  readonly raw: Buffer;
  /** Why the site needs an exception to take it, where it does: it is meant to be flagged. */
  readonly exception?: string;
}

/** How many sites each kind has, and how many requests each of them. */
export interface Breadth {
  readonly sites: number;
  readonly requests: number;
}

/** Of the kinds that every test holds whole. */
export const BREADTH: Breadth = { sites: 16, requests: 60 };
/** Of the wider ones, whole; 18 kinds of them are 432 sites and 41,472 requests. */
export const WIDER_BREADTH: Breadth = { sites: 24, requests: 96 };
/** Of the wider ones, where they may cost seconds only. */
export const WIDER_SAMPLE: Breadth = { sites: 3, requests: 40 };
const SEED = 1;

/** Makes all of them, the same every time. */
export function* benignRequests(seed = SEED): Generator<BenignRequest> {
  yield* requestsOfKinds(readKinds("kinds"), BREADTH, seed);
}

/** Makes the wider ones: a smaller breadth has the first sites of the larger one and the first requests of each. */
export function* widerRequests(breadth: Breadth, seed = SEED): Generator<BenignRequest> {
  yield* requestsOfKinds(readKinds("wider"), breadth, seed);
}

function* requestsOfKinds(kinds: readonly Kind[], breadth: Breadth, seed: number): Generator<BenignRequest> {
  const texts = readTexts();
  for (const kind of kinds) {
    for (let site = 0; site < breadth.sites; site++) yield* requestsOf(kind, site, breadth, seed, texts);
  }
}

/** A site writes most of its requests in a few ways and the others now and then, but each way at least once. */
function* requestsOf(
  kind: Kind,
  site: number,
  breadth: Breadth,
  seed: number,
  texts: Source["texts"],
): Generator<BenignRequest> {
  const random = createRandom(hash(`${seed} ${kind.name} ${site}`));
  const source = { random, texts, host: "" };
  const host = fill(kind.hosts[site % kind.hosts.length] ?? "⟦domain⟧", source).toLowerCase();
  const usual = Array.from({ length: 3 }, () => random(kind.requests.length));
  for (let number = 0; number < breadth.requests; number++) {
    const at =
      number < kind.requests.length || random(2) === 0 ? (number + site) % kind.requests.length : pick(random, usual);
    const template = kind.requests[at];
    if (template === undefined) continue;
    const raw = writeRequest(kind, template, { ...source, host });
    const id = `${kind.name}-${site}-${at}-${number}`;
    yield {
      id,
      kind: kind.name,
      host,
      raw,
      ...(template.exception === undefined ? {} : { exception: template.exception }),
    };
  }
}

/** FNV-1a: a seed for each site, so that a new kind leaves the others as they are. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (const char of text) state = Math.imul(state ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return state;
}
