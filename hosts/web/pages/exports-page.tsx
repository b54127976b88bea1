/** Where records are sent as they come: what was delivered, how far behind it is, and a test of each. */
import { useState } from "preact/hooks";
import type { Answer, Asked } from "../../postanalytics/api/routes.ts";
import { visible } from "../record/bytes.ts";
import { api } from "../shell/api.ts";
import { countText, durationText } from "../shell/format.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { attempt, useSubmit } from "../shell/submit.ts";
import { toast } from "../shell/toasts.tsx";

type Export = Answer<"exports">["items"][number];
type Sink = Asked<"addExport">["body"]["sink"];

const KINDS = [
  ["webhook", "Webhook, signed"],
  ["syslog", "Syslog (RFC 5424)"],
  ["otlp", "OpenTelemetry logs"],
  ["slack", "Slack and alike"],
  ["file", "File of JSON lines"],
] as const;
type Kind = (typeof KINDS)[number][0];

/** Lag that is shown as a warning. */
const LATE_SECONDS = 60;

/** The sink that the fields of the form describe. */
export function sinkOf(kind: Kind, field: (name: string) => string): Sink {
  const url = field("url").trim();
  switch (kind) {
    case "file":
      return { kind };
    case "syslog":
      return { kind, host: field("host").trim(), port: Number(field("port")), tls: field("tls") === "on" };
    case "otlp":
      return field("bearer") === "" ? { kind, url } : { kind, url, bearer: field("bearer") };
    case "webhook":
      return { kind, url, secret: field("secret") };
    case "slack":
      return { kind, url };
  }
}

/** The page. */
export function ExportsPage() {
  const exports = useResource("exports", () => api.call("exports", {}));
  const { value, error } = exports;
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>Exports</h1>
      </header>
      <AddExport onChanged={exports.reload} />
      {error !== null && <Problem error={error} retry={exports.reload} />}
      {value === null && error === null && <Loading />}
      {value?.items.length === 0 && (
        <Empty title="Records stay here">
          <p>Send them on to a log store, an incident system or a chat: add one above.</p>
        </Empty>
      )}
      {value !== null && value.items.length > 0 && (
        <div class="scroll">
          <table class="table">
            <thead>
              <tr>
                {["Name", "Where to", "Which"].map((title) => (
                  <th key={title}>{title}</th>
                ))}
                {["Delivered", "Failed", "Behind"].map((title) => (
                  <th key={title} class="number">
                    {title}
                  </th>
                ))}
                <th />
              </tr>
            </thead>
            <tbody>
              {value.items.map((one) => (
                <ExportRow key={one.id} item={one} onChanged={exports.reload} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function AddExport({ onChanged }: { readonly onChanged: () => void }) {
  const [kind, setKind] = useState<Kind>("webhook");
  const { isBusy, problem, onSubmit } = useSubmit(async (field) => {
    const body = { name: field("name").trim(), where: field("where").trim(), sink: sinkOf(kind, field) };
    await api.call("addExport", { body });
    onChanged();
    return true;
  });
  return (
    <form class="card add-form" aria-label="add an export" onSubmit={onSubmit}>
      <label>
        Kind
        <select
          value={kind}
          onChange={({ currentTarget: { value } }) => setKind(KINDS.find(([name]) => name === value)?.[0] ?? kind)}
        >
          {KINDS.map(([name, says]) => (
            <option key={name} value={name}>
              {says}
            </option>
          ))}
        </select>
      </label>
      <label>
        Name <input name="name" required maxLength={63} placeholder="siem-1" />
      </label>
      <SinkFields kind={kind} />
      <label class="grow">
        Only records that fit <input name="where" maxLength={4096} placeholder="all" />
      </label>
      <button type="submit" class="primary" disabled={isBusy}>
        Add
      </button>
      {problem !== null && <Problem error={problem} />}
    </form>
  );
}

function SinkFields({ kind }: { readonly kind: Kind }) {
  if (kind === "file") return null;
  if (kind === "syslog") {
    return (
      <>
        <label>
          Host <input name="host" required maxLength={253} />
        </label>
        <label>
          Port <input name="port" type="number" min={1} max={65_535} defaultValue="6514" required />
        </label>
        <label>
          <input name="tls" type="checkbox" defaultChecked /> TLS
        </label>
      </>
    );
  }
  return (
    <>
      <label class="grow">
        Address <input name="url" type="url" required maxLength={2048} placeholder="https://" />
      </label>
      {kind === "webhook" && (
        <label>
          Secret of the signature
          <input name="secret" type="password" required minLength={16} maxLength={512} autocomplete="off" />
        </label>
      )}
      {kind === "otlp" && (
        <label>
          Bearer token <input name="bearer" type="password" maxLength={512} autocomplete="off" />
        </label>
      )}
    </>
  );
}

function ExportRow({ item, onChanged }: { readonly item: Export; readonly onChanged: () => void }) {
  const { id, kind, target, where, delivered, failed, lagSeconds, lastError } = item;
  const test = async (): Promise<void> => {
    const { delivered: isDelivered, problem } = await api.call("testExport", { path: { id } });
    const said = problem === null ? "" : `: ${problem}`;
    toast({
      tone: isDelivered ? "good" : "bad",
      text: isDelivered ? `${id}: the test arrived` : `${id}: not delivered${said}`,
    });
    onChanged();
  };
  const remove = async (): Promise<void> => {
    await api.call("removeExport", { path: { id } });
    onChanged();
  };
  return (
    <tr>
      <td>
        <b>{visible(id)}</b> <small class="soft">{visible(kind)}</small>
      </td>
      <td>
        {visible(target)}
        {lastError !== null && <small class="bad">{visible(lastError)}</small>}
      </td>
      <td>{where === "" ? "all" : <code>{visible(where)}</code>}</td>
      <td class="number">{countText(delivered)}</td>
      <td class={`number ${failed > 0 ? "bad" : ""}`}>{countText(failed)}</td>
      <td class={`number ${lagSeconds > LATE_SECONDS ? "warn" : ""}`}>{durationText(lagSeconds * 1000)}</td>
      <td class="row-actions">
        <button type="button" onClick={() => void attempt(test)}>
          Test
        </button>
        <button type="button" onClick={() => void attempt(remove)}>
          Remove
        </button>
      </td>
    </tr>
  );
}
