/**
 * What the console adds to a policy: exceptions, listed sources, a mode. Pure: the policy that somebody wrote and the
 * additions go in, the policy in force comes out; so a new file and the console's additions never undo each other.
 */
import { stringify } from "yaml";
import { MerlonError } from "../../core/error.ts";
import type { Mode } from "../../core/verdict.ts";
import { policyInMode } from "../../policy/apply.ts";
import { templateText } from "../../policy/coverage.ts";
import { dateText } from "../../policy/date.ts";
import { type Exception, exceptionOf, exceptionSchema } from "../../policy/exception.ts";
import { type IpList, ipListSchema, LISTS } from "../../policy/ip-list.ts";
import { API_VERSION, type Policy } from "../../policy/schema.ts";
import type { Change, ExceptionDraft, ListedSource } from "./door.ts";

/** Who added something, and when. */
export interface Added<T> {
  readonly item: T;
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The additions. */
export interface Overlay {
  /** By name. */
  readonly exceptions: ReadonlyMap<string, Added<ExceptionDraft>>;
  /** By list and network, see keyOfSource. */
  readonly sources: ReadonlyMap<string, Added<ListedSource>>;
  readonly mode: Added<{ readonly mode: Mode; readonly reason: string }> | null;
}

/** Nothing added. */
export const NO_OVERLAY: Overlay = { exceptions: new Map(), sources: new Map(), mode: null };
/** Exceptions and sources that the console keeps; files hold more. */
const EXCEPTIONS_MAX = 5000;
const SOURCES_MAX = 20_000;

/** @returns a source's key: one network can be on each list once */
export function keyOfSource(list: string, source: string): string {
  return `${list} ${source}`;
}

/** @returns the exception of a draft; @throws MerlonError MERLON_POLICY naming the field */
export function parseDraft(name: string, draft: ExceptionDraft): Exception {
  const parsed = exceptionSchema.safeParse(draft);
  if (parsed.success) return exceptionOf(name, parsed.data);
  const [issue] = parsed.error.issues;
  throw new MerlonError("MERLON_POLICY", `${issue?.path.join(".") || "the exception"} ${issue?.message ?? "is wrong"}`);
}

/** @returns the lists of sources; @throws MerlonError MERLON_POLICY naming what is wrong with one */
export function parseSources(sources: readonly ListedSource[]): readonly IpList[] {
  return LISTS.flatMap((list) => {
    const entries = sources
      .filter((one) => one.list === list)
      .map(({ source, expiresAt, reason }) => {
        return { cidr: source, reason, ...(expiresAt === null ? {} : { expiresAt }) };
      });
    if (entries.length === 0) return [];
    const parsed = ipListSchema.safeParse({ list, entries });
    if (parsed.success) return [parsed.data];
    const [issue] = parsed.error.issues;
    throw new MerlonError("MERLON_POLICY", `source ${issue?.message ?? "is wrong"}`);
  });
}

/** @returns the policy in force; @throws MerlonError MERLON_POLICY where the two do not go together */
export function amend(base: Policy, { exceptions, sources, mode }: Overlay): Policy {
  const added = [...exceptions].map(([name, { item }]) => parseDraft(name, item));
  const names = new Set(base.exceptions?.map(({ name }) => name));
  const twice = added.find(({ name }) => names.has(name));
  if (twice !== undefined) {
    throw new MerlonError("MERLON_POLICY", `the policy has an exception ${twice.name} already — rename one of them`);
  }
  const lists = parseSources([...sources.values()].map(({ item }) => item));
  const amended: Policy = {
    ...base,
    ...(added.length === 0 ? {} : { exceptions: [...(base.exceptions ?? []), ...added] }),
    ...(lists.length === 0 ? {} : { ipLists: [...(base.ipLists ?? []), ...lists] }),
  };
  return mode === null ? amended : policyInMode(amended, mode.item.mode);
}

/** @returns the additions with one change made; @throws MerlonError MERLON_POLICY where there are too many */
export function changed(overlay: Overlay, change: Change, by: string, at: number): Overlay {
  if (change.kind === "mode") {
    const { mode, reason } = change;
    return { ...overlay, mode: { item: { mode, reason }, by, at } };
  }
  if (change.kind === "exception") {
    const exceptions = new Map(overlay.exceptions);
    if (change.draft === null) exceptions.delete(change.name);
    else exceptions.set(change.name, { item: change.draft, by, at });
    if (exceptions.size > EXCEPTIONS_MAX) throw tooMany(EXCEPTIONS_MAX, "exceptions");
    return { ...overlay, exceptions };
  }
  const sources = new Map(overlay.sources);
  const key = keyOfSource(change.list, change.source);
  if (change.entry === null) sources.delete(key);
  else sources.set(key, { item: change.entry, by, at });
  if (sources.size > SOURCES_MAX) throw tooMany(SOURCES_MAX, "listed sources");
  return { ...overlay, sources };
}

function tooMany(most: number, what: string): MerlonError {
  return new MerlonError("MERLON_POLICY", `the console keeps ${most} ${what} — remove those that have expired`);
}

/** @returns an exception as people write it */
export function draftOf({ match, point, ignore, reason, expiresAt }: Exception): ExceptionDraft {
  const path = match.path === undefined ? undefined : templateText(match.path);
  return {
    match: {
      ...(match.host === undefined ? {} : { host: match.host }),
      ...(match.method === undefined ? {} : { method: match.method }),
      ...(path === undefined ? {} : { path }),
      ...(point === undefined ? {} : { point }),
    },
    ignore: { stamps: [...ignore.stamps], types: [...ignore.types] },
    reason,
    expiresAt: dateText(expiresAt),
  };
}

/** @returns an exception as a document of a policy file */
export function exceptionYaml(name: string, draft: ExceptionDraft): string {
  const { match, ignore, reason, expiresAt } = draft;
  const written = Object.fromEntries(Object.entries(ignore).filter(([, names]) => names.length > 0));
  const spec = { match, ignore: written, reason, expiresAt };
  return stringify({ apiVersion: API_VERSION, kind: "WafException", metadata: { name }, spec });
}

/** @returns the additions as documents of a policy file, each after its `---`; the mode as a comment */
export function overlayYaml({ exceptions, sources, mode }: Overlay): string {
  const documents = [...exceptions].map(([name, { item }]) => exceptionYaml(name, item));
  for (const list of LISTS) {
    const entries = [...sources.values()].filter(({ item }) => item.list === list);
    if (entries.length === 0) continue;
    const written = entries.map(({ item: { source, expiresAt, reason } }) => {
      return { cidr: source, ...(expiresAt === null ? {} : { expiresAt }), ...(reason === "" ? {} : { reason }) };
    });
    documents.push(stringify({ apiVersion: API_VERSION, kind: "WafIPList", spec: { list, entries: written } }));
  }
  const said = mode === null ? "" : `# the console says: mode ${mode.item.mode}, whatever else is written here\n`;
  return said + documents.map((document) => `---\n${document}`).join("");
}
