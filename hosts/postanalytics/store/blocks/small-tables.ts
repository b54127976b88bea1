/**
 * The small tables in a thread that looks through blocks: what a number of a finding, a kind or a client stands for,
 * and the groups that it belongs to. Their rows never change, so what was made of them is kept and only added to.
 */
import type { GroupField } from "../store.ts";
import type { Entries, FindingEntry, KindEntry } from "./question.ts";

/** Groupings that are kept; the one that was asked for longest ago goes first. */
const GROUPINGS_MAX = 16;
/** Groups that one finding belongs to: it may have several types, points and stamps. */
export const GROUPS_OF_FINDING_MAX = 64;

type FindingField = "type" | "point" | "stamp";
type KindField = "app" | "host" | "path" | "node" | "policy";

/** Fields that a finding has. */
export const FINDING_FIELDS: readonly GroupField[] = ["type", "point", "stamp"] satisfies readonly FindingField[];
/** Fields that a kind has. */
export const KIND_FIELDS: readonly GroupField[] = ["app", "host", "path", "node", "policy"];

/** Rows of small tables by their numbers. */
export class SmallTables {
  readonly findings: (FindingEntry | undefined)[] = [];
  readonly kinds: (KindEntry | undefined)[] = [];
  /** Of each finding, its hits; of each kind, 1 where it was stopped, and where it was an incident. */
  hits = new Int32Array(1024);
  blocked = new Uint8Array(1024);
  incidents = new Uint8Array(1024);
  /** Of each client, the place of its country. */
  countryOf = new Uint16Array(1024);
  readonly countries: string[] = [];
  readonly #countryPlaces = new Map<string, number>();
  readonly #groupings = new Map<string, Grouping>();

  add({ findings, kinds, clients }: Entries): void {
    for (const one of findings) {
      this.hits = widened(this.hits, one.id);
      this.hits[one.id] = one.hits;
      this.findings[one.id] = one;
    }
    for (const one of kinds) {
      this.blocked = widened(this.blocked, one.id);
      this.incidents = widened(this.incidents, one.id);
      this.blocked[one.id] = one.blocked ? 1 : 0;
      this.incidents[one.id] = one.incident ? 1 : 0;
      this.kinds[one.id] = one;
    }
    for (const { id, country } of clients) {
      const place = this.#countryPlaces.get(country) ?? this.countries.push(country) - 1;
      this.#countryPlaces.set(country, place);
      this.countryOf = widened(this.countryOf, id);
      this.countryOf[id] = place;
    }
    for (const grouping of this.#groupings.values()) grouping.add(findings, kinds);
  }

  /** Groups of findings and kinds by some fields; what is a client's is left to the caller. */
  grouping(fields: readonly GroupField[]): Grouping {
    const name = fields.join();
    const known = this.#groupings.get(name);
    const grouping = known ?? new Grouping(fields);
    if (known === undefined) {
      const present = <T>(all: readonly (T | undefined)[]): T[] => all.filter((one) => one !== undefined);
      grouping.add(present(this.findings), present(this.kinds));
    }
    this.#groupings.delete(name);
    this.#groupings.set(name, grouping);
    for (const oldest of this.#groupings.keys()) {
      if (this.#groupings.size <= GROUPINGS_MAX) break;
      this.#groupings.delete(oldest);
    }
    return grouping;
  }
}

/** Which groups findings and kinds belong to. */
export class Grouping {
  readonly #findingFields: readonly FindingField[];
  readonly #kindFields: readonly KindField[];
  readonly #findingPlaces = new Map<string, number>();
  readonly #kindPlaces = new Map<string, number>();
  /** Values of each group, in the order of its fields. */
  readonly findingValues: (readonly string[])[] = [];
  readonly kindValues: (readonly string[])[] = [];
  /** Of each finding its only group, or -1 where it has several. */
  groupOfFinding = new Int32Array(1024);
  groupOfKind = new Int32Array(1024);
  /** Where the groups of a finding stand that has several: how many, and then each. */
  severalStart = new Int32Array(1024);
  severalList = new Int32Array(1024);
  #severalEnd = 0;

  constructor(fields: readonly GroupField[]) {
    this.#findingFields = fields.filter((field): field is FindingField => FINDING_FIELDS.includes(field));
    this.#kindFields = fields.filter((field): field is KindField => KIND_FIELDS.includes(field));
  }

  add(findings: readonly FindingEntry[], kinds: readonly KindEntry[]): void {
    for (const finding of findings) {
      const lists = this.#findingFields.map((field) => valuesOfFinding(finding, field));
      const groups = combinations(lists).map((values) => placeOf(values, this.#findingPlaces, this.findingValues));
      this.groupOfFinding = widened(this.groupOfFinding, finding.id);
      this.groupOfFinding[finding.id] = groups.length === 1 ? (groups[0] ?? 0) : -1;
      if (groups.length !== 1) this.#addSeveral(finding.id, groups);
    }
    for (const kind of kinds) {
      const values = this.#kindFields.map((field) => kind[field]);
      this.groupOfKind = widened(this.groupOfKind, kind.id);
      this.groupOfKind[kind.id] = placeOf(values, this.#kindPlaces, this.kindValues);
    }
  }

  #addSeveral(finding: number, groups: readonly number[]): void {
    this.severalStart = widened(this.severalStart, finding);
    this.severalList = widened(this.severalList, this.#severalEnd + groups.length);
    this.severalStart[finding] = this.#severalEnd;
    this.severalList.set([groups.length, ...groups], this.#severalEnd);
    this.#severalEnd += groups.length + 1;
  }
}

/** The values that a finding has of a field; "" where it has none. */
export function valuesOfFinding(finding: Omit<FindingEntry, "id" | "hits">, field: FindingField): readonly string[] {
  const values = { type: finding.types, point: finding.points, stamp: finding.stamps }[field];
  return values.length === 0 ? [""] : values;
}

/** Every choice of one value of each list, as many as a finding may have groups. */
export function combinations(lists: readonly (readonly string[])[]): string[][] {
  let all: string[][] = [[]];
  for (const list of lists) {
    all = all.flatMap((one) => list.map((value) => [...one, value])).slice(0, GROUPS_OF_FINDING_MAX);
  }
  return all;
}

function placeOf(values: readonly string[], places: Map<string, number>, all: (readonly string[])[]): number {
  const name = JSON.stringify(values);
  const place = places.get(name) ?? all.push(values) - 1;
  places.set(name, place);
  return place;
}

/** @returns the array, or a longer copy where that place is beyond its end */
function widened<T extends Int32Array | Uint8Array | Uint16Array>(array: T, place: number): T;
function widened(array: Int32Array | Uint8Array | Uint16Array, place: number): typeof array {
  if (place < array.length) return array;
  const size = Math.max(2 * array.length, place + 1);
  const wider =
    array instanceof Int32Array
      ? new Int32Array(size)
      : array instanceof Uint8Array
        ? new Uint8Array(size)
        : new Uint16Array(size);
  wider.set(array);
  return wider;
}
