/** Lists of sources: who is always let pass, refused, or watched more closely; for how long, and why. */
import { useEffect, useState } from "preact/hooks";
import type { Answer } from "../../postanalytics/api/routes.ts";
import { condition } from "../attacks/conditions.ts";
import { followChange } from "../exceptions/propagation.ts";
import { visible } from "../record/bytes.ts";
import { api } from "../shell/api.ts";
import { agoText, countOf, countText, exactTime } from "../shell/format.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { hrefOf, type Route } from "../shell/route.ts";
import { refusalOf, useSession } from "../shell/session.ts";
import { attempt, useSubmit } from "../shell/submit.ts";

const LISTS = ["deny", "gray", "allow"] as const;
type ListName = (typeof LISTS)[number];
const SAYS: Readonly<Record<ListName, string>> = {
  deny: "deny: refuse whatever it sends",
  gray: "gray: block its attacks in mode safe_blocking",
  allow: "allow: never block it",
};
const TTLS = [
  [3600, "1 hour"],
  [14_400, "4 hours"],
  [86_400, "1 day"],
  [604_800, "7 days"],
  [2_592_000, "30 days"],
  [0, "for ever"],
] as const;
const TTL_DEFAULT = 14_400;
const TYPING_MS = 400;

type Entry = Answer<"ipLists">["items"][number];

/** The page. A source to be denied may come in the address: `add`, with a `reason`. */
export function IpListsPage({ route }: { readonly route: Route }) {
  const session = useSession();
  const lists = useResource("ip-lists", () => api.call("ipLists", {}));
  const { value, error } = lists;
  const refusal = refusalOf(session, "addIpEntry") ?? (session.policyWrite.allowed ? null : session.policyWrite.reason);
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>IP lists</h1>
      </header>
      {refusal === null ? (
        <AddEntry key={route.params.get("add")} params={route.params} onChanged={lists.reload} />
      ) : (
        <p class="notice">You can look but not change: {visible(refusal)}.</p>
      )}
      {error !== null && <Problem error={error} retry={lists.reload} />}
      {value === null && error === null && <Loading />}
      {value?.items.length === 0 && (
        <Empty title="No source is listed">
          <p>
            Deny one above, or press <kbd>d</kbd> on a record in the <a href={hrefOf("attacks")}>list of attacks</a>.
          </p>
        </Empty>
      )}
      {value !== null && value.items.length > 0 && (
        <div class="scroll">
          <table class="table">
            <thead>
              <tr>
                {["List", "Source", "Reason", "Ends"].map((title) => (
                  <th key={title}>{title}</th>
                ))}
                <th class="number">Hits</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {value.items.map((entry) => (
                <EntryRow
                  key={`${entry.list} ${entry.source}`}
                  entry={entry}
                  refusal={refusal}
                  onChanged={lists.reload}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

interface EntryRowProps {
  readonly entry: Entry;
  readonly refusal: string | null;
  readonly onChanged: () => void;
}

function EntryRow({ entry, refusal, onChanged }: EntryRowProps) {
  const { list, source, reason, expiresAt, expired, hits, managedBy } = entry;
  const now = Date.now();
  const isOurs = managedBy === "console";
  const remove = async (): Promise<void> => {
    const change = await api.call("removeIpEntry", { query: { list, source } });
    onChanged();
    void followChange({ what: `${source} taken off the ${list} list`, change, onSettled: onChanged });
  };
  return (
    <tr class={expired ? "ended" : ""}>
      <td>
        <span class={`badge list-${list}`}>{list}</span>
      </td>
      <td>
        <a href={hrefOf("attacks", "", { where: condition("ip", source), window: "7d", group: "none" })}>
          <code>{visible(source)}</code>
        </a>
      </td>
      <td>{visible(reason)}</td>
      <td title={expiresAt === null ? "" : exactTime(expiresAt)}>
        {expiresAt === null ? "never" : expired ? "ended" : agoText(expiresAt, now)}
      </td>
      <td class="number">{hits === null ? "–" : countText(hits)}</td>
      <td>
        <button
          type="button"
          disabled={refusal !== null || !isOurs}
          title={isOurs ? (refusal ?? "") : "it stands in the policy file: take it out there"}
          onClick={() => void attempt(remove)}
        >
          Remove
        </button>
      </td>
    </tr>
  );
}

function isList(name: string): name is ListName {
  return LISTS.some((list) => list === name);
}

function AddEntry({ params, onChanged }: { readonly params: URLSearchParams; readonly onChanged: () => void }) {
  const [list, setList] = useState<ListName>("deny");
  const [source, setSource] = useState(params.get("add") ?? "");
  const [weighed, setWeighed] = useState(source);
  // Asked when the typing pauses: half an address is no fault.
  useEffect(() => {
    const timer = setTimeout(() => setWeighed(source.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [source]);
  const preview = useResource(`${list} ${weighed}`, async () => {
    return weighed === "" ? null : await api.call("previewIpEntry", { body: { list, source: weighed } });
  });
  const { isBusy, problem, onSubmit } = useSubmit(async (field) => {
    const seconds = Number(field("ttl"));
    const ttlSeconds = seconds === 0 ? null : seconds;
    const listed = source.trim();
    const body = { list, source: listed, ttlSeconds, reason: field("reason"), force: field("force") === "on" };
    const change = await api.call("addIpEntry", { body });
    const undo = () => api.call("removeIpEntry", { query: { list, source: listed } });
    setSource("");
    onChanged();
    void followChange({ what: `${listed} on the ${list} list`, change, undo, onSettled: onChanged });
    return true;
  });
  return (
    <form class="card add-form" aria-label="add a source" onSubmit={onSubmit}>
      <label>
        List
        <select value={list} onChange={({ currentTarget: { value } }) => isList(value) && setList(value)}>
          {LISTS.map((name) => (
            <option key={name} value={name}>
              {SAYS[name]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Address or network
        <input
          value={source}
          required
          maxLength={64}
          placeholder="203.0.113.7 or 203.0.113.0/24"
          onInput={(event) => setSource(event.currentTarget.value)}
        />
      </label>
      <label>
        For
        <select name="ttl" defaultValue={String(TTL_DEFAULT)}>
          {TTLS.map(([seconds, text]) => (
            <option key={seconds} value={seconds} selected={seconds === TTL_DEFAULT}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label class="grow">
        Reason
        <input name="reason" required maxLength={500} defaultValue={params.get("reason") ?? ""} />
      </label>
      {weighed !== "" && <Weight preview={preview.value} error={preview.error} />}
      {problem !== null && <Problem error={problem} />}
      <button type="submit" class="primary" disabled={isBusy}>
        Add
      </button>
    </form>
  );
}

interface WeightProps {
  readonly preview: Answer<"previewIpEntry"> | null;
  readonly error: unknown;
}

/** Whom an entry would have hit, and a second question where it is whoever asks. */
function Weight({ preview, error }: WeightProps) {
  if (error !== null) return <Problem error={error} />;
  if (preview === null) return null;
  const { lockOut, records, clients, complete } = preview;
  return (
    <>
      {lockOut !== null && (
        <div class="notice bad">
          {visible(lockOut)}
          <label>
            <input type="checkbox" name="force" required /> I know, list it all the same
          </label>
        </div>
      )}
      <p class="soft">
        In the last day it had {countOf(records, "record")} from {countOf(clients, "client")}
        {complete ? "" : ", or more"}.
      </p>
    </>
  );
}
