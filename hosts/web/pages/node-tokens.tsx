/** Tokens with which nodes send records: each names one node, may only append its records, and is shown once. */
import { useState } from "preact/hooks";
import type { Answer } from "../../postanalytics/api/routes.ts";
import { visible } from "../record/bytes.ts";
import { api } from "../shell/api.ts";
import { agoText, dayText } from "../shell/format.ts";
import { Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { attempt, useSubmit } from "../shell/submit.ts";
import { Once } from "./once.tsx";

type NodeToken = Answer<"nodeTokens">["items"][number];

/** The tokens, and a form for another. */
export function NodeTokens() {
  const tokens = useResource("node-tokens", () => api.call("nodeTokens", {}));
  const [made, setMade] = useState<{ readonly node: string; readonly token: string } | null>(null);
  const { isBusy, problem, onSubmit } = useSubmit(async (field) => {
    const node = field("node").trim();
    const { token } = await api.call("addNodeToken", { body: { node } });
    setMade({ node, token });
    tokens.reload();
    return true;
  });
  const { value, error } = tokens;
  return (
    <section class="card" aria-label="tokens of nodes">
      <h2>Tokens</h2>
      {made !== null && <Once title={`Token of ${made.node}`} secret={made.token} onDone={() => setMade(null)} />}
      <form class="add-form" onSubmit={onSubmit}>
        <label class="grow">
          Node <input name="node" required maxLength={253} placeholder="shop-node-1" />
        </label>
        <button type="submit" disabled={isBusy}>
          Make a token
        </button>
      </form>
      {problem !== null && <Problem error={problem} />}
      {error !== null && <Problem error={error} retry={tokens.reload} />}
      {value === null && error === null && <Loading lines={2} />}
      {value?.items.length === 0 && <p class="soft">None. A node in this process needs none.</p>}
      {value !== null && value.items.length > 0 && <TokenTable tokens={value.items} onChanged={tokens.reload} />}
    </section>
  );
}

function TokenTable({ tokens, onChanged }: { readonly tokens: readonly NodeToken[]; readonly onChanged: () => void }) {
  const now = Date.now();
  const remove = async (id: string): Promise<void> => {
    await api.call("removeNodeToken", { path: { id } });
    onChanged();
  };
  return (
    <table class="table">
      <thead>
        <tr>
          {["Node", "Made", "Ends", "Last used", ""].map((title) => (
            <th key={title}>{title}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {tokens.map(({ id, node, createdAt, createdBy, expiresAt, lastUsedAt }) => (
          <tr key={id}>
            <td>
              <code>{visible(node)}</code>
            </td>
            <td>
              {dayText(createdAt)} <small class="soft">{visible(createdBy)}</small>
            </td>
            <td>{expiresAt === null ? "never" : dayText(expiresAt)}</td>
            <td>{lastUsedAt === null ? "never" : agoText(lastUsedAt, now)}</td>
            <td>
              <button type="button" onClick={() => void attempt(() => remove(id))}>
                End
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
