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

/** Requests of each site. */
export const REQUESTS_PER_SITE = 60;
/** Sites of each kind. */
export const SITES_PER_KIND = 16;
const SEED = 1;

/** Makes all of them, the same every time. */
export function* benignRequests(seed = SEED): Generator<BenignRequest> {
  const texts = readTexts();
  for (const kind of readKinds()) {
    for (let site = 0; site < SITES_PER_KIND; site++) yield* requestsOf(kind, site, seed, texts);
  }
}

/** A site writes most of its requests in a few ways and the others now and then, but each way at least once. */
function* requestsOf(kind: Kind, site: number, seed: number, texts: Source["texts"]): Generator<BenignRequest> {
  const random = createRandom(hash(`${seed} ${kind.name} ${site}`));
  const source = { random, texts, host: "" };
  const host = fill(kind.hosts[site % kind.hosts.length] ?? "⟦domain⟧", source).toLowerCase();
  const usual = Array.from({ length: 3 }, () => random(kind.requests.length));
  for (let number = 0; number < REQUESTS_PER_SITE; number++) {
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
