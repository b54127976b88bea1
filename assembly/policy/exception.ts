/**
 * Exceptions: what lets a finding pass. One that fits by its scope was remembered with the request; here it is held
 * against the finding's stamp and type, its point, and the date. It takes that finding out of the count and nothing
 * else: the finding is recorded with the exception's number, and the decision itself never sees an exception.
 */
import { current } from "../decode/transaction";
import { spend } from "../decode/value";
import { Slot } from "./image";
import { pointFits } from "./point-name";
import { scopeHeld, scopesHeld } from "./scope";
import { Exception, Section, sectionOf } from "./tables";

/** Key of exceptions that ignore everything. */
const ALL: u32 = 0;

/** Where names of points lie. */
let texts: usize = 0;

function rowFits(row: Exception): bool {
  /* A host without a clock cannot say whether the date has come. */
  if (!current.now || current.now >= row.expires) return false;
  if (!row.pointSize) return true;
  return pointFits(texts + <usize>row.point, row.pointSize);
}

/** @returns number of an exception among a scope's rows that ignores this key here; 0 for none */
function findIn(rows: usize, count: u32, key: u32): u32 {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = changetype<Exception>(rows + <usize>(middle * offsetof<Exception>()));
    if (row.ignored < key) low = middle + 1;
    else high = middle;
  }
  for (; low < count; low++) {
    const row = changetype<Exception>(rows + <usize>(low * offsetof<Exception>()));
    if (row.ignored != key) break;
    /* Without fuel for the rest the finding counts. */
    if (!spend(offsetof<Exception>() + row.pointSize)) break;
    if (rowFits(row)) return row.number;
  }
  return 0;
}

/**
 * Looks for an exception for a finding at the current point.
 * @param stamp hash of its stamp
 * @param type hash of `type` and its attack type
 * @returns number of the exception in its policy, 0 where there is none
 */
export function exceptionFor(slot: Slot, image: usize, stamp: u32, type: u32): u32 {
  if (!sectionOf(image, Section.EXCEPTIONS)) return 0;
  texts = sectionOf(image, Section.TEXTS);
  const rows = sectionOf(image, Section.EXCEPTIONS);
  const scopes: u32 = current.unclear ? 0 : scopesHeld(slot);
  for (let i: u32 = 0; i <= scopes; i++) {
    const scope = scopeHeld(slot, image, i);
    const count = scope.exceptionCount;
    if (!count) continue;
    const from = rows + <usize>(scope.exceptions * offsetof<Exception>());
    let found = findIn(from, count, stamp);
    if (!found) found = findIn(from, count, type);
    if (!found) found = findIn(from, count, ALL);
    if (found) return found;
  }
  return 0;
}
