/** Nodes: which of them send records, what they did, and the tokens with which they do. */
import type { Answer } from "../../postanalytics/api/routes.ts";
import { visible } from "../record/bytes.ts";
import { api } from "../shell/api.ts";
import { agoText, countText, exactTime, microsText, shareText } from "../shell/format.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { refusalOf, useSession } from "../shell/session.ts";
import { NodeTokens } from "./node-tokens.tsx";

type NodeLine = Answer<"nodes">["items"][number];

/** After this long without a word a node is shown as silent. */
const SILENT_MS = 5 * 60_000;

/** The page. */
export function NodesPage() {
  const session = useSession();
  const nodes = useResource("nodes", () => api.call("nodes", {}));
  const { value, error } = nodes;
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>Nodes</h1>
        <button type="button" onClick={nodes.reload}>
          Refresh
        </button>
      </header>
      {error !== null && <Problem error={error} retry={nodes.reload} />}
      {value === null && error === null && <Loading />}
      {value?.items.length === 0 && (
        <Empty title="No node has sent anything">
          <p>
            Protect a service with <code>merlon protect</code>, or give a node a token below and its address here.
          </p>
        </Empty>
      )}
      {value !== null && value.items.length > 0 && (
        <div class="scroll">
          <table class="table">
            <thead>
              <tr>
                {["Node", "Kind", "Version", "Last word"].map((title) => (
                  <th key={title}>{title}</th>
                ))}
                {["Requests", "Inspected", "Blocked", "Adds, median", "99 %"].map((title) => (
                  <th key={title} class="number">
                    {title}
                  </th>
                ))}
                <th>Not inspected</th>
              </tr>
            </thead>
            <tbody>
              {value.items.map((node) => (
                <NodeRow key={node.id} node={node} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {refusalOf(session, "nodeTokens") === null && <NodeTokens />}
    </div>
  );
}

function NodeRow({ node }: { readonly node: NodeLine }) {
  const { id, kind, version, lastSeen, traffic } = node;
  const now = Date.now();
  const isSilent = now - lastSeen > SILENT_MS;
  return (
    <tr>
      <td>
        <code>{visible(id)}</code>
      </td>
      <td>{kind}</td>
      <td>{visible(version)}</td>
      <td class={isSilent ? "warn" : ""} title={exactTime(lastSeen)}>
        {agoText(lastSeen, now)}
      </td>
      {traffic === null ? (
        <td colSpan={6} class="soft">
          only its records are known: it does not tell of its traffic
        </td>
      ) : (
        <>
          <td class="number">{countText(traffic.requests)}</td>
          <td class="number">{shareText(traffic.inspected, traffic.requests)}</td>
          <td class="number">{countText(traffic.blocked)}</td>
          <td class="number">{microsText(traffic.addedMicrosP50)}</td>
          <td class="number">{microsText(traffic.addedMicrosP99)}</td>
          <td>
            {Object.entries(traffic.skipped)
              .filter(([, count]) => count > 0)
              .map(([reason, count]) => `${visible(reason)} ${countText(count)}`)
              .join(", ") || <span class="soft">none</span>}
          </td>
        </>
      )}
    </tr>
  );
}
