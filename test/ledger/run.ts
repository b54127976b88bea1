/** One run of the ledger: every set through the core, then the attacks again inside harmless values. */
import { attackCode } from "../../hosts/cli/evaluation/attack-class.ts";
import type { LabelledRequest } from "../../hosts/cli/evaluation/labelled-file.ts";
import { Engine } from "../../hosts/core/engine.ts";
import { benignRequests } from "../benign/requests.ts";
import { Books, type Finding, look } from "./books.ts";
import { join, type PlacedValue, POSITIONS, requestWith, Surroundings, valuesOf } from "./embedding.ts";
import { type Audit, OPEN_SETS, readSet, SETS_OF_SITES } from "./sets.ts";
import { Sites } from "./sites.ts";

/** The name of the set that we write ourselves. */
export const OWN_SET = "merlon_benign";

/** How much of everything is looked at. */
export interface Extent {
  readonly sets: readonly string[];
  /** Attacks of each family that are embedded; 0 embeds none. */
  readonly embeddedPerFamily: number;
}

/** Attacks that were embedded, and how many were caught there. */
export interface EmbeddingCount {
  attacks: number;
  caught: number;
}

/** What a run found out. */
export interface Outcome {
  readonly books: Books;
  /** Sites of captured traffic. */
  readonly captured: Sites;
  /** The same and our own. */
  readonly merged: Sites;
  /** By class of attack, and by position and shape: `xss`, `inside prose`. */
  readonly embedding: { readonly byClass: Map<string, EmbeddingCount>; readonly byShape: Map<string, EmbeddingCount> };
}

interface Movable {
  readonly code: string;
  readonly value: PlacedValue;
}

/** Everything there is, as the committed baseline is made. */
export const WHOLE: Extent = { sets: OPEN_SETS, embeddedPerFamily: 1 };

/** Runs it. */
export async function runLedger(extent: Extent, audit: Audit): Promise<Outcome> {
  const engine = Engine.load();
  const books = new Books(audit);
  const [captured, merged] = [new Sites(), new Sites()];
  const surroundings = new Surroundings();
  const movables: Movable[] = [];
  const families = new Map<string, number>();
  const take = (request: LabelledRequest): void => {
    const finding = look(engine, request.raw);
    books.add(request, finding);
    if (request.weak) return;
    if (request.attack && finding.blocked) collectAttack(movables, families, extent, request, finding);
    if (request.attack || finding.blocked) return;
    for (const value of valuesOf(request.raw).values()) surroundings.add(value);
  };
  for (const set of extent.sets) {
    for await (const request of readSet(set)) {
      take(request);
      if (request.attack || request.weak || !SETS_OF_SITES.has(set)) continue;
      const flagged = books.sets.get(set)?.flaggedRows.has(request.id) === true;
      captured.add(request.raw, flagged);
      merged.add(request.raw, flagged);
    }
  }
  for (const request of ownSet()) {
    take(request);
    merged.add(request.raw, books.sets.get(OWN_SET)?.flaggedRows.has(request.id) === true);
  }
  return { books, captured, merged, embedding: embed(engine, movables, surroundings) };
}

/** Our own requests as rows of a set. Those that need an exception are left out: they are flagged, and shall be. */
function* ownSet(): Generator<LabelledRequest> {
  let line = 0;
  for (const { id, kind, raw, exception } of benignRequests()) {
    line++;
    if (exception !== undefined) continue;
    yield { line, id, set: OWN_SET, attack: false, className: null, family: kind, weak: false, raw };
  }
}

/** Keeps the value in which an attack was found, if it can be moved: at its own point and not in a decoded layer. */
function collectAttack(
  into: Movable[],
  families: Map<string, number>,
  { embeddedPerFamily }: Extent,
  { set, className, family, raw }: LabelledRequest,
  { matches }: Finding,
): void {
  const code = attackCode(className);
  const key = `${set} ${code} ${family}`;
  const taken = families.get(key) ?? 0;
  if (taken >= embeddedPerFamily) return;
  const values = valuesOf(raw);
  const value = matches.map(({ point }) => values.get(point)).find((found) => found !== undefined);
  if (value === undefined) return;
  families.set(key, taken + 1);
  into.push({ code, value });
}

function embed(engine: Engine, movables: readonly Movable[], surroundings: Surroundings): Outcome["embedding"] {
  const [byClass, byShape] = [new Map<string, EmbeddingCount>(), new Map<string, EmbeddingCount>()];
  for (const { code, value } of movables) {
    for (const shape of surroundings.shapes(value.place)) {
      for (const position of POSITIONS) {
        const text = join(value.value, surroundings.draw(value.place, shape), position);
        const { blocked } = look(engine, requestWith({ place: value.place, value: text }));
        count(byClass, code, blocked);
        count(byShape, `${position} ${shape}`, blocked);
      }
    }
  }
  return { byClass, byShape };
}

function count(counts: Map<string, EmbeddingCount>, key: string, caught: boolean): void {
  const found = counts.get(key) ?? { attacks: 0, caught: 0 };
  counts.set(key, found);
  found.attacks++;
  if (caught) found.caught++;
}
