/** The committed figures hold: over all sets that are here, whole; the attacks inside harmless values are left out. */
import { expect, test } from "vitest";
import { requireOrSkip } from "../tools/component.ts";
import { baselineOf, findWorse, readBaseline } from "./baseline.ts";
import { OWN_SET, runLedger } from "./run.ts";
import { findSets, OPEN_SETS, readAudits, readSet } from "./sets.ts";

/** About 20 s of work where nothing else runs. */
const LEDGER_TIMEOUT_MS = 600_000;

test("no set is worse than the committed figures", { timeout: LEDGER_TIMEOUT_MS }, async (context) => {
  const { present } = findSets(OPEN_SETS);
  const found = present.length === 0 ? { missing: "no request set lies beside the repository" } : { found: present };
  const sets = requireOrSkip(context, found);
  const { books, merged } = await runLedger({ sets, embeddedPerFamily: 0 }, readAudits());
  expect(findWorse(readBaseline(), baselineOf(books))).toEqual([]);
  expect(books.sets.get(OWN_SET)?.attacks).toBe(0);
  expect(merged.all().length).toBeGreaterThan(400);
});

test("audits name rows that exist, each with its reason", { timeout: LEDGER_TIMEOUT_MS }, async () => {
  const audits = readAudits();
  if (audits.size === 0 || findSets(OPEN_SETS).absent.length > 0) return;
  const known = new Set<string>();
  for (const set of OPEN_SETS) for await (const { id, attack } of readSet(set)) if (attack) known.add(id);
  expect([...audits].filter(([id, reason]) => !known.has(id) || reason === "")).toEqual([]);
});
