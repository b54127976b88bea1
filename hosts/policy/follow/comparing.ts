/**
 * What a candidate policy would have changed, on live traffic: the core answers for both slots, here the difference is
 * counted, exactly, and the newest requests are kept: request line, points and stamps. No value and no query is kept.
 */
import type { VerdictEvent } from "../../core/inspection.ts";
import { CHANGES_KEPT_MAX, type Change, CLIENTS_MAX, type Comparison } from "../wire.ts";

const FINDINGS_MAX = 3;
const METHOD_CHARS_MAX = 32;

/** The comparison with one candidate. */
export class Comparing {
  readonly hash: string;
  /** Millisecond at which it is over. */
  readonly endsAt: number;
  readonly #since: number;
  readonly #changes: Change[] = [];
  readonly #clients = { seen: new Set<string>(), wouldBlock: new Set<string>(), wouldPass: new Set<string>() };
  #requests = 0;
  #wouldBlock = 0;
  #wouldPass = 0;

  constructor(hash: string, endsAt: number, nowMs: number = Date.now()) {
    this.hash = hash;
    this.endsAt = endsAt;
    this.#since = nowMs;
  }

  /** @returns the change, where the candidate would have answered this request differently */
  add(event: VerdictEvent): Change | undefined {
    const { action, shadowAction, failed } = event.verdict;
    // A request that began before the candidate came was not compared.
    if (shadowAction === null || failed || event.startedAt < this.#since) return undefined;
    this.#requests++;
    const client = event.verdict.clientIp || event.peer;
    note(this.#clients.seen, client);
    if (shadowAction === action) return undefined;
    note(shadowAction === "block" ? this.#clients.wouldBlock : this.#clients.wouldPass, client);
    if (shadowAction === "block") this.#wouldBlock++;
    else this.#wouldPass++;
    const change = changeOf(event, action, shadowAction);
    this.#changes.push(change);
    if (this.#changes.length > CHANGES_KEPT_MAX) this.#changes.shift();
    return change;
  }

  /** What came of it so far. */
  get result(): Comparison {
    const { seen, wouldBlock, wouldPass } = this.#clients;
    return {
      hash: this.hash,
      since: this.#since,
      requests: this.#requests,
      wouldBlock: this.#wouldBlock,
      wouldPass: this.#wouldPass,
      clients: { seen: seen.size, wouldBlock: wouldBlock.size, wouldPass: wouldPass.size },
      changes: [...this.#changes],
    };
  }
}

/** Clients are told apart as far as anyone asks. */
function note(clients: Set<string>, client: string): void {
  if (clients.size < CLIENTS_MAX) clients.add(client);
}

function changeOf(event: VerdictEvent, before: Change["before"], after: Change["after"]): Change {
  return {
    at: event.startedAt,
    ref: event.ref,
    method: event.method.slice(0, METHOD_CHARS_MAX),
    host: event.host,
    path: event.path,
    findings: event.verdict.matches.slice(0, FINDINGS_MAX).map(({ stamp, point }) => `${stamp}@${point}`.slice(0, 600)),
    before,
    after,
  };
}
