/** From watching to blocking: whether a scope is ready, why, and what to look at first. */
import { useState } from "preact/hooks";
import type { Answer } from "../../postanalytics/api/routes.ts";
import { ExceptionPanel } from "../exceptions/exception-panel.tsx";
import { followChange } from "../exceptions/propagation.ts";
import { TypeBadge } from "../record/badge.tsx";
import { visible } from "../record/bytes.ts";
import type { AttackRecord } from "../record/record.ts";
import { api, messageOf } from "../shell/api.ts";
import { Copy } from "../shell/copy.tsx";
import { agoText, countOf, countText, exactTime, shareText } from "../shell/format.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { changeParams, hrefOf, type Route } from "../shell/route.ts";
import { refusalOf, useSession } from "../shell/session.ts";
import { useSubmit } from "../shell/submit.ts";
import { toast } from "../shell/toasts.tsx";

type Report = Answer<"readiness">;
type Group = Report["groups"][number];

const DAYS = [1, 7, 14, 30, 90] as const;
const DAYS_DEFAULT = 14;

/** The answer in words. */
export function verdictText({ verdict, toLookAt }: Pick<Report, "verdict" | "toLookAt">): string {
  if (verdict === "ready") return "Ready to block";
  if (verdict === "blocking") return "Blocking already";
  if (verdict === "too_little") return "Too little traffic";
  return toLookAt === 0 ? "Not yet" : `Not yet: ${countOf(toLookAt, "group")} to look at`;
}

const TONES = { ready: "good", blocking: "good", not_yet: "bad", too_little: "warn" } as const;
const STANDINGS: Readonly<Record<Group["standing"], readonly [words: string, tone: string]>> = {
  suspect: ["looks like people at work", "bad"],
  false_positive: ["false positive, not let pass yet", "bad"],
  attack: ["looks like an attack", "good"],
  true_attack: ["true attack", "good"],
  excepted: ["let pass by an exception", "soft"],
};

/** The page. The scope stands in the address: `app`, `host`, `path`, `days`. */
export function RolloutPage({ route }: { readonly route: Route }) {
  const { params } = route;
  const scope = { app: params.get("app") ?? "", host: params.get("host") ?? "", path: params.get("path") ?? "" };
  const days = DAYS.find((one) => String(one) === params.get("days")) ?? DAYS_DEFAULT;
  const given = Object.fromEntries(Object.entries(scope).filter(([, value]) => value !== ""));
  const query = { ...given, days };
  const report = useResource(JSON.stringify(query), () => api.call("readiness", { query }));
  const { value, error } = report;
  const { onSubmit } = useSubmit(async (field) => {
    const path = field("path").trim();
    changeParams({ app: field("app").trim(), host: field("host").trim(), path, days: field("days") });
    return false;
  });
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>Rollout</h1>
        <form class="add-form" key={JSON.stringify(query)} aria-label="scope" onSubmit={onSubmit}>
          <input name="app" aria-label="application" placeholder="application" defaultValue={scope.app} />
          <input name="host" aria-label="host" placeholder="host" defaultValue={scope.host} />
          <input name="path" aria-label="path" placeholder="/path" defaultValue={scope.path} />
          <select name="days" aria-label="time" value={String(days)}>
            {DAYS.map((one) => (
              <option key={one} value={String(one)}>
                last {countOf(one, "day")}
              </option>
            ))}
          </select>
          <button type="submit">Report</button>
        </form>
      </header>
      {error !== null && <Problem error={error} retry={report.reload} />}
      {value === null && error === null && <Loading />}
      {value !== null && <ReportView report={value} reload={report.reload} />}
    </div>
  );
}

function ReportView({ report, reload }: { readonly report: Report; readonly reload: () => void }) {
  const { verdict, reasons, observedHours, traffic, coverage, wouldBlock, clients, groups, mode } = report;
  return (
    <>
      <section class="card verdict" aria-label="verdict">
        <h2 class={TONES[verdict]}>{verdictText(report)}</h2>
        <ul>
          {reasons.map((reason) => (
            <li key={reason}>{visible(reason)}</li>
          ))}
        </ul>
        <p class="soft">
          Mode {mode} · watched for{" "}
          {observedHours < 48 ? `${observedHours} h` : countOf(Math.floor(observedHours / 24), "day")} · about{" "}
          {countOf(traffic.calls, "request")} to {countOf(traffic.endpoints, "endpoint")} · {countText(wouldBlock)}{" "}
          would have been blocked, of {countOf(clients, "client")}
          {coverage !== null && ` · nodes inspected ${shareText(coverage.inspected, coverage.requests)}`}
        </p>
        <BlockForm report={report} onChanged={reload} />
      </section>
      {groups.length === 0 ? (
        <Empty title="Nothing would have been blocked">
          <p>No request in this time held what mode block stops.</p>
        </Empty>
      ) : (
        <Groups groups={groups} onChanged={reload} />
      )}
    </>
  );
}

