/** A record whole: what became of it and why, the hits layer by layer, the request, its client, and what is like it. */
import type { ComponentChildren } from "preact";
import { allOf, condition } from "../attacks/conditions.ts";
import { Filterable } from "../attacks/filterable.tsx";
import { chiefHit } from "../attacks/line.ts";
import { api } from "../shell/api.ts";
import { Copy } from "../shell/copy.tsx";
import { countText, exactTime, microsText, sizeText } from "../shell/format.ts";
import { useResource } from "../shell/resource.ts";
import { hrefOf } from "../shell/route.ts";
import { LabelBadge } from "./badge.tsx";
import { visible } from "./bytes.ts";
import { HitView } from "./hit-view.tsx";
import type { AttackRecord } from "./record.ts";
import { RequestView } from "./request-view.tsx";
import { actionText, anomalyText, limitText, modeText } from "./words.ts";

const RELATED_MS = 7 * 86_400_000;

/** The record. @param actions the buttons that belong to where it is shown */
export function RecordView({
  record,
  actions,
}: {
  readonly record: AttackRecord;
  readonly actions?: ComponentChildren;
}) {
  const { hits, masked, incident, limits } = record;
  return (
    <article class="record" aria-label={`record ${record.ref}`}>
      <Verdict record={record} />
      {actions}
      {incident && (
        <p class="notice bad">
          <b>Incident.</b> The response showed what it should not: the attack may have worked. Look at it first.
        </p>
      )}
      {hits.length === 0 && <p class="notice">Nothing was found in this request.</p>}
      {hits.map((hit, index) => (
        <HitView key={`${record.id}-${index}`} hit={hit} isMasked={masked.includes(hit.point_s)} />
      ))}
      {limits.matches_dropped > 0 && (
        <p class="soft">{countText(limits.matches_dropped)} more findings were counted and not kept.</p>
      )}
      {limits.reached.length > 0 && <Names title="Not read to its end" names={limits.reached.map(limitText)} />}
      {limits.parser_anomaly.length > 0 && (
        <Names title="Back ends may read this differently" names={limits.parser_anomaly.map(anomalyText)} />
      )}
      <RequestView key={record.id} record={record} />
      <Facts record={record} />
      <Related record={record} />
    </article>
  );
}

function Names({ title, names }: { readonly title: string; readonly names: readonly string[] }) {
  return (
    <p class="notice warn">
      <b>{title}:</b> {names.map((name) => visible(name)).join("; ")}.
    </p>
  );
}

/** In one sentence: what was done, by which mode of which policy, and what the client got. */
function Verdict({ record }: { readonly record: AttackRecord }) {
  const { action, would_action, mode, policy, response, labels, request } = record;
  const isBad = action !== "monitored";
  const asked = { method: request.method, host: request.host, path: request.path };
  const got = response.status === 0 ? "no answer" : `status ${response.status}`;
  return (
    <header class="verdict">
      <p>
        <b class={`outcome ${isBad ? "bad" : "warn"}`}>{visible(actionText(action))}</b>{" "}
        {action === "monitored" && would_action === "block" && "(mode block would have stopped it) "}
        <LabelBadge verdict={labels?.verdict} />
      </p>
      <p class="soft">
        Mode <a href={hrefOf("policy", "", asked)}>{mode}</a> of {visible(policy.ref)}, generation {policy.generation}.
        The client got {got}
        {response.seen || response.status === 0 ? "" : " (from Merlon)"}. <span class="spoken">{modeText(mode)}</span>
      </p>
      {labels?.note != null && <p class="note">{visible(labels.note, true)}</p>}
    </header>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Facts({ record }: { readonly record: AttackRecord }) {
  const { client, response, app, node, ruleset, limits, masked, sampled } = record;
  return (
    <dl class="facts">
      <Fact name="Reference">
        <code>{visible(record.ref)}</code> <Copy label="copy" text={() => record.ref} />
      </Fact>
      <Fact name="Time">{exactTime(Date.parse(record.ts))}</Fact>
      <Fact name="Client">
        <Filterable field="ip" value={client.ip} />
        {client.ip_source !== undefined && <span class="soft"> by {visible(client.ip_source)}</span>}
        {client.list !== "none" && <span class="badge"> on the {client.list} list</span>}
      </Fact>
      {client.country != null && (
        <Fact name="Country">
          <Filterable field="country" value={client.country} />
        </Fact>
      )}
      {client.asn != null && (
        <Fact name="Network">
          <Filterable field="asn" value={String(client.asn)}>
            AS{client.asn}
          </Filterable>
        </Fact>
      )}
      <Fact name="Application">
        {app.name === null ? <span class="soft">none</span> : <Filterable field="app" value={app.name} />}
      </Fact>
      <Fact name="Route">
        {visible(record.request.method)} {visible(record.request.host)}
        {visible(record.request.path_template)}
      </Fact>
      <Fact name="Answer">
        {response.status === 0 ? "none" : response.status}
        {response.size !== undefined && ` · ${sizeText(response.size)}`}
        {response.time_ms !== undefined && ` · ${microsText(response.time_ms * 1000)}`}
      </Fact>
      <Fact name="Node">
        <Filterable field="node" value={node.id} />
        <span class="soft">
          {" "}
          {node.kind} {visible(node.version)}
        </span>
      </Fact>
      <Fact name="Rules">
        {visible(ruleset.id)} <span class="soft">{ruleset.sha256.slice(0, 12)}</span>
      </Fact>
      {limits.cpu_us !== undefined && <Fact name="Inspection took">{microsText(limits.cpu_us)}</Fact>}
      {record.request.id !== undefined && <Fact name="Request id">{visible(record.request.id)}</Fact>}
      {record.request.trace_id !== undefined && <Fact name="Trace">{visible(record.request.trace_id)}</Fact>}
      {masked.length > 0 && <Fact name="Hidden">{masked.map((point) => visible(point)).join(", ")}</Fact>}
      {sampled.count_since_last > 1 && (
        <Fact name="Stands for">{countText(sampled.count_since_last)} records that look alike</Fact>
      )}
    </dl>
  );
}

interface Likeness {
  readonly title: string;
  readonly where: string;
}

function likenesses(record: AttackRecord): Likeness[] {
  const hit = chiefHit(record);
  const { host, path } = record.request;
  const same = [{ title: "from this client", where: condition("ip", record.client.ip) }];
  if (hit !== undefined) {
    const [stamp = ""] = hit.stamps;
    const finding = allOf([condition("stamp", stamp), condition("point", hit.point_s)]);
    same.push({ title: "with this finding at this point", where: finding });
  }
  return [...same, { title: "on this path", where: allOf([condition("host", host), condition("path", path)]) }];
}

/** Records of the last days that share something with this one, each a way to the list. */
function Related({ record }: { readonly record: AttackRecord }) {
  const alike = likenesses(record);
  const counts = useResource(record.id, async () => {
    const from = Date.now() - RELATED_MS;
    return await Promise.all(alike.map(({ where }) => api.call("countRecords", { query: { where, from } })));
  });
  return (
    <section class="related" aria-label="related records">
      <h3>Related, last 7 days</h3>
      <ul>
        {alike.map(({ title, where }, index) => (
          <li key={title}>
            <a href={hrefOf("attacks", "", { where, window: "7d", group: "none" })}>
              <b>{counts.value === null ? "…" : countText(counts.value[index]?.count ?? 0)}</b> {title}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
