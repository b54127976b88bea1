/**
 * A whole console for the pages' tests: the real API on a real socket, records in a real store on SQLite, and a real
 * core whose policy the console changes.
 */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { applyPolicy } from "../../../hosts/policy/apply.ts";
import { parsePolicy } from "../../../hosts/policy/policy-text.ts";
import { type Console, openConsole } from "../../../hosts/postanalytics/console.ts";
import { serveConsole } from "../../../hosts/postanalytics/console-server.ts";
import { EmbeddedDoor } from "../../../hosts/postanalytics/policy/embedded-door.ts";
import { checkSearch } from "../../../hosts/postanalytics/search/search-check.ts";
import { SqlRecordStore } from "../../../hosts/postanalytics/store/record-store.ts";
import { openSqlite } from "../../../hosts/postanalytics/store/sqlite.ts";
import type { AttackRecord } from "../../../hosts/records/record.ts";
import { bundleConsole } from "../../../hosts/web/page-files.ts";
import { temporaryFolder } from "../postanalytics/store/stage.ts";

const POLICY_TEXT = `apiVersion: merlon.dev/v1alpha1
kind: WafPolicy
spec:
  defaults: { mode: block }
  scopes:
    - match: { host: shop.example, path: /admin/** }
      mode: monitoring
---
apiVersion: merlon.dev/v1alpha1
kind: WafIPList
spec:
  list: deny
  entries: [{ cidr: 198.51.100.0/24, reason: from the file }]
`;
const KNOWN_ATTACKS = [
  { type: "sqli", text: "1 UNION SELECT name FROM users" },
  { type: "sqli", text: "1; DROP TABLE a" },
  { type: "xss", text: "<script>alert(1)</script>" },
];
/** One module for all engines of a test file. */
const MODULE = Engine.load();

/** A running site. */
export interface RealSite {
  readonly console: Console;
  readonly store: SqlRecordStore;
  /** The core whose policy the console changes. */
  readonly engine: Engine;
  readonly origin: string;
  /** A link that opens one session of an admin. */
  readonly link: () => string;
}

/** Starts a site with these records; it ends with the test. */
export async function startSite(records: readonly AttackRecord[]): Promise<RealSite> {
  const folder = temporaryFolder();
  const [database, tables] = [
    await openSqlite(join(folder, "records.sqlite")),
    await openSqlite(join(folder, "site.sqlite")),
  ];
  const store = await SqlRecordStore.open(folder, database);
  const engine = MODULE.sibling();
  const policy = parsePolicy(POLICY_TEXT, "merlon.yaml");
  const base = { name: "merlon.yaml", origin: "file", text: POLICY_TEXT, policy } as const;
  const host = { node: "local", refusal: null, load: (next: typeof policy) => applyPolicy(engine, next) };
  const traffic = {
    ...{ requests: 184_220, inspected: 183_907, blocked: 78, addedMicrosP50: 61, addedMicrosP99: 412 },
    skipped: { oversize: 201, policy: 112 },
  };
  const made = await openConsole({
    ...{ database: tables, store, knownAttacks: KNOWN_ATTACKS, withLink: true, names: new Set(), secure: false },
    ...{ oidc: null, version: "0.1.0", say: () => {}, checkSearch, engine: () => MODULE.sibling() },
    files: await bundleConsole(),
    local: { id: "local", kind: "local", version: "0.1.0", traffic: () => traffic },
    openPolicy: (kept) => EmbeddedDoor.open(host, base, kept),
    openExports: async () => ({
      list: async () => [],
      add: async () => true,
      test: async () => undefined,
      remove: async () => null,
    }),
  });
  await store.append(records);
  await store.settled();
  const listening = await serveConsole(made.app, { host: "127.0.0.1", port: 0 });
  onTestFinished(async () => {
    made.close();
    await listening.close(0);
    await store.close();
    await database.close();
    await tables.close();
  });
  const { origin } = listening;
  return { console: made, store, engine, origin, link: () => made.parts.link?.address(origin) ?? origin };
}

/** What the site's core does with a request from a stranger. */
export function actionOf({ engine }: RealSite, target: string, method = "GET"): string {
  const transaction = engine.begin("203.0.113.9", Math.floor(Date.now() / 1000));
  transaction.raw(Buffer.from(`${method} ${target} HTTP/1.1\r\nhost: shop.example\r\n\r\n`));
  transaction.end();
  const { action } = transaction.verdict();
  transaction.free();
  return action;
}
