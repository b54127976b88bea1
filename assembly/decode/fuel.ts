/**
 * The work that one transaction may cost, in units of about a nanosecond or one visit of a byte. Every outermost value
 * brings work by its size; what it leaves is there for later ones, and the first ones have an allowance. So a short
 * value may be dear, and many of them together may not: all work is at most the allowance and so much a byte.
 *
 * Three accounts: a coded body as it came is looked at between the values that are decoded from it, and a response
 * between those of a request, as the host's pieces fall. What one of them spends must not be missing to another, or the
 * verdict would depend on the pieces.
 */
import { FUEL_AGAIN_PER_BYTE, FUEL_ALLOWANCE, FUEL_PER_BYTE, FUEL_SAVED_MAX, VALUE_BYTES_MIN } from "../abi/limits";
import { Limit } from "../abi/status";
import { Place } from "./point";
import { current, reachLimit, Transaction } from "./transaction";
import { fuel, place, setFuel, told } from "./value";

/** What the last outermost value has spent, in units. */
export let fuelSpent: i32 = 0;
let granted: i32 = 0;

/** Readings, one inside the other, of bytes whose parts had a grant of their own; whether they are those that came. */
let again: u32 = 0;
let againWire: bool = false;

/**
 * Says that a text is read whose parts were values before: it brings less, since most of its work is known, and lives
 * on what they left.
 */
export function beginAgain(): void {
  if (!again++) againWire = told != 0;
}

/** Ends what `beginAgain` began. */
export function endAgain(): void {
  again--;
}

/** Address of a place's account: units of the allowance that are used, below 0 for saved ones. */
function account(where: Place): usize {
  const record = changetype<usize>(current);
  if (where == Place.RESPONSE) return record + offsetof<Transaction>("responseDebt");
  const wire = again ? againWire : told != 0;
  return wire ? record + offsetof<Transaction>("wireDebt") : record + offsetof<Transaction>("debt");
}

function grantOf(where: Place, size: u32): i32 {
  return <i32>FUEL_ALLOWANCE - load<i32>(account(where)) + <i32>((again ? FUEL_AGAIN_PER_BYTE : FUEL_PER_BYTE) * size);
}

function keep(where: Place, left: i32): void {
  if (left < 0) left = 0;
  const most = <i32>(FUEL_ALLOWANCE + FUEL_SAVED_MAX);
  store<i32>(account(where), <i32>FUEL_ALLOWANCE - (left < most ? left : most));
}

/** Debt that is not added to: no value holds so many bytes that it did not have. */
const DEBT_MAX: i32 = 0x3fff_ffff;

/** Takes back what bytes would bring that the next value holds though nobody sent them. */
export function owe(where: Place, bytes: u32): void {
  const at = account(where);
  const debt = load<i32>(at);
  if (debt < DEBT_MAX) store<i32>(at, debt + <i32>(FUEL_PER_BYTE * bytes));
}

/** Grants an outermost value, or a window of it, its work. */
export function openAccount(size: u32): void {
  granted = grantOf(place, size);
  setFuel(granted);
}

/** Keeps what the value has left; a lexer that found nothing left has not looked. */
export function closeAccount(): void {
  if (fuel <= 0) reachLimit(Limit.FUEL);
  fuelSpent = granted - fuel;
  keep(place, fuel);
}

/**
 * Pays for a value that needs no look, what its look would have cost.
 * @returns false where that look would reach the limit
 */
export function payKnown(where: Place, size: u32, units: i32): bool {
  if (size < VALUE_BYTES_MIN) return true;
  const left = grantOf(where, size) - units;
  if (left <= 0) return false;
  keep(where, left);
  return true;
}
