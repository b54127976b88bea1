/**
 * A whole console for tests: a real socket, a real SQLite database, a real engine whose policy it changes, and people
 * of every role; records lie in memory unless the test brings a store.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { applyPolicy } from "../../../hosts/policy/apply.ts";
import { parsePolicy } from "../../../hosts/policy/policy-text.ts";
import type { OidcSettings } from "../../../hosts/postanalytics/access/oidc.ts";
import type { PageFile } from "../../../hosts/postanalytics/api/app.ts";
import { type Client, createClient } from "../../../hosts/postanalytics/api/client.ts";
import type { Role } from "../../../hosts/postanalytics/api/operations.ts";
import { CSRF_HEADER } from "../../../hosts/postanalytics/api/operations.ts";
import { type Console, openConsole } from "../../../hosts/postanalytics/console.ts";
import { type ListeningConsole, serveConsole } from "../../../hosts/postanalytics/console-server.ts";
import type { Exports } from "../../../hosts/postanalytics/export/exports.ts";
import { EmbeddedDoor } from "../../../hosts/postanalytics/policy/embedded-door.ts";
import type { KnownAttack } from "../../../hosts/postanalytics/policy/known-attacks.ts";
import { checkSearch } from "../../../hosts/postanalytics/search/search-check.ts";
import type { Database } from "../../../hosts/postanalytics/store/database.ts";
import { openSqlite } from "../../../hosts/postanalytics/store/sqlite.ts";
import type { RecordStore } from "../../../hosts/postanalytics/store/store.ts";
import { MemoryStore } from "./memory-store.ts";
import { temporaryFolder } from "./store/stage.ts";

/** A policy as a file would have it, with an exception of its own. */
export const POLICY_TEXT = `apiVersion: merlon.dev/v1alpha1
kind: WafPolicy
spec:
  defaults: { mode: block }
  scopes:
    - match: { host: shop.example, path: /admin/** }
      mode: monitoring
      application: back-office
---
apiVersion: merlon.dev/v1alpha1
kind: WafException
metadata: { name: from-file }
spec:
  match: { host: shop.example, path: /tutorials/*, point: post.form_urlencoded.text }
  ignore: { stamps: [sqli-union] }
  reason: tutorials about SQL
  expiresAt: 2099-01-01
---
apiVersion: merlon.dev/v1alpha1
kind: WafIPList
spec:
  list: deny
  entries: [{ cidr: 198.51.100.0/24, reason: old }]
`;

/** What a test may say of its console. */
export interface StageOptions {
  readonly store?: RecordStore;
  readonly database?: Database;
  readonly exports?: (database: Database) => Promise<Exports>;
  readonly oidc?: { readonly settings: OidcSettings; readonly secret: string | undefined };
  readonly knownAttacks?: readonly KnownAttack[];
  readonly refusal?: string;
  readonly names?: readonly string[];
  readonly secure?: boolean;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  readonly files?: ReadonlyMap<string, PageFile>;
  readonly now?: () => number;
}

/** A running console. */
export interface Stage {
  readonly console: Console;
  readonly listening: ListeningConsole;
  readonly store: RecordStore;
  readonly database: Database;
  /** The engine whose policy the console changes. */
  readonly engine: Engine;
  readonly origin: string;
  /** Lines for the operator. */
  readonly lines: string[];
  /** Calls as somebody with a token of this role. */
  as(role: Role, tenants?: readonly string[] | null): Promise<Client & { readonly token: string }>;
}

/** One module for all engines of a test file. */
const MODULE = Engine.load();

const NO_EXPORTS: Exports = {
  list: async () => [],
  add: async () => true,
  test: async () => undefined,
  remove: async () => null,
};

/** Starts a console on a free port; it ends with the test. */
export async function startConsole(options: StageOptions = {}): Promise<Stage> {
  const database = options.database ?? (await openSqlite(join(temporaryFolder(), "console.sqlite")));
  const store = options.store ?? new MemoryStore();
  const engine = MODULE.sibling();
  const lines: string[] = [];
  const base = {
    name: "merlon.yaml",
    origin: "file",
    text: POLICY_TEXT,
    policy: parsePolicy(POLICY_TEXT, "t"),
  } as const;
  const now = options.now ?? Date.now;
  const host = {
    node: "local",
    refusal: options.refusal ?? null,
    load: (policy: typeof base.policy) => applyPolicy(engine, policy),
  };
  const made = await openConsole({
    ...{ database, store, now, knownAttacks: options.knownAttacks ?? [], local: null, withLink: true },
    names: new Set(options.names ?? []),
    secure: options.secure ?? false,
    files: options.files ?? new Map(),
    openPolicy: (tables) => EmbeddedDoor.open(host, base, tables, now),
    checkSearch,
    openExports: options.exports ?? (async () => NO_EXPORTS),
    engine: () => MODULE.sibling(),
    oidc: options.oidc ?? null,
    version: "0.0.0-test",
    say: (line) => lines.push(line),
  });
  const listening = await serveConsole(made.app, { host: "127.0.0.1", port: 0, tls: options.tls });
  onTestFinished(async () => {
    made.close();
    await listening.close(0);
    await database.close();
  });
  const as: Stage["as"] = async (role, tenants = null) => {
    const key = createHash("sha256")
      .update(JSON.stringify([role, tenants]))
      .digest("hex")
      .slice(0, 8);
    const name = `${role}-${key}`;
    const added = await made.parts.users.add(name, role, tenants, false);
    if (typeof added === "string" && added !== "exists") throw new Error(added);
    const token = await made.parts.apiTokens.add({ name: "test", user: name, role, tenants, lifeMs: 3_600_000 });
    if (token === null) throw new Error("too many tokens");
    return { ...createClient({ origin: listening.origin, token: token.token }), token: token.token };
  };
  return { console: made, listening, store, database, engine, origin: listening.origin, lines, as };
}

/** A browser without pages: keeps cookies and sends what our pages send. */
export class Browser {
  readonly #origin: string;
  readonly cookies = new Map<string, string>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Sends a request as a page of the console would; headers in `init` take the place of its own. */
  async send(path: string, init: RequestInit & { readonly json?: unknown } = {}): Promise<Response> {
    const { json, headers, ...rest } = init;
    const own: Record<string, string> = { [CSRF_HEADER]: "1", origin: this.#origin };
    if (json !== undefined) own["content-type"] = "application/json";
    if (this.cookies.size > 0) own["cookie"] = [...this.cookies].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(`${this.#origin}${path}`, {
      ...{ redirect: "manual", ...rest, headers: { ...own, ...Object.fromEntries(new Headers(headers)) } },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = "", attributes = ""] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? [];
      if (/max-age=0\b/i.test(attributes)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** Signs in with a password. */
  login(name: string, password: string): Promise<Response> {
    return this.send("/api/v1/session", { method: "POST", json: { name, password } });
  }
}

/** An answer's body and status. */
export async function answerOf(response: Response): Promise<{ readonly status: number; readonly body: unknown }> {
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}
