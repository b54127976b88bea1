/**
 * The console put together: users, sessions, policy, live stream and pages around a store of records. What runs it (the
 * command, a proxy with a console in it, the demo) hands in the database, the store and the host whose policy it
 * changes.
 */
import type { Hono } from "hono";
import type { Engine } from "../core/engine.ts";
import { Audit } from "./access/audit.ts";
import { Oidc, type OidcSettings } from "./access/oidc.ts";
import { OneTimeLink } from "./access/one-time-link.ts";
import { SESSION_TIMES, Sessions, type SessionTimes } from "./access/sessions.ts";
import { CONSOLE_TABLES } from "./access/tables.ts";
import { Tokens } from "./access/tokens.ts";
import { Users } from "./access/users.ts";
import { ApiMetrics } from "./api/api-metrics.ts";
import { type AppEnvironment, type AppOptions, createApp } from "./api/app.ts";
import type { ApiParts } from "./api/context.ts";
import { LiveHub } from "./api/live.ts";
import { LoginGuard } from "./api/login-guard.ts";
import type { Exports } from "./export/exports.ts";
import { type LocalNode, NodeRegistry } from "./nodes/node-registry.ts";
import type { PolicyDoor } from "./policy/door.ts";
import { ExceptionCounts } from "./policy/exception-counts.ts";
import { type KnownAttack, KnownAttacks } from "./policy/known-attacks.ts";
import { PolicyLens } from "./policy/policy-lens.ts";
import type { SearchCheck } from "./search/search-check.ts";
import type { Database } from "./store/database.ts";
import { migrate } from "./store/migration.ts";
import type { RecordStore } from "./store/store.ts";

/** Name of the user that the first start makes, and that the one-time link opens. */
export const FIRST_USER = "admin";

/** What a console is made of. */
export interface ConsoleOptions extends Pick<AppOptions, "names" | "secure" | "files" | "intake"> {
  readonly database: Database;
  readonly store: RecordStore;
  /** Made once the console's tables are there. */
  readonly openPolicy: (database: Database) => Promise<PolicyDoor>;
  readonly openExports: (database: Database) => Promise<Exports>;
  readonly checkSearch: (where: string) => SearchCheck;
  /** Makes an engine; two are kept for questions about policies. */
  readonly engine: () => Engine;
  readonly knownAttacks: readonly KnownAttack[];
  readonly local: LocalNode | null;
  /** Whether a one-time link may open it. */
  readonly withLink: boolean;
  readonly oidc: { readonly settings: OidcSettings; readonly secret: string | undefined } | null;
  readonly times?: SessionTimes;
  readonly version: string;
  readonly now?: () => number;
  readonly say: (line: string) => void;
}

/** A console, not yet listening. */
export interface Console {
  readonly app: Hono<AppEnvironment>;
  readonly parts: ApiParts;
  /** The password that the first start has made for FIRST_USER; shown once, kept nowhere. Null at every other start. */
  readonly firstPassword: string | null;
  /** Ends streams; database and store belong to who opened them. */
  close(): void;
}

/** @throws MerlonError MERLON_STORE, MERLON_POLICY */
export async function openConsole(options: ConsoleOptions): Promise<Console> {
  const { database, store, now = Date.now, oidc, local, version, say } = options;
  await migrate(database, CONSOLE_TABLES);
  const users = new Users(database, now);
  const firstPassword = await firstUser(users);
  const linkUser = await rulerOf(users);
  const parts: ApiParts = {
    ...{ store, users, version, now, say, linkUser, checkSearch: options.checkSearch },
    sessions: new Sessions(database, options.times ?? SESSION_TIMES, now),
    apiTokens: new Tokens(database, "api", now),
    nodeTokens: new Tokens(database, "node", now),
    audit: new Audit(database, now),
    logins: new LoginGuard(now),
    live: new LiveHub(store, now),
    nodes: new NodeRegistry(store, local, now),
    policy: await options.openPolicy(database),
    lens: new PolicyLens(options.engine()),
    attacks: new KnownAttacks(options.engine(), options.knownAttacks),
    exceptionCounts: new ExceptionCounts(store, now),
    exports: await options.openExports(database),
    metrics: new ApiMetrics(),
    link: options.withLink ? new OneTimeLink() : null,
    oidc: oidc === null ? null : new Oidc(oidc.settings, oidc.secret, database, now),
  };
  const isReady = async (): Promise<boolean> => {
    return await database.query("select 1 as one").then(
      () => true,
      () => false,
    );
  };
  return {
    app: createApp(parts, { ...options, isReady }),
    parts,
    firstPassword,
    close: () => {
      parts.live.close();
      parts.nodes.close();
      parts.exceptionCounts.close();
    },
  };
}

/** @returns the name of somebody who may do everything: the first user, or whoever has come in that place */
export async function rulerOf(users: Users): Promise<string> {
  const rulers = (await users.list()).filter(
    ({ role, tenants, locked }) => role === "admin" && tenants === null && !locked,
  );
  return (rulers.find(({ name }) => name === FIRST_USER) ?? rulers[0])?.name ?? FIRST_USER;
}

/** @returns the password of the first user, where this is the first start */
async function firstUser(users: Users): Promise<string | null> {
  if (!(await users.isEmpty())) return null;
  const added = await users.add(FIRST_USER, "admin", null);
  // Another replica was quicker: it has shown the password.
  return typeof added === "string" ? null : added.password;
}
