/**
 * Searches in SQL against the plain evaluator of expressions: the same records, whatever is asked, in both databases.
 */
import { describe, expect, test } from "vitest";
import { compileExpression, type Plain } from "../../../../hosts/policy/expression/expression.ts";
import { SEARCH_SCHEMA } from "../../../../hosts/postanalytics/search/fields.ts";
import { predicateOf } from "../../../../hosts/postanalytics/search/predicate.ts";
import { readSearch } from "../../../../hosts/postanalytics/search/search.ts";
import type { Database } from "../../../../hosts/postanalytics/store/database.ts";
import { Insertion } from "../../../../hosts/postanalytics/store/insertion.ts";
import { migrate } from "../../../../hosts/postanalytics/store/migration.ts";
import { RECORD_MIGRATIONS } from "../../../../hosts/postanalytics/store/migrations/records.ts";
import type { AttackRecord } from "../../../../hosts/records/record.ts";
import { createRandom } from "../../../bench/random.ts";
import { RecordSource } from "../../../bench/record-source.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { DIALECTS, emptyDatabase, openDialect } from "../store/stage.ts";
import { randomSearch, SEARCHES } from "./searches.ts";

const SEED = Number(process.env["MERLON_SEED"] ?? Math.floor(Math.random() * 1e9));
const RANDOM_SEARCHES = 150;
const NOW = Date.now();

/** A record as expressions see it. */
function plainOf(record: AttackRecord): Record<string, Plain> {
  const { request, client, response, app, hits } = record;
  return {
    now: NOW,
    ts: record.ts,
    type: [...new Set(hits.map(({ type }) => type))],
    stamp: hits.flatMap(({ stamps }) => stamps),
    parameter: hits.map(({ point_s }) => point_s),
    cve: hits.flatMap(({ cve }) => cve),
    cwe: hits.flatMap(({ cwe }) => cwe),
    decision: hits.map(({ decision }) => decision),
    exception: hits.flatMap(({ exception }) => exception ?? []),
    host: request.host,
    path: request.path,
    template: request.path_template,
    method: request.method,
    status: response.status,
    app: app.name ?? (app.id === 0 ? "" : String(app.id)),
    action: record.action,
    would_action: record.would_action,
    mode: record.mode,
    source: record.source,
    node: record.node.id,
    node_kind: record.node.kind,
    policy: record.policy.ref,
    severity: Math.max(0, ...hits.map(({ severity }) => severity)),
    hits: hits.length,
    incident: record.incident,
    ip: client.ip,
    country: client.country ?? "",
    asn: client.asn ?? 0,
    list: client.list,
    count: record.sampled.count_since_last,
    id: record.id,
    ref: record.ref,
    request_id: request.id ?? "",
    label: "",
  };
}

const ODD = sampleRecord({
  ts: new Date(NOW - 1000).toISOString(),
  client: { ip: "::ffff:10.1.2.3", list: "deny", country: "DE" },
  request: {
    ...sampleRecord().request,
    id: "it's \" a % _ * ? \\ request",
    path: "/a*b?c[d]%_\\'\"🧱/x",
    host: "odd.example",
  },
  hits: [
    sampleHit({ point_s: "post.json_doc.a'; drop table records; --", cve: ["CVE-2021-44228"] }),
    sampleHit({ type: "vpatch", exception: "e-1", decision: "excepted" }),
  ],
});

function someRecords(): AttackRecord[] {
  const source = new RecordSource(createRandom(11), NOW - 3_600_000, NOW, 300, {
    clients: 30,
    hosts: 3,
    routes: 4,
    points: 4,
  });
  const bare = sampleRecord({ hits: [], app: { name: null, id: 7 }, response: { status: 0, seen: false } });
  return [ODD, bare, ...Array.from({ length: 300 }, () => source.next())];
}

async function filled(
  context: Parameters<typeof emptyDatabase>[0],
  dialect: Database["dialect"],
): Promise<[Database, AttackRecord[]]> {
  const database = await openDialect(await emptyDatabase(context, dialect), dialect);
  await migrate(database, RECORD_MIGRATIONS);
  const records = someRecords();
  const entries = records.map((record) => ({ kind: "record", id: record.id, json: JSON.stringify(record) }) as const);
  await new Insertion(database, "test").write(entries, { segment: 1, offset: 16 });
  return [database, records];
}

async function foundBy(database: Database, where: string): Promise<string[]> {
  const { ast } = readSearch(where);
  if (ast === null) throw new Error("asks for nothing");
  const { sql, values } = predicateOf(ast, database.dialect, NOW);
  return (await database.query(`select r.id from records r where ${sql}`, values)).map(({ id }) => String(id)).sort();
}

function expectedBy(records: readonly AttackRecord[], where: string): string[] {
  const expression = compileExpression(readSearch(where).long, SEARCH_SCHEMA);
  return records
    .filter((record) => expression.evaluate(plainOf(record)) === true)
    .map(({ id }) => id)
    .sort();
}

describe.each(DIALECTS)("in %s", (dialect) => {
  test("each search finds what the evaluator finds", async (context) => {
    const [database, records] = await filled(context, dialect);
    const empty: string[] = [];
    for (const where of SEARCHES) {
      const expected = expectedBy(records, where);
      expect({ where, found: await foundBy(database, where) }).toEqual({ where, found: expected });
      if (expected.length === 0) empty.push(where);
    }
    // Those that find nothing say so on purpose; the others prove something.
    expect(empty).toEqual([
      `count > 9223372036854775807`,
      `label == "false_positive"`,
      `false || mode == "block" && action != "blocked"`,
    ]);
  });

  test(`searches made of searches find what the evaluator finds, seed ${SEED}`, async (context) => {
    const [database, records] = await filled(context, dialect);
    const random = createRandom(SEED);
    for (let i = 0; i < RANDOM_SEARCHES; i++) {
      const where = randomSearch(random, 1 + random(2));
      expect({ where, found: await foundBy(database, where) }).toEqual({ where, found: expectedBy(records, where) });
    }
  });
});

test("what people write is in the values and never in the SQL", () => {
  const canary = "x7canary'; drop table records; --";
  const quoted = JSON.stringify(canary);
  const where = [
    `path == ${quoted} || path.contains(${quoted}) || host in [${quoted}, "a"] || ref == ${quoted}`,
    `request_id == ${quoted} || label == ${quoted} || type == ${quoted} || stamp.exists(s, s.startsWith(${quoted}))`,
  ].join(" || ");
  const { ast } = readSearch(where);
  if (ast === null) throw new Error("asks for nothing");
  for (const dialect of DIALECTS) {
    const { sql, values } = predicateOf(ast, dialect, NOW);
    expect(sql).not.toContain("canary");
    expect(sql.split("?").length - 1).toBe(values.length);
  }
});

test.each([
  [`size(type) > 1`, "is more than the store can be asked"],
  [`path == host`, "compares two fields"],
  [`path.matches("^/a[bc]")`, "is no pattern for a search"],
  [`path.matches("a.*b.*c.*d.*e.*f.*g.*h.*i.*j")`, "has 11 times *"],
  [`path + "x" == "ax"`, "is more than the store can be asked"],
  [`ip.family() == 4`, "is more than the store can be asked"],
])("%s is refused: %s", (where, says) => {
  const { ast } = readSearch(where);
  if (ast === null) throw new Error("asks for nothing");
  expect(() => predicateOf(ast, "sqlite", NOW)).toThrow(says);
});
