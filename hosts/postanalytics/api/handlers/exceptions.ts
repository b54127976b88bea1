/**
 * The way of a false positive: a record, the closest exceptions for it, what each would change, into force, out again.
 * Who may see some applications only cannot make one that reaches records of others.
 */
import type { Exception } from "../../../policy/exception.ts";
import type { Identity } from "../../access/identity.ts";
import type { ExceptionDraft } from "../../policy/door.ts";
import { previewException } from "../../policy/exception-preview.ts";
import { draftOf, exceptionYaml, parseDraft } from "../../policy/overlay.ts";
import { proposalsOf } from "../../policy/record-proposal.ts";
import type { ApiParts, Handlers } from "../context.ts";
import { Problem } from "../problem.ts";
import type { Answer } from "../routes.ts";
import { previewSearch, windowOf } from "../search-window.ts";
import { idOf } from "./records.ts";

type ExceptionHandlers = Pick<
  Handlers,
  "exceptions" | "proposeExceptions" | "previewException" | "applyException" | "removeException"
>;
type Shown = Answer<"exceptions">["items"][number];

const DAY_SECONDS = 86_400;
const WEEK_MS = 7 * 86_400_000;
/** A preview takes no longer; its answer then says that it has not seen everything. */
const PREVIEW_MS = 8000;
/** Longest that an exception of a person lives. */
const YEARS_MAX = 2;

function shownDraft(draft: ExceptionDraft): Shown["draft"] {
  const { match, ignore, reason, expiresAt } = draft;
  return { match: { ...match }, ignore: { stamps: [...ignore.stamps], types: [...ignore.types] }, reason, expiresAt };
}

/** What the console asks beyond the policy's own schema: an end, and a scope that is somebody's. @throws Problem */
function refuseLoose(exception: Exception, nowSeconds: number): void {
  if (exception.expiresAt <= nowSeconds) {
    throw new Problem("INVALID", "body.draft.expiresAt has passed — write a date to come", {
      field: "body.draft.expiresAt",
    });
  }
  if (exception.expiresAt > nowSeconds + YEARS_MAX * 366 * DAY_SECONDS) {
    const detail = `body.draft.expiresAt is more than ${YEARS_MAX} years away — write an earlier date`;
    throw new Problem("INVALID", detail, { field: "body.draft.expiresAt" });
  }
  const { match, point } = exception;
  if (match.host === undefined && match.path === undefined && point === undefined) {
    const detail = "body.draft.match fits every request — write a host, a path or a point; a file can disable a stamp";
    throw new Problem("INVALID", detail, { field: "body.draft.match" });
  }
}

/**
 * Who has some applications only: the exception names one host and a path, and among stored records of the last week
 * none of another application is touched. @throws Problem FORBIDDEN
 */
async function refuseForeign(parts: ApiParts, exception: Exception, { tenants }: Identity): Promise<void> {
  if (tenants === null) return;
  const { host, path } = exception.match;
  if (host === undefined || host.startsWith("*.") || path === undefined) {
    const detail = "you see some applications only — an exception of yours names its host and its path";
    throw new Problem("FORBIDDEN", detail, { field: "body.draft.match" });
  }
  const window = windowOf({ from: parts.now() - WEEK_MS }, parts.now());
  const deadline = parts.now() + PREVIEW_MS;
  const search = { window, where: "" };
  const all = await previewException(parts.store, { ...search, tenants: null }, exception, deadline, parts.now);
  const own = await previewException(parts.store, { ...search, tenants }, exception, deadline, parts.now);
  if (all.complete && own.complete && all.touched === own.touched && own.touched > 0) return;
  const why =
    own.touched === 0 ? "no record of yours shows that this is yours" : "it reaches records of other applications";
  throw new Problem("FORBIDDEN", `${why} — make it closer, or ask somebody who sees all applications`);
}

/** The handlers. */
export function exceptionHandlers(parts: ApiParts): ExceptionHandlers {
  return { ...weighing(parts), ...changing(parts) };
}

