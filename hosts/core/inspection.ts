/**
 * One request's dealings with the core, the same in every host that can stop a request: calls the core, turns answers
 * and failures into what the host must do, counts, and tells the listener of verdicts. Nothing here waits, so that no
 * byte can pass between being read and being judged.
 */
import type { BlockPage, HostPolicy } from "./host-policy.ts";
import type { Refusal, ThresholdWatch } from "./threshold.ts";
import { refOf, type UlidSource } from "./ulid.ts";
import type {
  Action,
  ClientList,
  Inspector,
  RequestHead,
  RequestSettings,
  ResponseHead,
  Transaction,
  Verdict,
} from "./verdict.ts";

/** `refuse`: the core could not answer and policy says closed. `limit`: a threshold of the policy is reached. */
export type Outcome = "pass" | "block" | "refuse" | "limit";

/** Why the core could not decide, as in `failure` of a policy. */
export type FailureKind = "trap" | "unreachable" | "overlimit" | "oversize";

/**
 * What inspections count. One rule holds at every moment: `inspected + skipped = requests`. A request is counted when
 * its inspection is over.
 */
export interface InspectionCounters {
  /** Requests whose inspection is over; always `inspected + skipped`. */
  requests: number;
  /** Requests that the core saw whole, or until it blocked or a side gave up. */
  inspected: number;
  /** Requests that the core did not judge: refused ones, and those that `failure` decided. */
  skipped: number;
  /** Inspected requests that a threshold stopped, and no verdict, before any of them had gone on. */
  limited: number;
  /** Requests that went on although the core could not judge all of it before it went on, by cause. */
  failedOpen: Record<FailureKind, number>;
  /** Requests that were stopped because the core could not judge all of it first, by cause. */
  failedClosed: Record<FailureKind, number>;
}

/** All of them at zero. */
export function inspectionCounters(): InspectionCounters {
  return {
    requests: 0,
    inspected: 0,
    skipped: 0,
    limited: 0,
    failedOpen: { trap: 0, unreachable: 0, overlimit: 0, oversize: 0 },
    failedClosed: { trap: 0, unreachable: 0, overlimit: 0, oversize: 0 },
  };
}

/** One request that went through the core, told when its inspection is over. */
export interface VerdictEvent {
  readonly id: string;
  /** What the client was shown if the request was stopped: the first characters of `id`. */
  readonly ref: string;
  readonly verdict: Verdict;
  readonly method: string;
  readonly host: string;
  /** Path without the query, at most 256 characters. Written by the client: escape it. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Time spent in the host's own code before the request went on, in microseconds. */
  readonly addedMicros: number;
  /** Status that the client got; 0 where it got none (a reset, or the client left first) or the host does not know. */
  readonly status: number;
  /** The id that the proxy in front gave the request, where it gave one. */
  readonly requestId?: string;
  /** Hash of the policy that decided, where the host has one. */
  readonly policy?: string;
  /** The host watched and could not stop anything, whatever the verdict. */
  readonly watched: boolean;
  /** The verdict came when bytes of the request or of the response were beyond reach: both sides were cut. */
  readonly cut: boolean;
  /** Address of the socket's other end, as the host knows it. */
  readonly peer: string;
  readonly scheme: "http" | "https";
  /** Bytes of the request's body that came, inspected or not. */
  readonly bodyBytes: number;
  /** Whether the core saw something of the response. */
  readonly responseSeen: boolean;
  /** From the request's begin to the end of its inspection, milliseconds. */
  readonly totalMs: number;
  /**
   * More, for those who keep records. It costs a call of the core, and the core has forgotten it when the listener
   * returns: later calls answer null.
   */
  readonly details: () => EventDetails | null;
}

/** What a record needs of a transaction beside its verdict. */
export interface EventDetails {
  /** Number of the request's application; 0 for none. */
  readonly application: number;
  readonly list: ClientList;
  /** The head as the core masks it, cut to DETAIL_*; null where it does not, so that nothing of it may be kept. */
  readonly head: () => RequestHead | null;
}

/** What is masked of a head: so many characters of the target and of a field's value, and so many fields. */
export const DETAIL_TARGET_CHARS = 8192;
export const DETAIL_VALUE_CHARS = 1280;
export const DETAIL_FIELDS = 64;

/** Takes one request apart for an inventory of what is behind the host. */
export interface TrafficSample {
  body(chunk: Uint8Array): void;
  /** Called for a harmless request that was answered, while the core still knows it. */
  end(seen: SampleEnd): void;
}

/** What is known of a sampled request in the end. */
export interface SampleEnd {
  /** What the client got; 0 where this host is not shown answers. */
  readonly status: number;
  readonly client: string;
  /** Number of the request's application; 0 for none. */
  readonly application: number;
  /** When the request began, milliseconds since 1970. */
  readonly at: number;
  /** Masks any head as the core and the policy of this request do; null where they cannot. */
  readonly masked: (head: RequestHead) => RequestHead | null;
}

