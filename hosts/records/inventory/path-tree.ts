/**
 * Templates of paths as they turn out: where one place in a path takes more values than an interface has names, the
 * values become `{name}`. So `/users/ada` and `/users/grace` end as `/users/{name}`, and whoever asks for thousands of
 * paths that do not matter makes nothing grow.
 */

/** Names at one place of a path; one more, and they are values. */
export const NAMES_AT_PLACE_MAX = 50;
/** Places in one tree; beyond it, what is new becomes `{name}` at once. */
export const PLACES_MAX = 5_000;
/** Stands for what took too many values. */
export const FOLDED = "{name}";

interface Place {
  readonly next: Map<string, Place>;
  /** Of `next`, those that are names and not `{…}`. */
  names: number;
  /** Whether what ends here, or all that goes through here, takes values. */
  ends: boolean;
  through: boolean;
}

function emptyPlace(): Place {
  return { next: new Map(), names: 0, ends: false, through: false };
}

/** The paths of one method at one host. */
export class PathTree {
  readonly #root = emptyPlace();
  readonly #namesMax: number;
  readonly #placesMax: number;
  #places = 1;
  /** Grows when templates that were handed out before are no longer what `place` would answer. */
  folds = 0;

  constructor(namesMax: number = NAMES_AT_PLACE_MAX, placesMax: number = PLACES_MAX) {
    this.#namesMax = namesMax;
    this.#placesMax = placesMax;
  }

  /**
   * @param template what path-template.ts makes of a path, or an earlier answer
   * @returns the template with `{name}` where names are values
   */
  place(template: string): string {
    const segments = template.split("/").slice(1);
    const shown: string[] = [];
    let at = this.#root;
    for (const [index, segment] of segments.entries()) {
      const isLast = index === segments.length - 1;
      // Another tree has folded here, and this one has not yet.
      if (segment === FOLDED && !(isLast ? at.ends : at.through)) this.#fold(at, isLast);
      const name = this.#nameAt(at, segment, isLast);
      shown.push(name);
      at = at.next.get(name) ?? at;
    }
    return `/${shown.join("/")}`;
  }

  /**
   * @param template as for `place`
   * @returns what `place` has answered for it or for one like it; null where there is none. Changes nothing.
   */
  find(template: string): string | null {
    const shown: string[] = [];
    let at = this.#root;
    for (const segment of template.split("/").slice(1)) {
      const name = at.next.has(segment) ? segment : FOLDED;
      const next = at.next.get(name);
      if (next === undefined) return null;
      shown.push(name);
      at = next;
    }
    return `/${shown.join("/")}`;
  }

  /** @returns the segment, or what stands for it; the place behind it is there then */
  #nameAt(at: Place, segment: string, isLast: boolean): string {
    if (at.next.has(segment)) return segment;
    let name = segment;
    if (isName(segment)) {
      const isFull = at.names >= this.#namesMax || this.#places >= this.#placesMax;
      if (isFull && !at.through && !(isLast && at.ends)) {
        // Names that only end here go first: what has something below it is rather a part of the interface.
        this.#fold(at, true);
        if (at.names >= this.#namesMax || this.#places >= this.#placesMax) this.#fold(at, false);
      }
      if (at.through || (isLast && at.ends)) name = FOLDED;
    }
    if (!at.next.has(name)) {
      put(at, name, emptyPlace());
      this.#places++;
    }
    return name;
  }

  #fold(at: Place, endsOnly: boolean): void {
    at.ends = true;
    at.through ||= !endsOnly;
    const folded = at.next.get(FOLDED) ?? emptyPlace();
    for (const [name, place] of namesOf(at)) {
      if (endsOnly && place.next.size > 0) continue;
      at.next.delete(name);
      at.names--;
      this.#join(folded, place);
      this.folds++;
    }
    at.next.set(FOLDED, folded);
    this.#places = countOf(this.#root);
  }

  /** Moves what is below one place below another. */
  #join(into: Place, from: Place): void {
    into.ends ||= from.ends;
    into.through ||= from.through;
    for (const [name, place] of from.next) {
      const known = into.next.get(name);
      if (known === undefined) put(into, name, place);
      else this.#join(known, place);
    }
    const names = namesOf(into);
    // One of the two may have been folded and the other not.
    if (names.length > this.#namesMax || (into.through && names.length > 0)) this.#fold(into, false);
    else if (into.ends && names.some(([, place]) => place.next.size === 0)) this.#fold(into, true);
  }
}

function isName(segment: string): boolean {
  return segment !== "" && !segment.startsWith("{");
}

function put(at: Place, name: string, place: Place): void {
  at.next.set(name, place);
  if (isName(name)) at.names++;
}

function namesOf({ next }: Place): [string, Place][] {
  return [...next].filter(([name]) => isName(name));
}

function countOf({ next }: Place): number {
  let count = 1;
  for (const place of next.values()) count += countOf(place);
  return count;
}
