/**
 * Stands in for the API of postanalytics, for tests of pages that ask for nothing else: it serves the answers of the
 * API's own schemas from records in memory, checks what it is asked and what it answers by these schemas, and knows of
 * the search grammar only what a click makes. What the real API does with a question is not tested here.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import { OPERATIONS, type Operation, type OperationName } from "../../../hosts/postanalytics/api/operations.ts";
import { type Answer, type Asked, SHAPES, type Shapes } from "../../../hosts/postanalytics/api/routes.ts";
import type { Attack, GroupField } from "../../../hosts/postanalytics/store/store.ts";
import type { AttackRecord } from "../../../hosts/records/record.ts";
import { bundleConsole, type ConsoleFiles } from "../../../hosts/web/page-files.ts";

/** What a test may put in the place of an answer. */
export type Handlers = {
  [Name in OperationName]?: (asked: Loose<Name>) => Answer<Name> | Refusal;
};
interface Loose<Name extends OperationName> {
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Asked<Name>["body"];
}

/** An answer that is none. */
export class Refusal {
  readonly status: number;
  readonly detail: string;

  constructor(status: number, detail: string) {
    this.status = status;
    this.detail = detail;
  }
}

/** Stricter than that of the real server: the pages make no trusted type at all, and load no data as images. */
const CONTENT_POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'", "base-uri 'none'"],
  ...["form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"],
].join("; ");

const FIELDS: Readonly<Record<string, (record: AttackRecord) => readonly (string | boolean)[]>> = {
  type: ({ hits }) => hits.map(({ type }) => type),
  stamp: ({ hits }) => hits.flatMap(({ stamps }) => stamps),
  point: ({ hits }) => hits.map(({ point_s }) => point_s),
  ip: ({ client }) => [client.ip],
  country: ({ client }) => [client.country ?? ""],
  host: ({ request }) => [request.host],
  path: ({ request }) => [request.path],
  method: ({ request }) => [request.method],
  app: ({ app }) => [app.name ?? ""],
  node: ({ node }) => [node.id],
  policy: ({ policy }) => [policy.ref],
  action: ({ action }) => [action],
  parameter: ({ hits }) => hits.map(({ point_s }) => point_s),
  template: ({ request }) => [request.path_template],
  incident: ({ incident }) => [incident],
};
const CONDITION = /^(\w+) (==|!=) ("(?:[^"\\]|\\.)*"|true|false)$/;

interface Condition {
  readonly long: string;
  readonly fits: (record: AttackRecord) => boolean;
}

/** @returns null where the search is more than clicks make */
function conditionsOf(where: string): Condition[] | null {
  if (where === "") return [];
  const conditions = where.split(" && ").map((long): Condition | null => {
    const short = /^(?:sqli|xss|ptrav)$/.test(long) ? `type == "${long}"` : long;
    const [, field = "", sign = "==", value = "true"] = CONDITION.exec(short) ?? ["", short];
    const read = FIELDS[field];
    if (read === undefined) return null;
    const wanted: unknown = JSON.parse(value);
    return { long: short, fits: (record) => read(record).some((one) => one === wanted) === (sign === "==") };
  });
  return conditions.every((one) => one !== null) ? conditions : null;
}

/** The server, its records, and what was asked of it. */
export class StandIn {
  readonly server: Server;
  records: AttackRecord[];
  /** Names of the operations in the order in which they were asked. */
  readonly asked: OperationName[] = [];
  readonly handlers: Handlers = {};
  readonly #files: ConsoleFiles;
  readonly #streams = new Set<ServerResponse>();
  generation = 1;
  session: Answer<"session"> = {
    ...{ name: "ada", role: "admin", tenants: null, by: "password", mustChangePassword: false, version: "0.1.0" },
    ...{ idleUntil: Date.now() + 3_600_000, endsAt: Date.now() + 36_000_000 },
    policyWrite: { allowed: true, reason: "" },
  };
  isSignedIn = true;
  exceptions: Answer<"exceptions">["items"] = [];

