/** Requests through a real core into an inventory, for tests of what it learns. */
import { Engine } from "../../../../hosts/core/engine.ts";
import { fixedPolicy } from "../../../../hosts/core/host-policy.ts";
import { Inspection, type InspectionContext, inspectionCounters } from "../../../../hosts/core/inspection.ts";
import { createUlidSource } from "../../../../hosts/core/ulid.ts";
import { applyReady, readyPolicy } from "../../../../hosts/policy/apply.ts";
import { defaultPolicy, type Policy, policyDefaults } from "../../../../hosts/policy/schema.ts";
import type { Endpoint } from "../../../../hosts/records/inventory/endpoint.ts";
import { Inventory, type InventoryOptions } from "../../../../hosts/records/inventory/inventory.ts";

/** A request, with what it is answered. */
export interface Sent {
  readonly method?: string;
  readonly host?: string;
  readonly target: string;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
  readonly status?: number;
  readonly client?: string;
}

/** When tests begin: noon, so that a day does not end by itself. */
export const NOON = Date.UTC(2026, 10, 21, 12);

/** An inventory behind a core, at a clock of its own. */
export class Traffic {
  nowMs = NOON;
  readonly inventory: Inventory;
  readonly #context: InspectionContext;

  /** @param mayMissAnswers as in the ext_proc server */
  constructor(options: Partial<InventoryOptions> = {}, policy: Partial<Policy> = {}, mayMissAnswers = false) {
    const engine = Engine.load();
    applyReady(engine, readyPolicy({ ...defaultPolicy, mode: "monitoring", ...policy }));
    const rest = { node: "node-1", applications: () => new Map<number, string>(), perSecond: 1e6 };
    this.inventory = new Inventory({ ...rest, now: () => this.nowMs, ...options });
    this.#context = {
      inspector: engine,
      configuration: { inspectResponses: true },
      policy: () => fixedPolicy({ ...policyDefaults, blockPage: { statusCode: 403 } }),
      counters: inspectionCounters(),
      nextId: createUlidSource(),
      onVerdict: null,
      sample: (head) => this.inventory.sample(head),
      mayMissAnswers,
    };
  }

  /** Sends a request through the core. */
  send({
    method,
    host = "shop.example",
    target,
    headers = [],
    body = "",
    status = 200,
    client = "192.0.2.9",
  }: Sent): void {
    const head = {
      ...{ method: method ?? (body.length === 0 ? "GET" : "POST"), target, authority: host },
      ...{ scheme: "https" as const, rawHeaders: headers },
    };
    const inspection = new Inspection(this.#context, head, client, this.nowMs);
    inspection.head();
    const bytes = Buffer.from(body);
    // In two pieces, as bodies come.
    if (bytes.length > 0) inspection.body(bytes.subarray(0, bytes.length >> 1));
    if (bytes.length > 0) inspection.body(bytes.subarray(bytes.length >> 1));
    inspection.end(null);
    inspection.finish(status);
  }

  /** What would be sent now. */
  lines(): Endpoint[] {
    return this.inventory.due(100_000, true);
  }
}

/** JSON with its content type. */
export function json(value: unknown): Pick<Sent, "headers" | "body"> {
  return { headers: ["content-type", "application/json"], body: JSON.stringify(value) };
}
