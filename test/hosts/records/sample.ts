/** Records for tests that need some and do not care how they were made. */
import { createUlidSource, refOf } from "../../../hosts/core/ulid.ts";
import type { AttackRecord, Hit } from "../../../hosts/records/record.ts";

const nextId = createUlidSource();

/** A hit of an SQL injection in a query. */
export function sampleHit(fields: Partial<Hit> = {}): Hit {
  return {
    type: "sqli",
    stamps: ["sqli-union"],
    cwe: ["CWE-89"],
    cve: [],
    severity: 5,
    point: ["query", "id"],
    point_s: "query.id",
    reason: "A set operation joins a query that its author did not write.",
    layers: [
      { as: "raw", span: [2, 14], excerpt_b64: Buffer.from("1 UNION SELECT 2").toString("base64"), excerpt_at: 0 },
    ],
    payload: "UNION SELECT",
    decision: "would_block",
    exception: null,
    ...fields,
  };
}

/** A record; `fields` take the place of its own. */
export function sampleRecord(fields: Partial<AttackRecord> = {}): AttackRecord {
  const id = nextId();
  return {
    v: 1,
    id,
    ref: refOf(id),
    ts: "2026-11-21T12:00:00.000Z",
    seq: 1,
    node: { id: "node-1", kind: "sidecar", version: "0.1.0" },
    ruleset: { id: "0.1.0", sha256: "0".repeat(64) },
    policy: { ref: "merlon.yaml", generation: 1, sha256: "0".repeat(64) },
    mode: "block",
    action: "blocked",
    would_action: "block",
    source: "inline",
    app: { name: "shop", id: 12 },
    env: {},
    client: { ip: "203.0.113.7", list: "none" },
    request: {
      scheme: "https",
      method: "GET",
      host: "shop.example",
      path: "/articles/7",
      path_template: "/articles/{id}",
      query: "id=1%20UNION%20SELECT%202",
      headers: [["user-agent", "test"]],
    },
    response: { status: 403, seen: false },
    hits: [sampleHit()],
    limits: { reached: [], parser_anomaly: [], matches_dropped: 0 },
    incident: false,
    masked: [],
    sampled: { kept: true, group: "g", count_since_last: 1 },
    ...fields,
  };
}