  constructor(files: ConsoleFiles, records: readonly AttackRecord[]) {
    this.#files = files;
    this.records = [...records];
    this.server = createServer((request, response) => {
      void this.#answer(request, response).catch((error: unknown) => {
        this.#problem(response, 500, error instanceof Error ? error.message : String(error));
      });
    });
  }

  /** Tells every open stream of this many new records. */
  announce(records: number): void {
    const summary = JSON.stringify({ at: Date.now(), records, blocked: 0, skipped: records });
    for (const stream of this.#streams) stream.write(`event: summary\ndata: ${summary}\n\n`);
  }

  get streams(): number {
    return this.#streams.size;
  }

  #problem(response: ServerResponse, status: number, detail: string): void {
    response.writeHead(status, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ type: "about:blank", title: "", status, detail, code: `S${status}` }));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("content-security-policy", CONTENT_POLICY);
    response.setHeader("x-content-type-options", "nosniff");
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    if (!url.pathname.startsWith("/api/")) {
      const file = this.#files.get(url.pathname === "/" ? "/index.html" : url.pathname);
      if (file === undefined) return this.#problem(response, 404, "there is no such page");
      response.writeHead(200, { "content-type": file.type }).end(file.content);
      return;
    }
    const found = operationOf(request.method ?? "GET", url.pathname);
    if (found === null) return this.#problem(response, 404, "there is no such call");
    const { name, path } = found;
    this.asked.push(name);
    if (!this.isSignedIn && OPERATIONS[name].access !== "anyone") {
      return this.#problem(response, 401, "sign in first");
    }
    if (name === "live") return this.#stream(response);
    const query = Object.fromEntries(url.searchParams);
    const text = await bodyOf(request);
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const shapes: Shapes = SHAPES[name];
    const faults = [shapes.query?.safeParse(query).error, shapes.body?.safeParse(body).error].filter((one) => one);
    if (faults[0] !== undefined) return this.#problem(response, 400, z.prettifyError(faults[0]));
    const answer = this.#dispatch(name, { path, query, body });
    if (answer instanceof Refusal) return this.#problem(response, answer.status, answer.detail);
    const checked = JSON.stringify(shapes.answer?.parse(answer));
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end(checked);
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": here\n\n");
    this.#streams.add(response);
    response.on("close", () => this.#streams.delete(response));
  }

  // biome-ignore lint/suspicious/noExplicitAny: one door for all operations; the schemas check both sides.
  #dispatch(name: OperationName, asked: any): unknown {
    const own = this.handlers[name];
    if (own !== undefined) return own(asked);
    const answers: Readonly<Record<string, () => unknown>> = {
      loginMethods: () => ({ password: true, oidc: null }),
      session: () => this.session,
      login: () => this.#login(asked.body),
      openLink: () => this.#login({ name: "ada", password: asked.body.key === "good" ? "right" : "wrong" }),
      logout: () => {
        this.isSignedIn = false;
        return { done: true };
      },
      record: () => {
        const id: string = asked.path.id;
        return this.records.find((one) => one.id === id || one.ref === id) ?? new Refusal(404, "no such record");
      },
      labelRecord: () => this.#label(asked.path.id, asked.body),
      records: () => this.#page(this.#search(asked.query), asked.query),
      attacks: () => this.#page(this.#attacks(asked.query), asked.query),
      countRecords: () => ({ count: this.#search(asked.query).length }),
      statistics: () => statisticsOf(this.#search(asked.query), asked.query),
      checkSearch: () => checkOf(asked.query.where),
      policyState: () => this.#policyState(),
      proposeExceptions: () => this.#propose(asked.body),
      previewException: () => this.#preview(asked.body.draft),
      applyException: () => this.#apply(asked.body.draft),
      removeException: () => {
        this.exceptions = this.exceptions.filter((one) => one.name !== asked.path.name);
        return { name: asked.path.name, generation: ++this.generation, at: Date.now() };
      },
      exceptions: () => ({ items: this.exceptions, countedSince: Date.now() - 3_600_000 }),
    };
    return answers[name]?.() ?? new Refusal(501, `the stand-in has no ${name}`);
  }

  #login({ name, password }: { name: string; password: string }): unknown {
    if (password !== "right") return new Refusal(401, "name or password is wrong");
    this.isSignedIn = true;
    this.session = { ...this.session, name };
    return this.session;
  }

  #label(id: string, label: AttackRecord["labels"]): unknown {
    this.records = this.records.map((one) => (one.id === id ? { ...one, labels: label } : one));
    return { done: true };
  }

  #search(query: Record<string, string>): AttackRecord[] {
    const conditions = conditionsOf(query["where"] ?? "") ?? [];
    const [from, to] = [Number(query["from"] ?? 0), Number(query["to"] ?? Number.MAX_SAFE_INTEGER)];
    return this.records.filter((record) => {
      const at = Date.parse(record.ts);
      return at >= from && at < to && conditions.every(({ fits }) => fits(record));
    });
  }

  #page<T>(items: readonly T[], { limit = "50", cursor = "0" }: Record<string, string>) {
    const end = Number(cursor) + Number(limit);
    return { items: items.slice(Number(cursor), end), next: end < items.length ? String(end) : null };
  }

  #attacks(query: Record<string, string>): Attack[] {
    const fields = (query["groupBy"] ?? "type").split(",") as GroupField[];
    const groups = Map.groupBy(this.#search(query), (record) => {
      return JSON.stringify(
        fields.map((field) => [field, String(FIELDS[field === "path" ? "template" : field]?.(record)[0] ?? "")]),
      );
    });
    const attacks = [...groups].map(([key, records]) => attackOf(Object.fromEntries(JSON.parse(key)), records));
    return query["order"] === "count" ? attacks.sort((a, b) => b.records - a.records) : attacks;
  }

  #policyState() {
    const node = { id: "node-1", generation: this.generation, active: true, problem: null, at: Date.now() };
    const sha256 = "0".repeat(64);
    return { generation: this.generation, sha256, since: Date.now(), active: 1, total: 1, tookMs: 40, nodes: [node] };
  }

  #propose({ record, days = 30 }: { record: string; days?: number }): unknown {
    const found = this.records.find(({ id }) => id === record);
    const hit = found?.hits.find(({ decision }) => decision === "would_block");
    if (found === undefined) return new Refusal(404, "no such record");
    if (hit === undefined) return new Refusal(409, "nothing in this record counts any more");
    const { host, method, path, path_template } = found.request;
    const match = {
      host,
      method: method.slice(0, 32),
      path: path_template.replace(/\{\w+\}/g, "*") || path,
      point: hit.point_s,
    };
    const expiresAt = new Date(Date.now() + days * 86_400_000).toISOString();
    const draft = {
      match,
      ignore: { stamps: hit.stamps.map((stamp) => stamp.slice(0, 64)), types: [] },
      reason: "",
      expiresAt,
    };
    return { items: [{ draft, yaml: "" }], notes: [] };
  }

  #covered(draft: Answer<"exceptions">["items"][number]["draft"]): AttackRecord[] {
    const { host, method, path, point } = draft.match;
    const begins = point?.endsWith(".**") === true ? point.slice(0, -2) : null;
    return this.records.filter(({ request, hits }) => {
      if ((host ?? request.host) !== request.host || (method ?? request.method) !== request.method) return false;
      if (path !== undefined && !fitsTemplate(path, request.path)) return false;
      return hits.some(({ stamps, type, point_s }) => {
        if (point !== undefined && point !== point_s && !(begins !== null && point_s.startsWith(begins))) return false;
        return draft.ignore.types.includes(type) || stamps.some((stamp) => draft.ignore.stamps.includes(stamp));
      });
    });
  }

  #preview(draft: Answer<"exceptions">["items"][number]["draft"]): Answer<"previewException"> {
    const covered = this.#covered(draft);
    const lines = covered.slice(0, 20).map((record) => {
      const { id, ref, hits, client, request } = record;
      const { method, host, path } = request;
      const types = hits.map(({ type }) => type);
      return {
        id,
        ref,
        at: Date.parse(record.ts),
        ip: client.ip,
        method,
        host,
        path,
        types,
        payload: hits[0]?.payload ?? "",
      };
    });
    const trueAttacks = lines.filter(({ id }) => {
      return this.records.find((one) => one.id === id)?.labels?.verdict === "true_attack";
    });
    const wide = draft.ignore.types.length > 0;
    const admitted = wide ? [{ type: "sqli", payload: "1 OR 1=1", stamps: ["sqli-tautology"] }] : [];
    return {
      ...{ examined: this.records.length, complete: true, touched: covered.length, released: covered.length },
      ...{ hits: covered.length, clients: new Set(covered.map(({ client }) => client.ip)).size },
      byStamp: draft.ignore.stamps.map((stamp) => ({ stamp, count: covered.length })),
      untouchedOnRoute: this.records.filter(({ request }) => request.path === draft.match.path).length,
      ...{ trueAttacks, examples: lines },
      knownAttacks: { tried: 240, admitted, admittedCount: admitted.length },
    };
  }

  #apply(draft: Answer<"exceptions">["items"][number]["draft"]) {
    const name = `console-${this.exceptions.length + 1}`;
    this.exceptions = [
      ...this.exceptions,
      {
        ...{ name, draft, ignoresAll: false, expired: false, hits: 0, lastHit: null, managedBy: "console" },
        ...{ createdBy: this.session.name, createdAt: Date.now(), yaml: "" },
      },
    ];
    return { name, generation: ++this.generation, at: Date.now() };
  }
}

