/**
 * What an exception would let in: every known attack of the suite is put where the exception looks, and the core itself
 * says whether it passes with the exception and would not without. So nobody opens a door without seeing it.
 */
import { Engine } from "../core/engine.ts";
import type { Exception } from "../policy/exception.ts";
import { compilePolicy } from "../policy/image.ts";
import type { Policy } from "../policy/schema.ts";
import { readSuite, type SuiteText } from "./attack-suite.ts";
import type { Io } from "./command.ts";
import { showBytes } from "./text.ts";

const SHOWN_MAX = 8;
const TEXT_CHARS_MAX = 60;
const PEER = "127.0.0.1";
const ANY = "x";

/** What came out for the exceptions of a change. */
export interface Effect {
  /** Attacks that are blocked without the exceptions and pass with them. */
  readonly admitted: readonly SuiteText[];
  /** Attacks that would be blocked there without the exceptions. */
  readonly caught: number;
  /** Points that no request could be made for. */
  readonly untried: readonly string[];
}

/**
 * @param policy that the exceptions are added to
 * @throws MerlonError of the policy, or where an installation lacks the suite
 */
export function effectOf(policy: Policy, exceptions: readonly Exception[]): Effect {
  const before = Engine.load();
  const after = before.sibling();
  before.loadPolicy("active", compilePolicy(policy));
  after.loadPolicy("active", compilePolicy({ ...policy, exceptions: [...(policy.exceptions ?? []), ...exceptions] }));
  const admitted = new Set<SuiteText>();
  const caught = new Set<SuiteText>();
  const untried = new Set<string>();
  const attacks = readSuite().filter(({ attack }) => attack);
  for (const exception of exceptions) {
    for (const attack of attacks) {
      const request = requestAt(exception, attack.text);
      if (request === undefined) {
        untried.add(exception.point ?? "");
        break;
      }
      if (!blocks(before, request)) continue;
      caught.add(attack);
      if (!blocks(after, request)) admitted.add(attack);
    }
  }
  return { admitted: [...admitted], caught: caught.size, untried: [...untried] };
}

function blocks(engine: Engine, request: Buffer): boolean {
  const transaction = engine.begin(PEER, Math.floor(Date.now() / 1000));
  transaction.raw(request);
  transaction.end();
  const { wouldAction } = transaction.verdict();
  transaction.free();
  return wouldAction === "block";
}

/** @returns a request that the exception is for, with the text at its point; undefined where none can be made */
export function requestAt({ match, point = "query.q" }: Exception, text: string): Buffer | undefined {
  const [location = "", ...names] = point.split(/(?<!\\)\./).map((one) => (/^\*\*?$/.test(one) ? ANY : one));
  const segments = (match.path?.segments ?? [ANY]).map((one) => (one === null ? ANY : encodeURIComponent(one)));
  const path = `/${segments.join("/")}${match.path?.end === "inside" ? `/${ANY}` : ""}`;
  const host = (match.host ?? "shop.example").replace(/^\*/, ANY);
  const placed = placeText(location, names.map(unescapeName), text);
  if (placed === undefined) return undefined;
  const { query = "", headers = [], body = "" } = placed;
  const method = match.method ?? (body === "" ? "GET" : "POST");
  const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return Buffer.from(
    [`${method} ${path}${query} HTTP/1.1`, `Host: ${host}`, ...headers, ...length, "", body].join("\r\n"),
  );
}

function unescapeName(name: string): string {
  return name.replace(/\\(.)/g, "$1");
}

interface Placed {
  readonly query?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

function placeText(location: string, names: readonly string[], text: string): Placed | undefined {
  const [first = ANY, second = ANY] = names;
  const value = encodeURIComponent(text);
  if (location === "query") return { query: `?${encodeURIComponent(first)}=${value}` };
  if (location === "header" && !/[\r\n\0]/.test(text)) {
    if (first === "COOKIE")
      return { headers: [`Cookie: ${second === "cookie" ? (names[2] ?? ANY) : second}=${value}`] };
    return { headers: [`${first}: ${text}`] };
  }
  if (location === "cookie") return { headers: [`Cookie: ${first}=${value}`] };
  if (location !== "post") return undefined;
  if (first === "form_urlencoded") {
    const headers = ["Content-Type: application/x-www-form-urlencoded"];
    return { headers, body: `${encodeURIComponent(second)}=${value}` };
  }
  if (first === "json_doc") return { headers: ["Content-Type: application/json"], body: jsonAt(names.slice(1), text) };
  return names.length === 0 ? { headers: ["Content-Type: text/plain"], body: text } : undefined;
}

/** @returns a document that has the text where `hash.a.array.0.hash.b` leads */
function jsonAt(steps: readonly string[], text: string): string {
  const [kind, name = ANY, ...rest] = steps;
  if (kind === "hash") return `{${JSON.stringify(name)}:${jsonAt(rest, text)}}`;
  // Items have no names; a star may stand for what is in one.
  if (kind === "array") return `[${jsonAt(["hash", "array"].includes(name) ? steps.slice(1) : rest, text)}]`;
  return kind === ANY ? `{${JSON.stringify(ANY)}:${JSON.stringify(text)}}` : JSON.stringify(text);
}

/** Prints an effect. */
export function printEffect({ admitted, caught, untried }: Effect, io: Io): void {
  for (const point of untried)
    io.stderr.write(`merlon: what passes at ${showBytes(Buffer.from(point), 100)} was not tried out\n`);
  if (caught === 0) return;
  io.stderr.write(`merlon: lets pass ${admitted.length} of ${caught} known attacks that are caught there\n`);
  for (const { type, text, because } of admitted.slice(0, SHOWN_MAX)) {
    io.stderr.write(`  ${type.padEnd(8)}  ${showBytes(Buffer.from(text), TEXT_CHARS_MAX)}  (${because})\n`);
  }
  if (admitted.length > SHOWN_MAX) io.stderr.write(`  and ${admitted.length - SHOWN_MAX} more\n`);
}
