/** The policy in force: its mode, which nodes run it, what it says of one request and why, and its text. */
import { useState } from "preact/hooks";
import type { Answer } from "../../postanalytics/api/routes.ts";
import { followChange } from "../exceptions/propagation.ts";
import { visible } from "../record/bytes.ts";
import { modeText } from "../record/words.ts";
import { api } from "../shell/api.ts";
import { Copy } from "../shell/copy.tsx";
import { exactTime, tookText } from "../shell/format.ts";
import { Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { changeParams, type Route } from "../shell/route.ts";
import { refusalOf, useSession } from "../shell/session.ts";
import { useSubmit } from "../shell/submit.ts";

const MODES = ["off", "monitoring", "safe_blocking", "block"] as const;
const SOURCES = {
  file: "from a policy file",
  builtin: "built in: no policy was given",
  service: "from the policy service",
} as const;

type Policy = Answer<"policy">;

/** The page. A request to be explained may come in the address: `method`, `host`, `path`. */
export function PolicyPage({ route }: { readonly route: Route }) {
  const policy = useResource("policy", () => api.call("policy", {}));
  const { value, error } = policy;
  return (
    <div class="page">
      <header class="page-head">
        <h1>Policy</h1>
      </header>
      {error !== null && <Problem error={error} retry={policy.reload} />}
      {value === null && error === null && <Loading />}
      {value !== null && (
        <>
          <p>
            <b>{visible(value.name)}</b>, generation {value.generation}, {SOURCES[value.source]}, in force since{" "}
            {exactTime(value.since).split(" · ")[0]}{" "}
            <code class="soft" title={value.sha256}>
              {value.sha256.slice(0, 12)}
            </code>
          </p>
          <ModeCard key={value.mode} policy={value} onChanged={policy.reload} />
          <Explain params={route.params} />
          <States generation={value.generation} />
          <details class="card">
            <summary>As a file</summary>
            <Copy label="Copy" text={() => value.yaml} />
            <pre class="replay">{visible(value.yaml, true)}</pre>
          </details>
        </>
      )}
    </div>
  );
}

function ModeCard({ policy, onChanged }: { readonly policy: Policy; readonly onChanged: () => void }) {
  const session = useSession();
  const [mode, setMode] = useState<Policy["mode"]>(policy.mode);
  const refusal = refusalOf(session, "setMode") ?? (session.policyWrite.allowed ? null : session.policyWrite.reason);
  const { isBusy, problem, onSubmit } = useSubmit(async (field) => {
    const reason = field("reason");
    const change = await api.call("setMode", { body: { mode, reason } });
    onChanged();
    const undo = () => api.call("setMode", { body: { mode: policy.mode, reason: `taken back: ${reason}` } });
    void followChange({ what: `Mode ${mode}`, change, undo, onSettled: onChanged });
    return true;
  });
  return (
    <form class="card mode-card" aria-label="mode" onSubmit={onSubmit}>
      <h2>Mode</h2>
      <div class="modes">
        {MODES.map((one) => (
          <label key={one} class={one === mode ? "chosen" : ""}>
            <input
              type="radio"
              name="mode"
              checked={one === mode}
              disabled={refusal !== null}
              onChange={() => setMode(one)}
            />{" "}
            {modeText(one)}
          </label>
        ))}
      </div>
      {refusal !== null && <p class="soft">You can look but not change: {visible(refusal)}.</p>}
      {mode !== policy.mode && (
        <>
          {mode === "off" && <p class="notice bad">Nothing will be inspected, recorded or stopped.</p>}
          <label class="grow">
            Reason
            <input name="reason" required maxLength={500} />
          </label>
          {problem !== null && <Problem error={problem} />}
          <button type="submit" class="primary" disabled={isBusy}>
            Set mode {mode}
          </button>
        </>
      )}
    </form>
  );
}

interface Asked {
  readonly method: string;
  readonly host: string;
  readonly path: string;
}

/** Reads a request as people paste it: an address, or its path alone. */
export function readAddress(text: string): { host: string; path: string } | null {
  const url = URL.parse(text.includes("://") ? text : `https://${text}`);
  return url === null || url.hostname === "" ? null : { host: url.hostname, path: url.pathname };
}

function Explain({ params }: { readonly params: URLSearchParams }) {
  const asked: Asked = {
    method: params.get("method") ?? "GET",
    host: params.get("host") ?? "",
    path: params.get("path") ?? "",
  };
  const isAsked = asked.host !== "" && asked.path !== "";
  const answer = useResource(JSON.stringify(asked), async () => {
    return isAsked ? await api.call("explainPolicy", { body: asked }) : null;
  });
  const { problem, onSubmit } = useSubmit(async (field) => {
    const address = readAddress(field("address").trim());
    if (address === null) throw new Error("this is no address; write one such as https://shop.example/articles/7");
    changeParams({ method: field("method").trim().toUpperCase(), ...address });
    return false;
  });
  return (
    <section class="card" aria-label="explain">
      <h2>What would it do with a request?</h2>
      <form class="add-form" onSubmit={onSubmit}>
        <label>
          Method <input name="method" defaultValue={asked.method} size={7} maxLength={32} required />
        </label>
        <label class="grow">
          Address
          <input
            name="address"
            required
            defaultValue={isAsked ? `https://${asked.host}${asked.path}` : ""}
            placeholder="https://shop.example/articles/7"
            maxLength={2304}
          />
        </label>
        <button type="submit">Explain</button>
      </form>
      {problem !== null && <Problem error={problem} />}
      {answer.error !== null && <Problem error={answer.error} />}
      {answer.value !== null && <Explanation answer={answer.value} />}
    </section>
  );
}

function Explanation({ answer }: { readonly answer: Answer<"explainPolicy"> }) {
  const { mode, steps, exceptions, application } = answer;
  return (
    <div role="status">
      <p>
        <b>{modeText(mode)}</b>
        {application !== null && <span class="soft"> · application {visible(application)}</span>}
      </p>
      <ol class="steps">
        {steps.map(({ from, says }, index) => (
          <li key={index}>
            <span class="soft">{visible(from)}</span> {visible(says)}
          </li>
        ))}
      </ol>
      {exceptions.length > 0 && <p>Exceptions that may apply: {exceptions.map((one) => visible(one)).join(", ")}</p>}
    </div>
  );
}

function States({ generation }: { readonly generation: number }) {
  const state = useResource(String(generation), () => api.call("policyState", {}));
  const { value, error } = state;
  if (error !== null) return <Problem error={error} retry={state.reload} />;
  if (value === null) return <Loading lines={2} />;
  return (
    <section class="card" aria-label="nodes">
      <h2>
        Active on {value.active}/{value.total} nodes
        {value.tookMs !== null && <span class="soft"> in {tookText(value.tookMs)}</span>}
      </h2>
      <ul>
        {value.nodes.map((node) => (
          <li key={node.id}>
            <code>{visible(node.id)}</code> generation {node.generation}{" "}
            {node.active ? <span class="good">active</span> : <b class="warn">{visible(node.problem ?? "not yet")}</b>}
          </li>
        ))}
      </ul>
    </section>
  );
}