/** Whether a path fits a template with `*` for a segment and `**` at its end for what follows. */
function fitsTemplate(template: string, path: string): boolean {
  const wanted = template.split("/");
  const given = path.split("/");
  const isOpen = wanted.at(-1) === "**";
  const kept = isOpen ? wanted.slice(0, -1) : wanted;
  if (isOpen ? given.length < kept.length : given.length !== kept.length) return false;
  return kept.every((segment, at) => segment === "*" || segment === given[at]);
}

function operationOf(method: string, pathname: string): { name: OperationName; path: Record<string, string> } | null {
  // Literal paths before those with names in them: `/records/count` is no record's id.
  const entries = Object.entries(OPERATIONS) as [OperationName, Operation][];
  for (const [name, operation] of entries.sort(
    ([, a], [, b]) => Number(a.path.includes("{")) - Number(b.path.includes("{")),
  )) {
    const pattern = operation.path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
    const match = operation.method === method ? new RegExp(`^${pattern}$`).exec(pathname) : null;
    if (match === null) continue;
    const path = Object.entries(match.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)]);
    return { name, path: Object.fromEntries(path) };
  }
  return null;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

function attackOf(key: Attack["key"], records: readonly AttackRecord[]): Attack {
  const [sample] = records;
  if (sample === undefined) throw new Error("a group has at least one record");
  const times = records.map(({ ts }) => Date.parse(ts));
  const hits = records.flatMap((record) => record.hits);
  return {
    ...{ id: JSON.stringify(key).slice(0, 256), key, types: [...new Set(hits.map(({ type }) => type))] },
    ...{ stamps: [...new Set(hits.flatMap(({ stamps }) => stamps))], records: records.length, hits: hits.length },
    blocked: records.filter(({ action }) => action === "blocked").length,
    incidents: records.filter(({ incident }) => incident).length,
    clients: new Set(records.map(({ client }) => client.ip)).size,
    severity: Math.max(0, ...hits.map(({ severity }) => severity)),
    ...{ firstSeen: Math.min(...times), lastSeen: Math.max(...times), isNew: records.length < 5 },
    falsePositives: records.filter(({ labels }) => labels?.verdict === "false_positive").length,
    sample,
  };
}

