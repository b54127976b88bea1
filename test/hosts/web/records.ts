/** Records as a shop sees them in a day: kinds of attack, clients and routes; the same seed, the same records. */
import type { AttackRecord, Hit } from "../../../hosts/records/record.ts";
import { sampleHit, sampleRecord } from "../records/sample.ts";

interface Kind {
  readonly type: string;
  readonly stamp: string;
  readonly cwe: string;
  readonly severity: number;
  readonly method: string;
  readonly path: string;
  readonly template: string;
  readonly point: string;
  readonly reason: string;
  /** Layers from the raw bytes on: name, text before, what matched, text behind. */
  readonly layers: readonly (readonly [as: string, before: string, match: string, after: string])[];
}

const KINDS: readonly Kind[] = [
  {
    ...{ type: "sqli", stamp: "sqli-union", cwe: "CWE-89", severity: 5, method: "GET", path: "/articles/7" },
    ...{ template: "/articles/{id}", point: "query.id" },
    reason: "the value adds a second SELECT to the statement it is put into",
    layers: [
      ["raw", "1%20", "UNION%20SELECT%20password", "%20FROM%20users"],
      ["percent", "1 ", "UNION SELECT password", " FROM users"],
    ],
  },
  {
    ...{ type: "xss", stamp: "xss-handler", cwe: "CWE-79", severity: 4, method: "POST", path: "/reviews" },
    ...{ template: "/reviews", point: "post.json_doc.hash.text" },
    reason: "an element in the value has an event handler that does something",
    layers: [
      ["raw", "PGltZyBzcmM9eCB", "vbmVycm9yPWFsZXJ0KGRvY3VtZW50LmNvb2tpZSk", "+"],
      ["base64", "<img src=x ", "onerror=alert(document.cookie)", ">"],
    ],
  },
  {
    ...{ type: "ptrav", stamp: "ptrav-climb", cwe: "CWE-22", severity: 5, method: "GET", path: "/manual" },
    ...{ template: "/manual", point: "query.name" },
    reason: "the value climbs out of its folder",
    layers: [
      ["raw", "", "..%252f..%252f..%252fetc%252fpasswd", ""],
      ["form", "", "..%2f..%2f..%2fetc%2fpasswd", ""],
      ["percent", "", "../../../etc/passwd", ""],
    ],
  },
  {
    ...{ type: "rce", stamp: "rce-command", cwe: "CWE-78", severity: 5, method: "POST", path: "/api/ping" },
    ...{ template: "/api/ping", point: "post.form_urlencoded.host" },
    reason: "the value ends a command and begins another one",
    layers: [
      ["raw", "127.0.0.1", "%3Bcat+%2Fetc%2Fpasswd", ""],
      ["form", "127.0.0.1", ";cat /etc/passwd", ""],
    ],
  },
  {
    ...{ type: "scanner", stamp: "scanner-agent", cwe: "CWE-200", severity: 3, method: "GET", path: "/.env" },
    ...{ template: "/.env", point: "header.USER-AGENT" },
    reason: "the client calls itself a vulnerability scanner",
    layers: [["raw", "Mozilla/5.0 ", "Nuclei", " - Open-source project"]],
  },
];

/** A small generator of numbers (mulberry32), so that a seed says everything. */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function hitOf({ type, stamp, cwe, severity, point, reason, layers }: Kind): Hit {
  const payload = layers.at(-1)?.[2] ?? "";
  return sampleHit({
    ...{ type, stamps: [stamp], cwe: [cwe], severity, point: point.split("."), point_s: point, reason, payload },
    decision: severity >= 4 ? "would_block" : "counted",
    layers: layers.map(([as, before, match, after]) => {
      const excerpt = Buffer.from(before + match + after);
      const span: [number, number] = [before.length, before.length + match.length];
      return { as, span, excerpt_b64: excerpt.toString("base64"), excerpt_at: 0 };
    }),
  });
}

function bodyOf(kind: Kind): AttackRecord["request"]["body"] {
  if (kind.method === "GET") return undefined;
  const text = kind.layers[0]?.slice(1).join("") ?? "";
  const name = kind.point.split(".").at(-1) ?? "";
  const body = kind.point.includes("json") ? JSON.stringify({ stars: 5, [name]: text }) : `${name}=${text}`;
  const excerpt_b64 = Buffer.from(body).toString("base64");
  return { size: body.length, inspected: body.length, excerpt_b64, truncated: false };
}

/** @param until the last record's time; they are spread over the day before, more of them towards its end */
export function recordsOfADay(count: number, until: number, seed = 1): AttackRecord[] {
  const random = randomOf(seed);
  const records = Array.from({ length: count }, () => {
    const kind = KINDS[Math.floor(random() ** 1.6 * KINDS.length)] ?? KINDS[0];
    if (kind === undefined) throw new Error("there are no kinds of records");
    const at = new Date(until - Math.floor(random() ** 2 * 86_000_000));
    const blocked = kind.severity >= 4 && random() < 0.7;
    const ip = random() < 0.4 ? "203.0.113.7" : `198.51.100.${1 + Math.floor(random() * 60)}`;
    const body = bodyOf(kind);
    const raw = kind.layers[0]?.slice(1).join("") ?? "";
    const query = kind.point.startsWith("query.") ? `${kind.point.slice(6)}=${raw}` : "";
    return sampleRecord({
      ts: at.toISOString(),
      action: blocked ? "blocked" : "monitored",
      mode: blocked ? "block" : "monitoring",
      would_action: kind.severity >= 4 ? "block" : "pass",
      client: { ip, list: "none", country: random() < 0.5 ? "DE" : "NL", asn: 64500 },
      request: {
        ...{ scheme: "https", proto: "HTTP/1.1", method: kind.method, host: "shop.example", path: kind.path },
        ...{ path_template: kind.template, query },
        headers: [
          ["user-agent", kind.type === "scanner" ? raw : "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"],
          ["accept", "*/*"],
          ["authorization", "*******************"],
          ...(body === undefined ? [] : [["content-type", "application/json"] satisfies [string, string]]),
        ],
        ...(body === undefined ? {} : { body }),
      },
      response: { status: blocked ? 403 : 200, size: blocked ? 142 : 5120, time_ms: 1 + random() * 20, seen: !blocked },
      hits: [hitOf(kind)],
      incident: kind.type === "ptrav" && !blocked && random() < 0.2,
      masked: ["header.AUTHORIZATION"],
      limits: { reached: [], parser_anomaly: [], matches_dropped: 0, cpu_us: 20 + random() * 60 },
    });
  });
  return records.sort((a, b) => (a.ts < b.ts ? 1 : -1));
}
