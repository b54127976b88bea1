/**
 * Every operation of the API: its method, its path, and who may ask for it. Plain data without a dependency, so that
 * the console's pages take it as it is; what an operation takes and answers stands in routes.ts under the same name.
 *
 * Roles build on each other: a viewer reads records, an analyst also labels them and weighs exceptions, an editor
 * changes what nodes do, an admin rules over users, tokens, nodes and exports. `anyone` needs no session, and `user`
 * any, whatever its role.
 */

/** Roles of users and tokens, weakest first. */
export const ROLES = ["viewer", "analyst", "editor", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** What an operation asks of whoever calls it. */
export type Access = "anyone" | "user" | Role;

/** An operation as data; `{name}` in the path stands for one segment. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly access: Access;
  /** Only for those who may see all applications: what it shows or changes belongs to no single one. */
  readonly wholeSite?: true;
  /** Changes nothing although it is no GET: what it weighs is too long for an address. */
  readonly weighs?: true;
  /** What is answered where it is no JSON; such answers have no schema. */
  readonly media?: "text/event-stream" | "application/octet-stream" | "text/html";
  readonly summary: string;
}

/** Header that every changing request of a session carries; a foreign page cannot send it without being asked. */
export const CSRF_HEADER = "x-merlon-console";

/** The operations, by name. */
export const OPERATIONS = {
  loginMethods: {
    method: "GET",
    path: "/api/v1/session/methods",
    access: "anyone",
    summary: "Ways to sign in that are set up here",
  },
  login: { method: "POST", path: "/api/v1/session", access: "anyone", summary: "Sign in with name and password" },
  openLink: { method: "POST", path: "/api/v1/session/link", access: "anyone", summary: "Sign in with a one-time link" },
  oidcStart: {
    method: "GET",
    path: "/api/v1/session/oidc",
    access: "anyone",
    media: "text/html",
    summary: "Leave for the identity provider",
  },
  oidcReturn: {
    method: "GET",
    path: "/api/v1/session/oidc/return",
    access: "anyone",
    media: "text/html",
    summary: "Come back from the identity provider",
  },
  session: { method: "GET", path: "/api/v1/session", access: "user", summary: "Who is signed in" },
  logout: { method: "DELETE", path: "/api/v1/session", access: "user", summary: "Sign out" },
  changePassword: {
    method: "PUT",
    path: "/api/v1/session/password",
    access: "user",
    summary: "Change one's own password; ends all other sessions",
  },

  attacks: { method: "GET", path: "/api/v1/attacks", access: "viewer", summary: "Records grouped into attacks" },
  records: { method: "GET", path: "/api/v1/records", access: "viewer", summary: "Records, newest first" },
  countRecords: { method: "GET", path: "/api/v1/records/count", access: "viewer", summary: "Exact number of records" },
  exportRecords: {
    method: "GET",
    path: "/api/v1/records/export",
    access: "analyst",
    media: "application/octet-stream",
    summary: "Records as a file of CSV or JSON lines",
  },
  record: {
    method: "GET",
    path: "/api/v1/records/{id}",
    access: "viewer",
    summary: "One record, by id or by the reference that its client was shown",
  },
  labelRecord: {
    method: "PUT",
    path: "/api/v1/records/{id}/label",
    access: "analyst",
    summary: "Say whether a record is a false positive or a true attack",
  },
  checkSearch: {
    method: "GET",
    path: "/api/v1/search/check",
    access: "viewer",
    summary: "Read a search in either form; its long form and its chips, or what is wrong with it",
  },
  statistics: {
    method: "GET",
    path: "/api/v1/statistics",
    access: "viewer",
    summary: "Counts over time and the largest values of some fields",
  },
  live: {
    method: "GET",
    path: "/api/v1/live",
    access: "viewer",
    media: "text/event-stream",
    summary: "New records as server-sent events",
  },
  applications: { method: "GET", path: "/api/v1/applications", access: "viewer", summary: "Applications with records" },

  endpoints: {
    method: "GET",
    path: "/api/v1/inventory/endpoints",
    access: "viewer",
    summary: "Endpoints that were seen in traffic, with their parameters' sensitivity and the attacks on them",
  },
  endpoint: {
    method: "GET",
    path: "/api/v1/inventory/endpoints/{id}",
    access: "viewer",
    summary: "One endpoint with its parameters",
  },
  exportInventory: {
    method: "GET",
    path: "/api/v1/inventory/openapi",
    access: "viewer",
    media: "application/octet-stream",
    summary: "The endpoints of one host as an OpenAPI 3.1 document",
  },
  readiness: {
    method: "GET",
    path: "/api/v1/rollout",
    access: "viewer",
    summary: "Whether what is only watched is ready to be blocked for, and what to look at first",
  },

  exceptions: { method: "GET", path: "/api/v1/exceptions", access: "viewer", summary: "Exceptions in force" },
  proposeExceptions: {
    method: "POST",
    path: "/api/v1/exceptions/propose",
    weighs: true,
    access: "analyst",
    summary: "The closest exceptions that let a record's findings pass",
  },
  previewException: {
    method: "POST",
    path: "/api/v1/exceptions/preview",
    weighs: true,
    access: "analyst",
    summary: "What an exception would change in stored records, and the known attacks that it would admit",
  },
  applyException: {
    method: "POST",
    path: "/api/v1/exceptions",
    access: "editor",
    summary: "Put an exception into force",
  },
  removeException: {
    method: "DELETE",
    path: "/api/v1/exceptions/{name}",
    access: "editor",
    summary: "Take an exception out of force; this is also how one is undone",
  },

  ipLists: { method: "GET", path: "/api/v1/ip-lists", access: "viewer", wholeSite: true, summary: "Listed sources" },
  previewIpEntry: {
    method: "POST",
    path: "/api/v1/ip-lists/preview",
    weighs: true,
    access: "analyst",
    wholeSite: true,
    summary: "Whom an entry would hit among stored records, and whether it locks the asker out",
  },
  addIpEntry: {
    method: "POST",
    path: "/api/v1/ip-lists",
    access: "editor",
    wholeSite: true,
    summary: "List a source",
  },
  removeIpEntry: {
    method: "DELETE",
    path: "/api/v1/ip-lists",
    access: "editor",
    wholeSite: true,
    summary: "Take a source off a list",
  },

  policy: { method: "GET", path: "/api/v1/policy", access: "viewer", wholeSite: true, summary: "The policy in force" },
  policyState: {
    method: "GET",
    path: "/api/v1/policy/state",
    access: "viewer",
    summary: "Which nodes run the policy already",
  },
  explainPolicy: {
    method: "POST",
    path: "/api/v1/policy/explain",
    weighs: true,
    access: "viewer",
    wholeSite: true,
    summary: "What the policy says of one request, and why",
  },
  setMode: {
    method: "PUT",
    path: "/api/v1/policy/mode",
    access: "editor",
    wholeSite: true,
    summary: "Set the mode of all that the policy covers",
  },

  nodes: { method: "GET", path: "/api/v1/nodes", access: "viewer", wholeSite: true, summary: "Nodes and what they do" },
  nodeTokens: {
    method: "GET",
    path: "/api/v1/nodes/tokens",
    access: "admin",
    wholeSite: true,
    summary: "Tokens with which nodes send records",
  },
  addNodeToken: {
    method: "POST",
    path: "/api/v1/nodes/tokens",
    access: "admin",
    wholeSite: true,
    summary: "Make a node's token; it is shown once",
  },
  removeNodeToken: {
    method: "DELETE",
    path: "/api/v1/nodes/tokens/{id}",
    access: "admin",
    wholeSite: true,
    summary: "End a node's token",
  },

  exports: {
    method: "GET",
    path: "/api/v1/exports",
    access: "admin",
    wholeSite: true,
    summary: "Exports and their lag",
  },
  addExport: {
    method: "POST",
    path: "/api/v1/exports",
    access: "admin",
    wholeSite: true,
    summary: "Send records on to another system",
  },
  testExport: {
    method: "POST",
    path: "/api/v1/exports/{id}/test",
    access: "admin",
    wholeSite: true,
    summary: "Send one made-up record of each type",
  },
  removeExport: {
    method: "DELETE",
    path: "/api/v1/exports/{id}",
    access: "admin",
    wholeSite: true,
    summary: "Stop an export",
  },

  users: { method: "GET", path: "/api/v1/users", access: "admin", wholeSite: true, summary: "Users" },
  addUser: {
    method: "POST",
    path: "/api/v1/users",
    access: "admin",
    wholeSite: true,
    summary: "Add a user; the first password is shown once",
  },
  changeUser: {
    method: "PATCH",
    path: "/api/v1/users/{name}",
    access: "admin",
    wholeSite: true,
    summary: "Change a user's role or applications, or lock the user out",
  },
  resetPassword: {
    method: "POST",
    path: "/api/v1/users/{name}/password",
    access: "admin",
    wholeSite: true,
    summary: "Make a new password, shown once; ends the user's sessions",
  },
  removeUser: {
    method: "DELETE",
    path: "/api/v1/users/{name}",
    access: "admin",
    wholeSite: true,
    summary: "Remove a user with sessions and tokens",
  },
  tokens: {
    method: "GET",
    path: "/api/v1/tokens",
    access: "user",
    summary: "API tokens: one's own, or all for admins",
  },
  addToken: {
    method: "POST",
    path: "/api/v1/tokens",
    access: "user",
    summary: "Make an API token, no stronger than oneself; it is shown once",
  },
  removeToken: {
    method: "DELETE",
    path: "/api/v1/tokens/{id}",
    access: "user",
    summary: "End an API token: one's own, or any for admins",
  },
  audit: {
    method: "GET",
    path: "/api/v1/audit",
    access: "admin",
    wholeSite: true,
    summary: "Who changed what, newest first",
  },
} as const satisfies Readonly<Record<string, Operation>>;

/** Name of an operation. */
export type OperationName = keyof typeof OPERATIONS;