/** The whole policy's mode is set here; that of a part stands in the policy's text, which is shown. */
function BlockForm({ report, onChanged }: { readonly report: Report; readonly onChanged: () => void }) {
  const session = useSession();
  const { scope, verdict, mode, patch } = report;
  const isWhole = scope.app === null && scope.host === null && scope.path === null;
  const refusal = refusalOf(session, "setMode") ?? (session.policyWrite.allowed ? null : session.policyWrite.reason);
  const { isBusy, problem, onSubmit } = useSubmit(async (field) => {
    const reason = field("reason");
    const change = await api.call("setMode", { body: { mode: "block", reason } });
    onChanged();
    const undo = () => api.call("setMode", { body: { mode, reason: `taken back: ${reason}` } });
    void followChange({ what: "Mode block", change, undo, onSettled: onChanged });
    return true;
  });
  if (verdict === "blocking") return null;
  if (!isWhole || refusal !== null) {
    return (
      <details open={verdict === "ready"}>
        <summary>{isWhole ? `For the policy's file: ${visible(refusal ?? "")}` : "Block for this scope alone"}</summary>
        {scope.app !== null && <p class="soft">A policy names hosts and paths: write those of the application.</p>}
        <Copy label="Copy" text={() => patch} />
        <pre class="replay">{visible(patch, true)}</pre>
      </details>
    );
  }
  return (
    <form class="add-form" aria-label="block" onSubmit={onSubmit}>
      <label class="grow">
        Reason
        <input name="reason" required maxLength={500} />
      </label>
      {problem !== null && <Problem error={problem} />}
      <button type="submit" class={verdict === "ready" ? "primary" : ""} disabled={isBusy}>
        {verdict === "ready" ? "Set mode block" : "Set mode block all the same"}
      </button>
    </form>
  );
}

function Groups({ groups, onChanged }: { readonly groups: readonly Group[]; readonly onChanged: () => void }) {
  const session = useSession();
  const [record, setRecord] = useState<AttackRecord | null>(null);
  const refusal = refusalOf(session, "proposeExceptions");
  const except = async (id: string): Promise<void> => {
    if (refusal !== null) return void toast({ tone: "bad", text: refusal });
    try {
      setRecord(await api.call("record", { path: { id } }));
    } catch (error) {
      toast({ tone: "bad", text: messageOf(error) });
    }
  };
  return (
    <>
      <div class="scroll">
        <table class="table">
          <thead>
            <tr>
              <th>Would be blocked</th>
              <th>Where</th>
              <th class="number">Requests</th>
              <th class="number">Clients</th>
              <th>Standing</th>
              <th>Last</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {groups.map((group) => (
              <GroupRow key={group.where} group={group} onExcept={() => void except(group.record)} />
            ))}
          </tbody>
        </table>
      </div>
      {record !== null && (
        <ExceptionPanel
          record={record}
          onClose={() => setRecord(null)}
          onApplied={() => {
            setRecord(null);
            onChanged();
          }}
        />
      )}
    </>
  );
}

function GroupRow({ group, onExcept }: { readonly group: Group; readonly onExcept: () => void }) {
  const { type, host, method, path, point, requests, clients, standing, reasons, record, last, where } = group;
  const [words, tone] = STANDINGS[standing];
  const isOpen = standing === "suspect" || standing === "false_positive";
  return (
    <tr>
      <td>
        <TypeBadge type={type} /> <code>{visible(point)}</code>
      </td>
      <td>
        {method} <code>{visible(path)}</code>
        <small class="soft">{visible(host)}</small>
      </td>
      <td class="number">
        <a href={hrefOf("attacks", "", { where, window: "30d" })}>{countText(requests)}</a>
      </td>
      <td class="number">{countText(clients)}</td>
      <td>
        <b class={tone}>{words}</b>
        {reasons.map((reason) => (
          <small key={reason} class="soft">
            {visible(reason)}
          </small>
        ))}
      </td>
      <td title={exactTime(last)}>{agoText(last, Date.now())}</td>
      <td class="row-actions">
        <a class="button" href={hrefOf("record", record)}>
          Look
        </a>
        {isOpen && (
          <button type="button" onClick={onExcept}>
            False positive
          </button>
        )}
      </td>
    </tr>
  );
}
