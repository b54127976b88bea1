/** Exceptions in force: what each lets pass, for how long, how often it did, and the way to end it. */
import type { Answer } from "../../postanalytics/api/routes.ts";
import { visible } from "../record/bytes.ts";
import { api } from "../shell/api.ts";
import { Copy } from "../shell/copy.tsx";
import { agoText, countText, dayText, exactTime } from "../shell/format.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { hrefOf } from "../shell/route.ts";
import { refusalOf, useSession } from "../shell/session.ts";
import { attempt } from "../shell/submit.ts";
import { followChange } from "./propagation.ts";

/** An exception as the API tells it. */
export type ExceptionLine = Answer<"exceptions">["items"][number];

const UNUSED_MS = 7 * 86_400_000;

/** Why an exception could go; null for one that is in use. */
export function uselessness(exception: ExceptionLine, now: number): string | null {
  if (exception.expired) return "it has ended and lets nothing pass any more";
  const isOld = exception.createdAt !== null && now - exception.createdAt > UNUSED_MS;
  return isOld && exception.hits === 0 ? "it has let nothing pass for a week" : null;
}

/** The page. */
export function ExceptionsPage() {
  const exceptions = useResource("exceptions", () => api.call("exceptions", {}));
  const { value, error } = exceptions;
  const now = Date.now();
  const useless = value?.items.filter((one) => uselessness(one, now) !== null).length ?? 0;
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>Exceptions</h1>
      </header>
      <p class="soft">
        Findings that are known to be none. Each holds for one place, has a reason and an end.
        {value !== null && ` Hits are counted since ${exactTime(value.countedSince).split(" · ")[0]}.`}
      </p>
      {error !== null && <Problem error={error} retry={exceptions.reload} />}
      {value === null && error === null && <Loading />}
      {value?.items.length === 0 && (
        <Empty title="No exceptions">
          <p>
            Open a record in the <a href={hrefOf("attacks")}>list of attacks</a> and press <kbd>f</kbd> where it is
            none: the closest exception is proposed, with what it would change.
          </p>
        </Empty>
      )}
      {useless > 0 && (
        <p class="notice warn">
          {useless === 1 ? "One exception has" : `${useless} exceptions have`} no use any more: see the last column.
        </p>
      )}
      {value !== null && value.items.length > 0 && (
        <div class="scroll">
          <table class="table">
            <thead>
              <tr>
                <th>Lets pass</th>
                <th>Where</th>
                <th>Reason</th>
                <th class="number">Hits</th>
                <th>Last hit</th>
                <th>Ends</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {value.items.map((one) => (
                <ExceptionRow key={one.name} exception={one} now={now} onChanged={exceptions.reload} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

interface ExceptionRowProps {
  readonly exception: ExceptionLine;
  readonly now: number;
  readonly onChanged: () => void;
}

function ExceptionRow({ exception, now, onChanged }: ExceptionRowProps) {
  const { draft, name, hits, lastHit, expired, createdBy, ignoresAll } = exception;
  const { host, method, path, point } = draft.match;
  const ends = Date.parse(draft.expiresAt);
  const ignored = ignoresAll ? ["everything"] : [...draft.ignore.stamps, ...draft.ignore.types];
  return (
    <tr class={expired ? "ended" : ""}>
      <td>
        <code>{visible(ignored.join(", "))}</code>
        <small class="soft">{visible(name)}</small>
      </td>
      <td>
        {visible(method ?? "any method")} {visible(host ?? "any host")}
        <code>{visible(path ?? "/**")}</code>
        <code>{visible(point ?? "any point")}</code>
      </td>
      <td>
        {visible(draft.reason)}
        {createdBy !== null && <small class="soft">{visible(createdBy)}</small>}
      </td>
      <td class="number">{countText(hits)}</td>
      <td>{lastHit === null ? <span class="soft">never</span> : agoText(lastHit, now)}</td>
      <td title={exactTime(ends)}>
        {dayText(ends)}
        <small class="soft">{expired ? "ended" : agoText(ends, now)}</small>
      </td>
      <td>
        <ExceptionActions exception={exception} now={now} onChanged={onChanged} />
      </td>
    </tr>
  );
}

function ExceptionActions({ exception, now, onChanged }: ExceptionRowProps) {
  const session = useSession();
  const { name, draft, managedBy, yaml } = exception;
  const useless = uselessness(exception, now);
  const refusal =
    managedBy === "file"
      ? "it stands in the policy file: take it out there"
      : (refusalOf(session, "removeException") ?? (session.policyWrite.allowed ? null : session.policyWrite.reason));
  const remove = async (): Promise<void> => {
    const change = await api.call("removeException", { path: { name } });
    onChanged();
    const undo = () => api.call("applyException", { body: { draft } });
    void followChange({ what: "Exception removed", change, undo, onSettled: onChanged });
  };
  return (
    <span class="row-actions">
      <button type="button" disabled={refusal !== null} title={refusal ?? ""} onClick={() => void attempt(remove)}>
        Remove
      </button>
      {yaml !== "" && <Copy label="YAML" text={() => yaml} />}
      {useless !== null && <small class="warn">{useless}</small>}
      {managedBy === "file" && <small class="soft">in the policy file</small>}
    </span>
  );
}
