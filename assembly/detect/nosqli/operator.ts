/**
 * Query operators in names. `password[$ne]=` and `{"password":{"$ne":null}}` give a program that expects a text an
 * object, and its query compares in another way than it was written to.
 *
 * Many APIs offer operators on purpose (`filters[price][$gt]=5`, `where` documents of back ends for apps), so what
 * counts is what the operator stands on. A secret is never searched by order or pattern. A user's name at the root of
 * a request is what a login form sends; inside a filter it is a search. Operators that run script are never for
 * clients. The rest is told, not blocked, and inside a filter it is not even told.
 */
import { Limit } from "../../abi/status";
import { endsLower, equalsLower, isDigit, isRow } from "../../bytes/ascii";
import { layer } from "../../decode/layer";
import { Place } from "../../decode/point";
import { Has } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { place, spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { report } from "../match";
import { isNamePlace, outerStep, stepAt, stepSize, stepsBegin, stepsEnded, stepsNext } from "../name";

/** Operators that run script (MongoDB manual, Query Predicates and Aggregation Operators). */
const CODE: string = `$where
$function
$accumulator
`;
/** Operators that choose other documents than equality does (MongoDB manual, Query Predicates; CouchDB, Mango). */
const CHOICE: string = `$ne
$gt
$gte
$lt
$lte
$nin
$in
$not
$nor
$regex
$exists
$mod
$elemmatch
$all
$expr
$jsonschema
$beginswith
$keymapmatch
$allmatch
`;
/** Operators that combine, bring other collections in or only go with another; they count inside a value. */
const OTHER: string = `$or
$and
$comment
$options
$text
$search
$lookup
$unionwith
$graphlookup
$out
$merge
$near
$geowithin
$bitsallset
$eq
$size
$type
`;
/** What forms and APIs call the one who logs in. */
const USERS: string = `user
username
user_name
login
loginname
uname
usr
`;
/** Operators that a search for users or devices needs, and a login does not. */
const LISTS: string = `$in
$all
$mod
`;
/** What forms and APIs call a secret; those of a device or a page are searched in filters. */
const PASSWORDS: string = `pass
pw
pswd
psw
_pass
user_pass
userpass
login_pass
`;
const TOKENS: string = `pin
otp
secret
csrf
_csrf
apikey
api_key
sessionid
session_id
`;
/** What APIs call the document in which clients may use operators. */
const FILTERS: string = `filter
filters
where
query
q
search
criteria
condition
conditions
selector
find
match
$match
pipeline
params
populate
deep
aggregate
`;

/** Whether the bytes, with their `$`, are the name of a query operator. */
export function isOperator(at: usize, size: u32): bool {
  return isCode(at, size) || isRow(CHOICE, at, size) || isRow(OTHER, at, size);
}

/** Whether they are one that runs script. */
export function isCode(at: usize, size: u32): bool {
  return isRow(CODE, at, size);
}

/** Whether they are one that compares a field with its operand. */
export function isComparison(at: usize, size: u32): bool {
  return isRow(CHOICE, at, size);
}

function isPassword(at: usize, size: u32): bool {
  if (endsLower(at, size, "password") || endsLower(at, size, "passwd") || endsLower(at, size, "pwd")) return true;
  return isRow(PASSWORDS, at, size);
}

function isToken(at: usize, size: u32): bool {
  return endsLower(at, size, "token") || endsLower(at, size, "secret") || isRow(TOKENS, at, size);
}

/** What the steps up to the operator say. */
let steps: u32 = 0;
let password: bool = false;
let token: bool = false;
let user: bool = false;
let filtered: bool = false;

/** Takes one step in front of the operator, the innermost last. Operators and indices between them say nothing. */
function takeStep(): void {
  if (!stepSize || isDigit(load<u8>(stepAt)) || load<u8>(stepAt) == 0x24) return;
  filtered = filtered || isRow(FILTERS, stepAt, stepSize);
  takeField(!steps);
  steps++;
}

/** Takes the step that names what is compared. */
function takeField(first: bool): void {
  password = isPassword(stepAt, stepSize);
  token = isToken(stepAt, stepSize);
  user = first && isRow(USERS, stepAt, stepSize);
}

/** Steps around the key of a document, from the innermost; only the innermost can be what is compared. */
function takeOuter(): void {
  let inner: u32 = 1;
  let field = true;
  while (outerStep(inner)) {
    inner++;
    if (!stepSize || isDigit(load<u8>(stepAt)) || load<u8>(stepAt) == 0x24) continue;
    if (field) takeField(true);
    field = false;
    filtered = filtered || isRow(FILTERS, stepAt, stepSize);
    steps++;
  }
}

/** Whether a step of the name is an operator that matters; the steps around it are read only then. */
function namesOperator(): bool {
  stepsBegin();
  while (stepsNext()) {
    if (stepSize > 2 && load<u8>(stepAt) == 0x24 && (isCode(stepAt, stepSize) || isComparison(stepAt, stepSize))) {
      return true;
    }
  }
  return false;
}

/** What a byte of the name costs, and a step around it, in units. */
const BYTE_UNITS: u32 = 8;
const STEP_UNITS: u32 = 128;

/** Whether the current layer can be such a name. */
export function operatorGate(): bool {
  return (layer.has & Has.DOLLAR) != 0 && isNamePlace();
}

/** Looks for such names in the current layer. */
export function operatorLex(): void {
  if (!operatorGate()) return;
  if (!spend(layer.size * BYTE_UNITS)) {
    reachLimit(Limit.FUEL);
    return;
  }
  if (!namesOperator()) return;
  steps = 0;
  password = false;
  token = false;
  user = false;
  filtered = false;
  let at: usize = 0;
  let size: u32 = 0;
  let inner = false;
  if (place == Place.JSON_KEY) {
    takeOuter();
    if (!spend(steps * STEP_UNITS)) {
      reachLimit(Limit.FUEL);
      return;
    }
  }
  stepsBegin();
  while (stepsNext()) {
    if (stepSize > 2 && load<u8>(stepAt) == 0x24 && (isCode(stepAt, stepSize) || isComparison(stepAt, stepSize))) {
      at = stepAt;
      size = stepSize;
      inner = stepAt > layer.at || place == Place.JSON_KEY;
      if (isCode(at, size)) break;
    } else takeStep();
  }
  /* As the whole name of a parameter, `$where` is a clause of a public data API. */
  if (!at || !inner) return;
  const end = at + <usize>size;
  if (isCode(at, size)) {
    report(Signature.NOSQLI_CODE, at, end);
    return;
  }
  if (!stepsEnded()) return;
  const login = (token || user) && !filtered && !isRow(LISTS, at, size);
  if (password || login) report(Signature.NOSQLI_CREDENTIAL, at, end);
  else if (!filtered && !equalsLower(at, size, "$in")) report(Signature.NOSQLI_OPERATOR, at, end);
}
