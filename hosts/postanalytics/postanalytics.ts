/**
 * Postanalytics put together: a data folder, the intake of nodes, the console and its socket. Commands hand in what
 * they have: a host whose policy the console changes, the pages, the attacks that previews try.
 */
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import type { Engine } from "../core/engine.ts";
import type { StatusPages } from "../core/status-server.ts";
import type { ServiceAddress } from "../policy/follow/service-client.ts";
import type { OidcSettings } from "./access/oidc.ts";
import type { PageFile } from "./api/app.ts";
import { type Console, openConsole, rulerOf } from "./console.ts";
import { writeConsoleFile } from "./console-file.ts";
import { consolePages } from "./console-metrics.ts";
import { type ConsoleAddress, serveConsole } from "./console-server.ts";
import type { DataFolder } from "./data-folder.ts";
import { ExportBook } from "./export/export-book.ts";
import { AddressGuard } from "./export/guarded-address.ts";
import { SecretBox } from "./export/secret-box.ts";
import { Intake } from "./intake.ts";
import type { LocalNode } from "./nodes/node-registry.ts";
import { type BasePolicy, EmbeddedDoor, type PolicyHost } from "./policy/embedded-door.ts";
import type { KnownAttack } from "./policy/known-attacks.ts";
import { ServiceDoor } from "./policy/service-door.ts";
import { checkSearch } from "./search/search-check.ts";

const KEY_FILE = "secrets.key";
/** A local command's token lives as long as the process, and no longer than this. */
const LOCAL_TOKEN = "commands on this machine";
const LOCAL_TOKEN_MS = 365 * 86_400_000;

/** Where the policy is that the console shows and changes: in a host of this process, or at a policy service. */
export type ConsolePolicy =
  | { readonly host: PolicyHost; readonly base: BasePolicy }
  | { readonly service: ServiceAddress };

/** What postanalytics is made of. */
export interface PostanalyticsOptions {
  /** Open and locked; closed by whoever opened it, after the console. */
  readonly data: DataFolder;
  readonly policy: ConsolePolicy;
  readonly engine: () => Engine;
  readonly knownAttacks: readonly KnownAttack[];
  readonly files: ReadonlyMap<string, PageFile>;
  readonly local: LocalNode | null;
  /** Names under which it may be reached, beside addresses and localhost. */
  readonly names: readonly string[];
  /** Whether browsers speak TLS with it, here or at a proxy in front. */
  readonly secure: boolean;
  readonly withLink: boolean;
  /** The data folder. */
  readonly folder: string;
  /** Networks beside the public Internet that exports may go to. */
  readonly exportNetworks: readonly string[];
  /** Key by which settings of exports are sealed; one of its own in the data folder where absent. */
  readonly keyFile?: string | undefined;
  readonly oidc: { readonly settings: OidcSettings; readonly secret: string | undefined } | null;
  readonly say: (line: string) => void;
}

/** Postanalytics, not yet listening. */
export interface Postanalytics {
  readonly console: Console;
  /** What the process counts, and whether it is ready, for a port of its own. */
  readonly pages: StatusPages;
  /** Takes a new policy of the host in this process. @throws MerlonError; the policy before then stays in force */
  rebase(base: BasePolicy): void;
  /** Ends what the console does by itself; the data folder belongs to who opened it. */
  close(): Promise<void>;
}

/** Puts the console over a data folder. @throws MerlonError MERLON_STORE, MERLON_POLICY */
export async function openPostanalytics(options: PostanalyticsOptions): Promise<Postanalytics> {
  const { data, policy, say } = options;
  const { database, store } = data;
  let intake: Intake | undefined;
  let embedded: EmbeddedDoor | undefined;
  let book: ExportBook | undefined;
  const made = await openConsole({
    ...options,
    ...{ database, store, checkSearch, version: manifest.version },
    names: new Set(options.names.map((name) => name.toLowerCase())),
    intake: async (request) => (await intake?.answer(request)) ?? null,
    openExports: async (tables) => {
      const guard = new AddressGuard(options.exportNetworks);
      const box = await SecretBox.open(options.keyFile ?? join(options.folder, KEY_FILE));
      book = await ExportBook.open({ database: tables, store, folder: options.folder, guard, box, say });
      return book;
    },
    openPolicy: async (tables) => {
      if ("service" in policy) return await ServiceDoor.open(policy.service, tables, say);
      embedded = await EmbeddedDoor.open(policy.host, policy.base, tables);
      return embedded;
    },
  });
  const { nodeTokens } = made.parts;
  intake = new Intake({
    store,
    identify: async (token) => {
      const info = await nodeTokens.find(token);
      return info === null ? null : { node: info.name, tenants: info.tenants };
    },
  });
  const close = async (): Promise<void> => {
    made.close();
    await book?.close();
    await made.parts.policy.close();
  };
  const { exports, metrics: api, policy: door } = made.parts;
  const facts = { intake: intake.counters, log: store.log, exports: () => exports.list(), api, policy: door };
  const isReady = async (): Promise<boolean> => {
    return await database.query("select 1 as one").then(
      () => true,
      () => false,
    );
  };
  const pages = consolePages(facts, isReady);
  return { console: made, pages, rebase: (base) => embedded?.rebase(base), close };
}

/** A console with its socket. */
export interface ServedPostanalytics {
  readonly origin: string;
  readonly port: number;
  /** The link that opens one session, where there is one. */
  readonly link: () => string | null;
  close(graceMs: number): Promise<void>;
}

/**
 * Listens, and leaves a note for commands on this machine in the data folder.
 * @param folder the data folder
 * @throws MerlonError MERLON_LISTEN, MERLON_TLS, MERLON_STORE
 */
export async function servePostanalytics(
  { console: made }: Postanalytics,
  folder: string,
  address: ConsoleAddress,
): Promise<ServedPostanalytics> {
  const listening = await serveConsole(made.app, address);
  const { origin, port } = listening;
  const token = await localToken(made);
  const removeNote = address.tls === undefined ? await writeConsoleFile(folder, { origin, token: token.token }) : null;
  return {
    origin,
    port,
    link: () => made.parts.link?.address(origin) ?? null,
    close: async (graceMs) => {
      // Streams would keep the socket open.
      made.parts.live.close();
      await removeNote?.();
      await made.parts.apiTokens.remove(token.id, null);
      await listening.close(graceMs);
    },
  };
}

/** @returns a token for commands of whoever may read the data folder */
export async function localToken({ parts }: Console): Promise<{ readonly id: string; readonly token: string }> {
  const user = await rulerOf(parts.users);
  // A process that was killed has left its own behind.
  for (const { id, name } of await parts.apiTokens.list(user)) {
    if (name === LOCAL_TOKEN) await parts.apiTokens.remove(id, user);
  }
  const terms = { name: LOCAL_TOKEN, user, role: "analyst", tenants: null } as const;
  const added = await parts.apiTokens.add({ ...terms, lifeMs: LOCAL_TOKEN_MS });
  if (added === null) throw new Error("there is no room for the token of this machine");
  return { id: added.info.id, token: added.token };
}