function weighing(parts: ApiParts): Omit<ExceptionHandlers, keyof ReturnType<typeof changing>> {
  const { policy, store, now } = parts;
  const nowSeconds = (): number => Math.floor(now() / 1000);
  return {
    async exceptions({ who }) {
      const { base, overlay } = policy.current();
      const expired = (draft: ExceptionDraft): boolean => Date.parse(draft.expiresAt) <= now();
      const shown = (
        name: string,
        draft: ExceptionDraft,
        rest: Pick<Shown, "managedBy" | "createdBy" | "createdAt">,
      ) => {
        const yaml = exceptionYaml(name, draft);
        const counts = parts.exceptionCounts.of(name);
        return { name, draft: shownDraft(draft), ignoresAll: false, expired: expired(draft), ...counts, ...rest, yaml };
      };
      const own = [...overlay.exceptions].map(([name, { item, by, at }]) => {
        return shown(name, item, { managedBy: "console", createdBy: by, createdAt: at });
      });
      const written = (base.exceptions ?? []).map((exception) => {
        const rest = { managedBy: "file", createdBy: null, createdAt: null } as const;
        return { ...shown(exception.name, draftOf(exception), rest), ignoresAll: exception.ignore.all };
      });
      const all = [...own.reverse(), ...written];
      // Hosts are what tells whose an exception is: without all applications, only one's own are shown.
      const items = who.tenants === null ? all : all.filter(({ createdBy }) => createdBy === who.name);
      return { items, countedSince: parts.exceptionCounts.since };
    },

    async proposeExceptions({ body, who }) {
      const record = await store.record(idOf(body.record), who.tenants);
      if (record === null) throw new Problem("NOT_FOUND", "there is no such record, or it is not yours to see");
      const reason = body.reason.trim() === "" ? `false positive ${record.ref}, said by ${who.name}` : body.reason;
      const proposal = proposalsOf(record, { reason, expiresAt: nowSeconds() + body.days * DAY_SECONDS });
      if (proposal.items.length > 0) return proposal;
      throw new Problem("CONFLICT", "nothing in this record counts any more — there is nothing to let pass");
    },

    async previewException({ body, who }) {
      const exception = parseDraft("preview", body.draft);
      const window = windowOf({ from: body.from ?? now() - WEEK_MS, to: body.to }, now());
      const search = previewSearch(window, who);
      const effect = await previewException(store, search, exception, now() + PREVIEW_MS, now);
      const { admitted, ...counts } = parts.attacks.admittedBy(
        exception,
        body.draft,
        policy.current().policy,
        nowSeconds(),
      );
      const known = admitted.map(({ stamps, ...one }) => ({ ...one, stamps: [...stamps] }));
      return { ...effect, knownAttacks: { ...counts, admitted: known } };
    },
  };
}

function changing(parts: ApiParts): Pick<Handlers, "applyException" | "removeException"> {
  const { policy, store, now } = parts;
  return {
    async applyException({ body, who, note }) {
      const record = body.record === undefined ? null : await store.record(idOf(body.record), who.tenants);
      if (body.record !== undefined && record === null) {
        throw new Problem("NOT_FOUND", "there is no such record, or it is not yours to see", { field: "body.record" });
      }
      const name = nameFor(parts, record?.ref);
      const exception = parseDraft(name, body.draft);
      refuseLoose(exception, Math.floor(now() / 1000));
      await refuseForeign(parts, exception, who);
      const { generation, since } = await policy.apply({ kind: "exception", name, draft: body.draft }, who.name);
      note({ object: name, after: body.draft });
      if (record !== null) {
        // The exception is in force already: without its mark the record is found all the same.
        await store
          .label(record.id, { verdict: "false_positive", note: record.labels?.note ?? null })
          .catch(() => parts.say(`record ${record.ref} could not be marked as a false positive`));
      }
      return { name, generation, at: since };
    },

    async removeException({ path, who, note }) {
      const known = policy.current().overlay.exceptions.get(path.name);
      if (known === undefined) {
        const isWritten = policy.current().base.exceptions?.some(({ name }) => name === path.name) ?? false;
        if (isWritten) throw new Problem("CONFLICT", "this exception stands in a file — remove it there");
        throw new Problem("NOT_FOUND", "there is no such exception — it may have been removed already");
      }
      if (who.tenants !== null && known.by !== who.name) {
        throw new Problem("NOT_FOUND", "there is no such exception — it may have been removed already");
      }
      const { generation, since } = await policy.apply({ kind: "exception", name: path.name, draft: null }, who.name);
      note({ object: path.name, before: known.item });
      return { name: path.name, generation, at: since };
    },
  };
}

/** @returns a name that no exception has */
function nameFor({ policy, now }: ApiParts, ref: string | undefined): string {
  const { policy: inForce } = policy.current();
  const names = new Set(inForce.exceptions?.map(({ name }) => name));
  const stem = ref === undefined ? `console-${now().toString(36)}` : `console-${ref.toLowerCase()}`;
  for (let number = 1; ; number++) {
    const name = number === 1 ? stem : `${stem}-${number}`;
    if (!names.has(name)) return name;
  }
}