/** What inspections share. */
export interface InspectionContext {
  readonly inspector: Inspector;
  readonly configuration: { readonly inspectResponses: boolean };
  /** The policy in force; a request keeps the one that it began with. */
  readonly policy: () => HostPolicy;
  readonly counters: InspectionCounters;
  readonly nextId: UlidSource;
  readonly onVerdict: ((event: VerdictEvent) => void) | null;
  /** Decides at the head of a request whether an inventory takes it; null for most requests. */
  readonly sample?: ((head: RequestHead) => TrafficSample | null) | undefined;
  /** True where a request without a status may have been answered all the same: the host need not be shown it. */
  readonly mayMissAnswers?: boolean;
}

/** Response bytes of one transaction that go through the core; leaks show early, and downloads stay cheap. */
export const RESPONSE_BYTES_MAX = 128 * 1024;

const PATH_CHARS_MAX = 256;
const HOST_CHARS_MAX = 255;

/** A transaction from its head to its verdict. */
export class Inspection {
  readonly startedAt: number;
  readonly #context: InspectionContext;
  readonly #head: RequestHead;
  readonly #peer: string;
  readonly #policy: HostPolicy;
  /** Counts this request; null where the policy counts none, or the core has not read it yet. */
  #watch: ThresholdWatch | null = null;
  /** Why the host had to answer itself; where it only watches, it did not. */
  #stopped: Outcome = "pass";
  /** What scopes of the policy say of this request; null where they say nothing. */
  #settings: RequestSettings | null = null;
  #transaction: Transaction | null = null;
  #failure: FailureKind | null = null;
  #verdict: Verdict | null = null;
  /** What was found before trailers came late. */
  #earlier: Verdict | null = null;
  readonly #sample: TrafficSample | null;
  #over = false;
  #responseOver: boolean;
  #responseBytes = 0;
  #responseSeen = false;
  #bodyBytes = 0;
  #id = "";
  /** Set by the flow, see `VerdictEvent`. */
  addedMicros = 0;
  watched = false;
  cut = false;
  requestId = "";

  /** @param startedAt when the request came, milliseconds since 1970 */
  constructor(context: InspectionContext, head: RequestHead, peer: string, startedAt: number = Date.now()) {
    this.#context = context;
    this.startedAt = startedAt;
    this.#head = head;
    this.#peer = peer;
    this.#policy = context.policy();
    this.#responseOver = !context.configuration.inspectResponses;
    this.#sample = context.sample?.(head) ?? null;
    this.#begin();
  }

