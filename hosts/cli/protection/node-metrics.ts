/**
 * What a host counts, under the names that docs/metrics.md lists: most of it is read when somebody asks, the rest is
 * counted as verdicts are told.
 */
import type { Engine } from "../../core/engine.ts";
import type { InspectionCounters, VerdictEvent } from "../../core/inspection.ts";
import { CounterFamily, type Family, Histogram, single } from "../../core/metrics.ts";
import type { CounterStatus } from "../../policy/threshold/counting.ts";
import { isThresholdStamp } from "../../policy/threshold/threshold.ts";
import { ORIGINS } from "../../policy/wire.ts";
import type { InventoryCounters } from "../../records/inventory/inventory.ts";
import { actionOf } from "../../records/make-record.ts";
import type { PolicyFacts } from "../../records/policy-facts.ts";
import type { Recorder } from "../../records/recorder.ts";

/** Sets of labels that are told apart where applications are among them. */
const ATTACK_LABELS_MAX = 2000;
const SECONDS = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1];

/** What a host counts itself; `refused` is absent where it refuses nothing of its own. */
export type HostCounters = Readonly<InspectionCounters> & { readonly refused?: Readonly<Record<string, number>> };

/** Whose numbers they are. */
export interface NodeFace {
  readonly kind: "sidecar" | "ext_proc";
  readonly engine: Pick<Engine, "counters" | "usage">;
  readonly policy: () => PolicyFacts;
  /** Where the policy in force comes from. */
  readonly policySource: () => (typeof ORIGINS)[number];
  /** How the policy's thresholds stand. */
  readonly thresholds: () => readonly CounterStatus[];
}

/** Sums that the compatible status page shows. */
export interface NodeSums {
  requests: number;
  /** Requests with any finding. */
  abnormal: number;
  /** Requests that mode block would stop for what they hold. */
  attacks: number;
  blocked: number;
  blockedByList: number;
  allowedByList: number;
  detectSeconds: number;
}

/** Counts one host. */
export class NodeMetrics {
  readonly sums: NodeSums = {
    requests: 0,
    abnormal: 0,
    attacks: 0,
    blocked: 0,
    blockedByList: 0,
    allowedByList: 0,
    detectSeconds: 0,
  };
  readonly #face: NodeFace;
  readonly #recorder: Recorder | null;
  readonly #inventory: InventoryCounters | undefined;
  readonly #modes = new CounterFamily("waf_requests_observed_total", "Requests that got a verdict, by mode.");
  readonly #attacks = new CounterFamily(
    "waf_attacks_total",
    "Findings that count, by type, what was done, and application.",
    ATTACK_LABELS_MAX,
  );
  readonly #blocked = new CounterFamily("waf_blocked_total", "Requests that were stopped by a verdict, by cause.");
  readonly #anomalies = new CounterFamily(
    "waf_parser_anomaly_total",
    "Requests that back ends would read differently.",
  );
  readonly #exceptions = new CounterFamily("waf_exception_hits_total", "Findings that an exception let pass, by name.");
  readonly #seconds = new Histogram("waf_inspection_duration_seconds", "Time in the host's own code.", SECONDS);

  /** @param recorder null where no records are kept; @param inventory absent where nothing is learned */
  constructor(face: NodeFace, recorder: Recorder | null, inventory?: InventoryCounters) {
    this.#inventory = inventory;
    this.#face = face;
    this.#recorder = recorder;
  }

  /** Takes what a host tells of a request; to be called while it is told. */
  add(event: VerdictEvent): void {
    const { verdict } = event;
    const seconds = event.addedMicros / 1e6;
    this.sums.requests++;
    this.sums.detectSeconds += seconds;
    this.#seconds.add(seconds);
    this.#modes.add({ mode: verdict.mode, source: event.watched ? "oob" : "inline" });
    for (const kind of verdict.anomalies) this.#anomalies.add({ kind });
    if (verdict.matches.length > 0 || verdict.action === "block") this.#addMatched(event);
  }

  /** @param counters the host's own, as they stand */
  families(counters: HostCounters): Family[] {
    const { kind } = this.#face;
    const refused = Object.values(counters.refused ?? {}).reduce((sum, count) => sum + count, 0);
    const skipped = [
      { labels: { reason: "refused" }, value: refused },
      { labels: { reason: "failure" }, value: counters.skipped - refused },
    ];
    return [
      {
        ...single("waf_requests_total", "counter", "Requests that are over.", 0),
        ...labelled({ host: kind }, counters.requests),
      },
      single("waf_requests_inspected_total", "counter", "Requests that the core judged.", counters.inspected),
      {
        ...single("waf_requests_skipped_total", "counter", "Requests that the core did not judge.", 0),
        samples: skipped,
      },
      this.#modes.family,
      this.#attacks.family,
      this.#blocked.family,
      this.#anomalies.family,
      this.#exceptions.family,
      this.#seconds.family,
      failuresOf(counters),
      ...thresholdFamilies(this.#face.thresholds()),
      ...this.#policyFamilies,
      ...this.#engineFamilies,
      ...(this.#recorder === null ? [] : recordFamilies(this.#recorder)),
      ...(this.#inventory === undefined ? [] : inventoryFamilies(this.#inventory)),
    ];
  }

  get #policyFamilies(): Family[] {
    const { policy, policySource } = this.#face;
    const inForce = policySource();
    const kinds = ORIGINS.map((kind) => ({ labels: { kind }, value: kind === inForce ? 1 : 0 }));
    const generation = policy().generation;
    return [
      { ...single("waf_policy_source", "gauge", "Where the policy in force comes from.", 0, "max"), samples: kinds },
      single("waf_policy_generation", "gauge", "Policies that this process has had.", generation, "max"),
    ];
  }

  get #engineFamilies(): Family[] {
    const { counters, usage } = this.#face.engine;
    return [
      single("waf_engine_memory_bytes", "gauge", "Memory of the core.", usage.memoryBytes),
      single(
        "waf_engine_restarts_total",
        "counter",
        "Times that the core trapped and was started anew.",
        counters.traps,
      ),
    ];
  }

  #addMatched(event: VerdictEvent): void {
    const { verdict, watched } = event;
    const details = event.details();
    const policy = this.#face.policy();
    const isStopped = verdict.action === "block" && !watched;
    const counting = verdict.matches.filter(({ counts }) => counts);
    const byList = isStopped && details?.list === "deny";
    this.sums.abnormal += verdict.matches.length > 0 ? 1 : 0;
    this.sums.attacks += counting.length > 0 ? 1 : 0;
    this.sums.allowedByList += details?.list === "allow" ? 1 : 0;
    if (isStopped) {
      this.sums[byList ? "blockedByList" : "blocked"]++;
      const byThreshold = counting.length > 0 && counting.every(({ stamp }) => isThresholdStamp(stamp));
      this.#blocked.add({ by: byList ? "ip" : byThreshold ? "rate" : "attack" });
    }
    const app = policy.applications.get(details?.application ?? 0) ?? "";
    const action = actionOf(event);
    for (const type of new Set(counting.map((match) => match.type))) this.#attacks.add({ type, action, app });
    for (const { exception } of verdict.matches) {
      const name = policy.exceptions[exception - 1];
      if (name !== undefined) this.#exceptions.add({ exception: name });
    }
  }
}

