/**
 * What each operation takes and answers. The server's routes, the OpenAPI document, the types of the client and the
 * matrix of the tests are all made of this table and of operations.ts.
 */
import type { z } from "zod";
import { recordSchema } from "../../records/record.ts";
import * as i from "./inventory-schema.ts";
import type { OperationName } from "./operations.ts";
import * as r from "./rollout-schema.ts";
import * as s from "./schema.ts";

/** Schemas of one operation; what is absent is not taken. */
export interface Shapes {
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Absent where the answer is no JSON. */
  readonly answer?: z.ZodType;
}

/** The shapes, by operation. */
export const SHAPES = {
  loginMethods: { answer: s.loginMethodsSchema },
  login: { body: s.loginSchema, answer: s.sessionSchema },
  openLink: { body: s.openLinkSchema, answer: s.sessionSchema },
  oidcStart: {},
  oidcReturn: {},
  session: { answer: s.sessionSchema },
  logout: { answer: s.doneSchema },
  changePassword: { body: s.changePasswordSchema, answer: s.doneSchema },

  attacks: { query: s.attacksQuery, answer: s.attacksPage },
  records: { query: s.recordsQuery, answer: s.recordsPage },
  countRecords: { query: s.searchQuery, answer: s.countSchema },
  exportRecords: { query: s.exportQuery },
  record: { answer: recordSchema },
  labelRecord: { body: s.labelSchema, answer: s.doneSchema },
  checkSearch: { query: s.checkSearchQuery, answer: s.searchCheckSchema },
  statistics: { query: s.statisticsQuery, answer: s.statisticsSchema },
  live: {},
  applications: { answer: s.applicationsSchema },

  endpoints: { query: i.endpointsQuery, answer: i.endpointsPage },
  endpoint: { query: i.endpointQuery, answer: i.endpointDetail },
  exportInventory: { query: i.openApiQuery },
  readiness: { query: r.readinessQuery, answer: r.readinessSchema },

  exceptions: { answer: s.exceptionsSchema },
  proposeExceptions: { body: s.proposeSchema, answer: s.proposalSchema },
  previewException: { body: s.previewExceptionSchema, answer: s.previewSchema },
  applyException: { body: s.applyExceptionSchema, answer: s.changeSchema },
  removeException: { answer: s.changeSchema },

  ipLists: { answer: s.ipListsSchema },
  previewIpEntry: { body: s.previewIpEntrySchema, answer: s.ipPreviewSchema },
  addIpEntry: { body: s.addIpEntrySchema, answer: s.changeSchema },
  removeIpEntry: { query: s.removeIpEntryQuery, answer: s.changeSchema },

  policy: { answer: s.policySchema },
  policyState: { answer: s.policyStateSchema },
  explainPolicy: { body: s.explainPolicySchema, answer: s.policyExplanationSchema },
  setMode: { body: s.setModeSchema, answer: s.changeSchema },

  nodes: { answer: s.nodesSchema },
  nodeTokens: { answer: s.nodeTokensSchema },
  addNodeToken: { body: s.addNodeTokenSchema, answer: s.newTokenSchema },
  removeNodeToken: { answer: s.doneSchema },

  exports: { answer: s.exportsSchema },
  addExport: { body: s.addExportSchema, answer: s.doneSchema },
  testExport: { answer: s.testExportSchema },
  removeExport: { answer: s.doneSchema },

  users: { answer: s.usersSchema },
  addUser: { body: s.addUserSchema, answer: s.newPasswordSchema },
  changeUser: { body: s.changeUserSchema, answer: s.userSchema },
  resetPassword: { answer: s.newPasswordSchema },
  removeUser: { answer: s.doneSchema },
  tokens: { answer: s.tokensSchema },
  addToken: { body: s.addTokenSchema, answer: s.newTokenSchema },
  removeToken: { answer: s.doneSchema },
  audit: { query: s.auditQuery, answer: s.auditPage },
} as const satisfies Readonly<Record<OperationName, Shapes>>;

type ShapesOf = typeof SHAPES;
/** Names in `{}` of a path. */
type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;
type Paths = typeof import("./operations.ts").OPERATIONS;

/** What an operation is asked with, as a caller writes it. */
export type Asked<Name extends OperationName> = ([NamesIn<Paths[Name]["path"]>] extends [never]
  ? { readonly path?: undefined }
  : { readonly path: Readonly<Record<NamesIn<Paths[Name]["path"]>, string>> }) &
  (ShapesOf[Name] extends { readonly query: infer Q extends z.ZodType }
    ? { readonly query: z.input<Q> }
    : { readonly query?: undefined }) &
  (ShapesOf[Name] extends { readonly body: infer B extends z.ZodType }
    ? { readonly body: z.input<B> }
    : { readonly body?: undefined });

/** What an operation was asked with, as the server sees it once it is checked. */
export type Checked<Name extends OperationName> = {
  readonly path: Readonly<Record<NamesIn<Paths[Name]["path"]>, string>>;
  readonly query: ShapesOf[Name] extends { readonly query: infer Q extends z.ZodType } ? z.output<Q> : undefined;
  readonly body: ShapesOf[Name] extends { readonly body: infer B extends z.ZodType } ? z.output<B> : undefined;
};

/** What an operation answers; undefined where that is no JSON. */
export type Answer<Name extends OperationName> = ShapesOf[Name] extends { readonly answer: infer A extends z.ZodType }
  ? z.output<A>
  : undefined;

/** An operation that answers JSON. */
export type JsonOperation = {
  [Name in OperationName]: ShapesOf[Name] extends { readonly answer: z.ZodType } ? Name : never;
}[OperationName];
