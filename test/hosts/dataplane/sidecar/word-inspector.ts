/**
 * A stand-in for the core, for tests of the proxy's mechanics only: it blocks when a word occurs in the target, a
 * header, the body or a trailer, however the bytes are split. It also keeps the books of the calls, so that each test
 * ends with the check that every transaction was used in order and freed exactly once.
 *
 * It detects nothing else. What the product detects is tested against the real core.
 */
import type {
  Action,
  Inspector,
  RequestHead,
  ResponseHead,
  Transaction,
  Verdict,
} from "../../../../hosts/core/verdict.ts";

/** Blocks wherever it occurs in a request. */
export const ATTACK = "MERLON-TEST-ATTACK";
/** Blocks wherever it occurs in a response. */
export const LEAK = "MERLON-TEST-LEAK";
/** In a target or body: the inspector throws, as a broken engine would. */
export const THROW = "MERLON-TEST-THROW";
/** In a target: the verdict says that the core failed and that policy blocks. */
export const FAILED_CLOSED = "MERLON-TEST-FAILED-CLOSED";
/** In a target: the verdict says that the core failed and that policy passes. */
export const FAILED_OPEN = "MERLON-TEST-FAILED-OPEN";

const ORDER = ["new", "head", "body", "trailers", "end", "responseHead", "responseBody", "responseEnd", "freed"];

/** An inspector whose books can be checked. */
export class WordInspector implements Inspector {
  begun = 0;
  freed = 0;
  /** What was done wrong; empty if the proxy kept the contract. */
  readonly faults: string[] = [];
  readonly heads: RequestHead[] = [];
  readonly peers: string[] = [];
  readonly trailers: string[][] = [];
  bodyBytes = 0;
  /** Makes `begin` throw: no engine could be had. */
  unreachable = false;

  begin(peer: string, nowSeconds: number): Transaction {
    if (this.unreachable) throw new Error("no engine");
    if (!(nowSeconds > 1.6e9 && nowSeconds < 1e11)) this.faults.push(`the clock says ${nowSeconds}`);
    this.begun++;
    this.peers.push(peer);
    return new WordTransaction(this);
  }
}

class WordTransaction implements Transaction {
  readonly #books: WordInspector;
  #stage = 0;
  #tail = "";
  #action: Action = "pass";
  #failed = false;
  #bytes = 0;

  constructor(books: WordInspector) {
    this.#books = books;
  }

  head(head: RequestHead): Action {
    this.#enter("head");
    this.#books.heads.push(head);
    const text = `${head.target}\n${head.rawHeaders.join("\n")}`;
    if (text.includes(THROW)) throw new Error("broken");
    if (text.includes(FAILED_CLOSED)) {
      this.#failed = true;
      this.#action = "block";
    }
    if (text.includes(FAILED_OPEN)) this.#failed = true;
    return this.#look(text, ATTACK);
  }

  body(chunk: Uint8Array): Action {
    this.#enter("body");
    this.#bytes += chunk.length;
    this.#books.bodyBytes += chunk.length;
    return this.#scan(chunk, ATTACK);
  }

  trailers(rawHeaders: readonly string[]): Action {
    this.#enter("trailers");
    this.#books.trailers.push([...rawHeaders]);
    return this.#look(rawHeaders.join("\n"), ATTACK);
  }

  end(): Action {
    this.#enter("end");
    return this.#action;
  }

  responseHead(head: ResponseHead): Action {
    this.#enter("responseHead");
    this.#tail = "";
    return this.#look(head.rawHeaders.join("\n"), LEAK);
  }

  responseBody(chunk: Uint8Array): Action {
    this.#enter("responseBody");
    return this.#scan(chunk, LEAK);
  }

  responseEnd(): Action {
    this.#enter("responseEnd");
    return this.#action;
  }

  verdict(): Verdict {
    if (this.#stage === ORDER.length - 1) this.#books.faults.push("verdict after free");
    return {
      action: this.#action,
      wouldAction: this.#action,
      mode: "block",
      shadowAction: null,
      matches: [],
      matchesDropped: 0,
      limits: [],
      anomalies: [],
      incident: false,
      clientIp: "",
      inspectedBytes: this.#bytes,
      failed: this.#failed,
    };
  }

  free(): void {
    this.#enter("freed");
    this.#books.freed++;
  }

  #enter(stage: string): void {
    const next = ORDER.indexOf(stage);
    const repeatable = stage === "body" || stage === "responseBody";
    if (next < this.#stage || (next === this.#stage && !repeatable)) {
      this.#books.faults.push(`${stage} after ${ORDER[this.#stage]}`);
    }
    this.#stage = next;
  }

  #scan(chunk: Uint8Array, word: string): Action {
    const text = this.#tail + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    if (text.includes(THROW)) throw new Error("broken");
    this.#tail = text.slice(-(ATTACK.length + LEAK.length));
    return this.#look(text, word);
  }

  #look(text: string, word: string): Action {
    if (text.includes(word)) this.#action = "block";
    return this.#action;
  }
}
