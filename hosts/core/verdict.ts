/**
 * What the core says about a transaction, as hosts and people read it. The shapes are decoded from the core's result
 * record by `engine.ts`; nothing else in the hosts knows a byte offset.
 */
import type { Standing } from "./threshold.ts";

/** How strict a policy is, weakest first. */
export const MODES = ["off", "monitoring", "safe_blocking", "block"] as const;
export type Mode = (typeof MODES)[number];

/** What a host must do with the bytes that it holds. */
export type Action = "pass" | "block";

/** One layer of decoding: which decoder made it and which bytes of it the match covers. */
export interface Layer {
  /** `raw` for the bytes as they came, else the decoder's name: `percent`, `base64`, `json_string` … */
  readonly as: string;
  /** First byte and the byte after the last, relative to this layer of the point's value. */
  readonly span: readonly [number, number];
  /** The layer's bytes around the span, masked where policy says so; at most EXCERPT_BYTES_MAX of them. */
  readonly excerpt: Uint8Array;
  /** Where `excerpt` begins in the layer. */
  readonly excerptAt: number;
}

/** One finding of one signature at one point. */
export interface Match {
  /** Attack code: `sqli`, `xss`, `ptrav`, `rce`, `ssi`, `crlf` … */
  readonly type: string;
  /** Stable name of the signature: `sqli-union`. Exceptions and statistics refer to it. */
  readonly stamp: string;
  /** Numbers as in `CWE-89`. */
  readonly cwe: readonly string[];
  /** Numbers as in `CVE-2021-44228`, where the finding is of a known hole. */
  readonly cve?: readonly string[];
  /** 1 to 5; the default policy blocks at 4. */
  readonly severity: number;
  /** The point's name in dotted form, as rules and searches write it: `query.id`, `post.json_doc.hash.body`. */
  readonly point: string;
  /** Why the signature fired, one sentence for a person. */
  readonly reason: string;
  /** Whether it counts under the active policy: not where severity, a disabled stamp, an exception or a rule that only
   * reports says otherwise. */
  readonly counts: boolean;
  /** Number of the policy's exception that lets it pass, from 1 on; 0 for none. */
  readonly exception: number;
  /** From the raw bytes to the layer where the signature fired; never empty. */
  readonly layers: readonly Layer[];
}

/** The answer for one transaction at a decision point. */
export interface Verdict {
  readonly action: Action;
  /** What mode `block` would do under the same policy. */
  readonly wouldAction: Action;
  readonly mode: Mode;
  /** The shadow slot's answer, or null where no candidate policy is loaded. */
  readonly shadowAction: Action | null;
  readonly matches: readonly Match[];
  /** Matches beyond those kept in `matches`. */
  readonly matchesDropped: number;
  /** Names of the limits that were reached, in the core's own words. */
  readonly limits: readonly string[];
  /** What back ends would read in different ways, in the core's own words. */
  readonly anomalies: readonly string[];
  /** Whether the request was an attack and the response shows what it should not: it may have worked. */
  readonly incident: boolean;
  /** Address of the client by the policy's trusted hops, in text form. */
  readonly clientIp: string;
  /** Body bytes that went through the parsers. */
  readonly inspectedBytes: number;
  /** True when the core did not answer (trap, out of memory) and `failure` decided instead. */
  readonly failed: boolean;
  /** Which of both it was, where it failed. */
  readonly failedBy?: "trap" | "overlimit";
}

/** Lists of clients, in the order of the numbers that the core has for them. */
export const CLIENT_LISTS = ["none", "allow", "deny", "gray"] as const;
export type ClientList = (typeof CLIENT_LISTS)[number];

/** What the policy says of one request, by its scopes: known when the core has its head. */
export interface RequestSettings {
  /** Number of its application; 0 for none. */
  readonly application: number;
  /** Number of the page that its client is shown when it is blocked. */
  readonly page: number;
  /** Body bytes that are withheld until the verdict. */
  readonly holdBytes: number;
  readonly failure: { readonly overlimit: "open" | "closed"; readonly oversize: "open" | "closed" };
  /** Which of the policy's lists has its client. */
  readonly list: ClientList;
}

/** Head of a request as a host reads it from the wire. Strings hold one byte a character (latin1). */
export interface RequestHead {
  readonly method: string;
  /** Request target as sent: `/path?query`. */
  readonly target: string;
  readonly authority: string;
  readonly scheme: "http" | "https";
  /** Name and value in turn, order kept, as `IncomingMessage.rawHeaders`. */
  readonly rawHeaders: readonly string[];
}

/** Head of a response as a host reads it from the upstream. */
export interface ResponseHead {
  readonly status: number;
  readonly rawHeaders: readonly string[];
}

/**
 * One request and its response in the core. Calls are synchronous and never throw for what the traffic contains; after
 * a trap each call answers by the policy's `failure.trap`.
 *
 * Order: head, body*, trailers?, end, responseHead?, responseBody*, responseEnd?, free. `free` is owed exactly once.
 */
export interface Transaction {
  head(head: RequestHead): Action;
  /** Any number of chunks of any size; the chunk may be reused after the call. */
  body(chunk: Uint8Array): Action;
  trailers(rawHeaders: readonly string[]): Action;
  end(): Action;
  responseHead(head: ResponseHead): Action;
  responseBody(chunk: Uint8Array): Action;
  responseEnd(): Action;
  verdict(): Verdict;
  /** What the policy says of this request; null, or no method, where the host's own settings count. */
  settings?(): RequestSettings | null;
  /** Which thresholds the request counts for, and who its client is; null, or no method, where the core cannot say. */
  standing?(): Standing | null;
  /**
   * A head with its secrets overwritten, byte for byte, by the policy of this request; the head may be a part of the
   * one that was judged. Null, or no method, where the core cannot answer: then nothing of the head may be kept.
   */
  masked?(head: RequestHead): RequestHead | null;
  free(): void;
}

/** What a host needs of the core: nothing more than this. */
export interface Inspector {
  /**
   * @param peer address of the socket's other end (or what PROXY protocol said), text form
   * @param nowSeconds seconds since 1970, the host's clock
   */
  begin(peer: string, nowSeconds: number): Transaction;
}