  get id(): string {
    if (this.#id === "") this.#id = this.#context.nextId();
    return this.#id;
  }

  /** Body bytes that are withheld until the verdict. */
  get holdBytes(): number {
    return this.#settings?.holdBytes ?? this.#policy.holdBytes;
  }

  /** The page that a blocked client is shown; undefined, the standard one, where the policy's is for other causes. */
  get page(): BlockPage | undefined {
    const page = this.#policy.pages[this.#settings?.page ?? 0];
    return page?.types.includes(this.#settings?.list === "deny" ? "acl_ip" : "attack") ? page : undefined;
  }

  /** Which threshold stops this request; null for none. */
  get refusal(): Refusal | null {
    return this.#watch?.refusal ?? null;
  }

  /** Whether a failure stops this request. */
  closes(kind: FailureKind): boolean {
    const settings = this.#settings;
    const scoped = kind === "overlimit" || kind === "oversize" ? settings?.failure[kind] : undefined;
    return (scoped ?? this.#policy.failure[kind]) === "closed";
  }

  /** Whether the response must still be shown to the core. */
  get wantsResponse(): boolean {
    return !this.#responseOver && !this.#over && this.#transaction !== null;
  }

  /** The response begins before the request has ended: the core takes one after the other, so it gets the request. */
  skipResponse(): void {
    this.#responseOver = true;
  }

  head(): Outcome {
    const transaction = this.#transaction;
    if (transaction === null) return this.#failed("unreachable");
    try {
      const action = transaction.head(this.#head);
      if (this.#policy.isScoped) this.#settings = transaction.settings?.() ?? null;
      return this.#counted(this.#outcome(action));
    } catch {
      return this.#failed("trap");
    }
  }

  body(chunk: Uint8Array): Outcome {
    const transaction = this.#transaction;
    this.#bodyBytes += chunk.length;
    this.#sample?.body(chunk);
    if (transaction === null) return "pass";
    try {
      return this.#outcome(transaction.body(chunk));
    } catch {
      return this.#failed("trap");
    }
  }

  /** The request is complete. */
  end(rawTrailers: readonly string[] | null): Outcome {
    const transaction = this.#transaction;
    if (transaction === null) return "pass";
    try {
      if (rawTrailers !== null && rawTrailers.length > 0 && transaction.trailers(rawTrailers) === "block") {
        return this.#outcome("block");
      }
      return this.#counted(this.#outcome(transaction.end()));
    } catch {
      return this.#failed("trap");
    }
  }

  /**
   * Trailers of a request that had to be judged before it was known whether there are any. The core takes nothing after
   * a request's end, so they are judged with the head alone, and what was found before is kept.
   */
  lateTrailers(rawTrailers: readonly string[]): Outcome {
    const earlier = this.#readVerdict();
    if (this.#transaction === null || earlier === null || earlier.failed) return "pass";
    this.#free();
    this.#earlier = earlier;
    this.#begin();
    const outcome = this.head();
    return outcome === "pass" ? this.end(rawTrailers) : outcome;
  }

  responseHead(head: ResponseHead): Outcome {
    const transaction = this.#transaction;
    if (transaction === null || this.#responseOver) return "pass";
    this.#responseSeen = true;
    try {
      return this.#outcome(transaction.responseHead(head));
    } catch {
      return this.#failed("trap");
    }
  }

  responseBody(chunk: Uint8Array): Outcome {
    const transaction = this.#transaction;
    if (transaction === null || this.#responseOver) return "pass";
    const part = chunk.subarray(0, RESPONSE_BYTES_MAX - this.#responseBytes);
    this.#responseBytes += part.length;
    try {
      const outcome = this.#outcome(transaction.responseBody(part));
      return outcome === "pass" && this.#responseBytes >= RESPONSE_BYTES_MAX ? this.responseEnd() : outcome;
    } catch {
      return this.#failed("trap");
    }
  }

  responseEnd(): Outcome {
    const transaction = this.#transaction;
    if (transaction === null || this.#responseOver) return "pass";
    this.#responseOver = true;
    try {
      return this.#outcome(transaction.responseEnd());
    } catch {
      return this.#failed("trap");
    }
  }

  /**
   * Ends the inspection: counts it, tells the listener, frees the core's memory. Further calls do nothing.
   * @param status what the client gets, 0 for nothing
   */
  finish(status: number): void {
    if (this.#over) return;
    this.#over = true;
    const { counters, onVerdict } = this.#context;
    const verdict = this.#withThresholds(this.#readVerdict(), status);
    if (verdict !== null && onVerdict !== null) this.#tell(verdict, status, onVerdict);
    if (this.#sample !== null && verdict !== null) this.#tellSample(this.#sample, verdict, status);
    this.#free();
    counters.requests++;
    const failure = this.#failure ?? (verdict?.failed ? (verdict.failedBy ?? "trap") : null);
    if (this.#stopped === "limit" && !this.cut && !this.watched) counters.limited++;
    if (failure === null) counters.inspected++;
    else {
      counters.skipped++;
      const closed = verdict?.failed ? verdict.action === "block" : this.closes(failure);
      counters[closed ? "failedClosed" : "failedOpen"][failure]++;
    }
  }

  /** Reads the verdict where it decides something: a block by policy and a block by failure are answered apart. */
  #outcome(action: Action): Outcome {
    if (action === "pass") return "pass";
    this.#settings ??= this.#transaction?.settings?.() ?? null;
    return this.#readVerdict()?.failed ? "refuse" : "block";
  }

  /**
   * Counts the request for the thresholds that it is known to fit by now. It counts whatever its verdict is, and a
   * verdict comes before a threshold.
   */
  #counted(outcome: Outcome): Outcome {
    const gate = this.#policy.thresholds;
    const standing = gate === undefined ? null : (this.#transaction?.standing?.() ?? null);
    if (gate !== undefined && standing !== null) {
      this.#watch ??= gate.watch(this.#head);
      this.#watch.take(standing);
    }
    const next = outcome === "pass" && this.refusal !== null ? "limit" : outcome;
    if (next !== "pass") this.#stopped = next;
    return next;
  }

  /** The verdict with what thresholds say, for records; those that count answers learn this one. */
  #withThresholds(verdict: Verdict | null, status: number): Verdict | null {
    const watch = this.#watch;
    if (verdict === null || watch === null || verdict.failed) return verdict;
    const stopped = !this.watched && (this.#stopped !== "pass" || verdict.action === "block");
    watch.end({ status, stopped, matches: verdict.matches });
    if (watch.findings.length === 0) return verdict;
    const stops = watch.findings.some(({ counts }) => counts) && verdict.mode !== "off";
    return {
      ...verdict,
      action: watch.refusal === null ? verdict.action : "block",
      // A candidate changes verdicts; thresholds stop what they stop, whatever it would say.
      shadowAction: watch.refusal === null || verdict.shadowAction === null ? verdict.shadowAction : "block",
      wouldAction: stops ? "block" : verdict.wouldAction,
      matches: [...verdict.matches, ...watch.findings],
    };
  }

  #begin(): void {
    try {
      this.#transaction = this.#context.inspector.begin(this.#peer, Math.floor(this.startedAt / 1000));
    } catch {
      // What the core throws is its own bug and may quote traffic, so only the fact is kept.
      this.#failure = "unreachable";
    }
  }

  #readVerdict(): Verdict | null {
    if (this.#transaction === null) return this.#verdict;
    try {
      const verdict = this.#transaction.verdict();
      this.#verdict = this.#earlier === null ? verdict : joined(this.#earlier, verdict);
    } catch {
      this.#failure ??= "trap";
      this.#verdict = null;
    }
    return this.#verdict;
  }

  #failed(kind: FailureKind): Outcome {
    this.#failure ??= kind;
    this.#free();
    return this.closes(kind) ? "refuse" : "pass";
  }

  #free(): void {
    const transaction = this.#transaction;
    this.#transaction = null;
    try {
      transaction?.free();
    } catch {
      this.#failure ??= "trap";
    }
  }

  #details(): EventDetails | null {
    const transaction = this.#transaction;
    if (transaction === null) return null;
    const settings = transaction.settings?.() ?? null;
    const head = (): RequestHead | null => this.#transaction?.masked?.(detailOf(this.#head)) ?? null;
    return { application: settings?.application ?? 0, list: settings?.list ?? "none", head };
  }

  /** What holds an attack teaches nothing of an interface. */
  #tellSample(sample: TrafficSample, { matches, failed, action, clientIp }: Verdict, status: number): void {
    const transaction = this.#transaction;
    if (transaction === null || failed || action === "block" || matches.length > 0) return;
    if (status === 0 && this.#context.mayMissAnswers !== true) return;
    const masked = (head: RequestHead): RequestHead | null => transaction.masked?.(detailOf(head)) ?? null;
    try {
      const application = transaction.settings?.()?.application ?? 0;
      const client = clientIp || this.#peer;
      sample.end({ status, client, application, at: this.startedAt, masked });
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }

  #tell(verdict: Verdict, status: number, onVerdict: (event: VerdictEvent) => void): void {
    const { method, authority, target, scheme } = this.#head;
    const queryAt = target.indexOf("?");
    const pathEnd = Math.min(queryAt < 0 ? target.length : queryAt, PATH_CHARS_MAX);
    const id = this.id;
    try {
      onVerdict({
        id,
        ref: refOf(id),
        verdict,
        method,
        host: authority.slice(0, HOST_CHARS_MAX),
        path: target.slice(0, pathEnd),
        startedAt: this.startedAt,
        addedMicros: Math.round(this.addedMicros),
        status,
        ...(this.requestId === "" ? {} : { requestId: this.requestId }),
        ...(this.#policy.hash === undefined ? {} : { policy: this.#policy.hash }),
        watched: this.watched,
        cut: this.cut,
        peer: this.#peer,
        scheme,
        bodyBytes: this.#bodyBytes,
        responseSeen: this.#responseSeen,
        totalMs: Math.max(0, Date.now() - this.startedAt),
        details: () => this.#details(),
      });
    } catch (error) {
      // A listener's bug must not cost a request; the warning names it once per process and code.
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}

/** A head cut to what is masked of it. Names stay whole: their ends may be what speaks of a secret. */
function detailOf(head: RequestHead): RequestHead {
  const rawHeaders = head.rawHeaders
    .slice(0, DETAIL_FIELDS * 2)
    .map((text, at) => (at % 2 === 0 ? text : text.slice(0, DETAIL_VALUE_CHARS)));
  return { ...head, target: head.target.slice(0, DETAIL_TARGET_CHARS), rawHeaders };
}

/** The later verdict, with what the earlier one had found beyond it. */
function joined(earlier: Verdict, later: Verdict): Verdict {
  const fresh = later.matches.filter(
    ({ stamp, point }) => !earlier.matches.some((known) => known.stamp === stamp && known.point === point),
  );
  return {
    ...later,
    wouldAction: earlier.wouldAction === "block" ? "block" : later.wouldAction,
    matches: [...earlier.matches, ...fresh],
    matchesDropped: earlier.matchesDropped + later.matchesDropped,
    limits: [...new Set([...earlier.limits, ...later.limits])],
    anomalies: [...new Set([...earlier.anomalies, ...later.anomalies])],
    inspectedBytes: earlier.inspectedBytes,
  };
}