function statisticsOf(records: readonly AttackRecord[], query: Record<string, string>): Answer<"statistics"> {
  const [from, to, buckets] = [Number(query["from"] ?? 0), Number(query["to"] ?? 1), Number(query["buckets"] ?? 60)];
  const bucketMs = Math.max(1, Math.ceil((to - from) / buckets));
  const series = Array.from({ length: buckets }, (_, i) => ({ at: from + i * bucketMs, records: 0, blocked: 0 }));
  for (const { ts, action } of records) {
    const bucket = series[Math.floor((Date.parse(ts) - from) / bucketMs)];
    if (bucket === undefined) continue;
    bucket.records++;
    if (action === "blocked") bucket.blocked++;
  }
  const top = (query["top"] ?? "type").split(",").map((field) => {
    const counts = Map.groupBy(records, (record) =>
      String(FIELDS[field === "path" ? "template" : field]?.(record)[0] ?? ""),
    );
    const values = [...counts].map(([value, { length: count }]) => ({ value, count }));
    return [field, values.sort((a, b) => b.count - a.count).slice(0, 10)];
  });
  const blocked = records.filter(({ action }) => action === "blocked").length;
  const clients = new Set(records.map(({ client }) => client.ip)).size;
  const totals = { records: records.length, hits: records.flatMap(({ hits }) => hits).length, blocked, clients };
  return { bucketMs, series, totals, top: Object.fromEntries(top) };
}

function checkOf(where: string): Answer<"checkSearch"> {
  const conditions = conditionsOf(where);
  if (conditions === null) {
    const problem = { message: `the stand-in cannot read "${where}"`, at: 0 };
    return { valid: false, long: "", chips: [], problem };
  }
  const chips = conditions.map(({ long }) => ({ text: long.replace(" == ", ":"), long, negated: long.includes("!=") }));
  return { valid: true, long: conditions.map(({ long }) => long).join(" && "), chips, problem: null };
}

/** A stand-in with the console's files, not yet listening. */
export async function createStandIn(records: readonly AttackRecord[]): Promise<StandIn> {
  return new StandIn(await bundleConsole(), records);
}