function thresholdFamilies(all: readonly CounterStatus[]): Family[] {
  if (all.length === 0) return [];
  const samples = (value: (status: CounterStatus) => number, more: Readonly<Record<string, string>> = {}) =>
    all.map((status) => ({ labels: { threshold: status.name, ...more }, value: value(status) }));
  return [
    {
      ...single("waf_threshold_requests_total", "counter", "Requests beyond a threshold: stopped, or let pass.", 0),
      samples: [
        ...samples(({ refused }) => refused, { result: "refused" }),
        ...samples(({ reported }) => reported, { result: "reported" }),
      ],
    },
    { ...single("waf_threshold_keys", "gauge", "Keys that are remembered.", 0), samples: samples(({ keys }) => keys) },
    {
      ...single("waf_threshold_keys_beyond", "gauge", "Of these, keys beyond their threshold.", 0),
      samples: samples(({ held }) => held),
    },
    {
      ...single("waf_threshold_dropped_total", "counter", "Keys and events forgotten for want of room.", 0),
      samples: samples(({ dropped }) => dropped),
    },
    {
      ...single("waf_threshold_answers_unseen_total", "counter", "Requests whose answers nobody showed it.", 0),
      samples: samples(({ unseen }) => unseen),
    },
  ];
}

function failuresOf({ failedOpen, failedClosed }: HostCounters): Family {
  const samples = [
    ...Object.entries(failedOpen).map(([reason, value]) => ({ labels: { policy: "open", reason }, value })),
    ...Object.entries(failedClosed).map(([reason, value]) => ({ labels: { policy: "closed", reason }, value })),
  ];
  return { name: "waf_fail_total", type: "counter", help: "What `failure` decided.", together: "sum", samples };
}

function labelled(labels: Record<string, string>, value: number): Pick<Family, "samples"> {
  return { samples: [{ labels, value }] };
}

function inventoryFamilies({ sampled, dropped }: InventoryCounters): Family[] {
  return [
    single("waf_inventory_sampled_total", "counter", "Requests that the API inventory learned from.", sampled),
    single("waf_inventory_dropped_total", "counter", "Hosts, endpoints and requests it had no room for.", dropped),
  ];
}

/** @returns what a spool and its delivery count */
export function recordFamilies({ counters, spool }: Recorder): Family[] {
  const { stored, dropped, slimmed } = counters.spool;
  const { delivery, detected, sampledOut } = counters;
  const reasons = Object.entries({ ...dropped, rejected: delivery?.rejected ?? 0 });
  const oldest = spool.oldestMs / 1000;
  const counts = [
    single("waf_records_detected_total", "counter", "Requests that got a record, or were counted in one.", detected),
    single("waf_records_stored_total", "counter", "Of these, requests whose records are on disk.", stored),
    single("waf_records_sampled_out_total", "counter", "Requests that were counted and not kept whole.", sampledOut),
    single("waf_records_slimmed_total", "counter", "Records kept without content, for want of room.", slimmed),
  ];
  const lost: Family = {
    ...single("waf_records_dropped_total", "counter", "Requests whose records were left out.", 0),
    samples: reasons.map(([reason, value]) => ({ labels: { reason }, value })),
  };
  const gauges = [
    single("waf_spool_bytes", "gauge", "Bytes of the spool on disk.", spool.bytes),
    single("waf_spool_oldest_seconds", "gauge", "Age of what is not acknowledged.", oldest, "max"),
  ];
  if (delivery === null) return [...counts, lost, ...gauges];
  const labels = { sink: "records" };
  return [
    ...counts,
    lost,
    ...gauges,
    {
      ...single("waf_export_failed_total", "counter", "Attempts that failed.", 0),
      ...labelled(labels, delivery.failures),
    },
    {
      ...single("waf_export_lag_seconds", "gauge", "How far a sink is behind.", 0, "max"),
      ...labelled(labels, oldest),
    },
  ];
}
