/** What the API's parts are made of: everything that operations need, handed in when the API is made. */
import type { Audit, AuditFact } from "../access/audit.ts";
import type { Identity } from "../access/identity.ts";
import type { Oidc } from "../access/oidc.ts";
import type { OneTimeLink } from "../access/one-time-link.ts";
import type { Sessions } from "../access/sessions.ts";
import type { Tokens } from "../access/tokens.ts";
import type { Users } from "../access/users.ts";
import type { Exports } from "../export/exports.ts";
import type { NodeRegistry } from "../nodes/node-registry.ts";
import type { PolicyDoor } from "../policy/door.ts";
import type { ExceptionCounts } from "../policy/exception-counts.ts";
import type { KnownAttacks } from "../policy/known-attacks.ts";
import type { PolicyLens } from "../policy/policy-lens.ts";
import type { SearchCheck } from "../search/search-check.ts";
import type { RecordStore } from "../store/store.ts";
import type { ApiMetrics } from "./api-metrics.ts";
import type { LiveHub } from "./live.ts";
import type { LoginGuard } from "./login-guard.ts";
import type { Operation, OperationName } from "./operations.ts";
import type { Answer, Checked } from "./routes.ts";

/** The parts. */
export interface ApiParts {
  readonly store: RecordStore;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly apiTokens: Tokens;
  readonly nodeTokens: Tokens;
  readonly audit: Audit;
  readonly logins: LoginGuard;
  readonly live: LiveHub;
  readonly nodes: NodeRegistry;
  readonly policy: PolicyDoor;
  readonly lens: PolicyLens;
  readonly attacks: KnownAttacks;
  readonly exceptionCounts: ExceptionCounts;
  readonly exports: Exports;
  readonly metrics: ApiMetrics;
  /** Reads a search in either form. */
  readonly checkSearch: (where: string) => SearchCheck;
  /** Opens sessions without a password, where somebody at this machine may. */
  readonly link: OneTimeLink | null;
  readonly oidc: Oidc | null;
  /** Name of the user that the one-time link opens. */
  readonly linkUser: string;
  readonly version: string;
  readonly now: () => number;
  /** Takes a line for the operator: what failed, without what was sent. */
  readonly say: (line: string) => void;
}

/** Who may be absent: an operation for anyone. */
type WhoOf<Name extends OperationName> = typeof import("./operations.ts").OPERATIONS[Name]["access"] extends "anyone"
  ? Identity | null
  : Identity;

/** One call of an operation. */
export type Call<Name extends OperationName> = Checked<Name> & {
  readonly who: WhoOf<Name>;
  /** Address of the connection's other end. */
  readonly from: string;
  readonly request: Request;
  /** Whether the browser speaks TLS with the console. */
  readonly secure: boolean;
  /** Sets a header of the answer. */
  readonly header: (name: string, value: string) => void;
  /** Tells the audit log what this is about and what has changed; written when the call ends. */
  readonly note: (fact: Pick<AuditFact, "object" | "before" | "after"> & { readonly who?: string }) => void;
};

/** What an operation gives back: its answer, or a response where that is no JSON. */
export type Reply<Name extends OperationName> = Answer<Name> extends undefined ? Response : Answer<Name>;

/** Does an operation. */
export type Handler<Name extends OperationName> = (call: Call<Name>) => Promise<Reply<Name>>;

/** Every operation's handler. */
export type Handlers = { readonly [Name in OperationName]: Handler<Name> };

/** Whether an operation changes something, and so belongs into the audit log. */
export function changesSomething({ method, weighs }: Operation): boolean {
  return method !== "GET" && weighs !== true;
}
