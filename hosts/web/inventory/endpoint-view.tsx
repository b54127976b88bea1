/** One endpoint: what it takes, by place and type, how clients sign in, and the ways on to its attacks and rollout. */
import type { Answer } from "../../postanalytics/api/routes.ts";
import { visible } from "../record/bytes.ts";
import { api } from "../shell/api.ts";
import { agoText, countOf, countText, exactTime } from "../shell/format.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { hrefOf } from "../shell/route.ts";

type Endpoint = Answer<"endpoint">;
type Parameter = Endpoint["shape"]["params"][number];

/** A name in a body as people write it: `items[].sku`. */
export function nameText(name: readonly string[]): string {
  return name.reduce((text, one) => (one === "[]" ? `${text}[]` : text === "" ? one : `${text}.${one}`), "");
}

/** The view. */
export function EndpointView({ id }: { readonly id: string }) {
  const { value, error, reload } = useResource(id, () => api.call("endpoint", { path: { id }, query: {} }));
  return (
    <div class="page">
      <p>
        <a href={hrefOf("inventory")}>API inventory</a>
      </p>
      {error !== null && <Problem error={error} retry={reload} />}
      {value === null && error === null && <Loading />}
      {value !== null && <Shown endpoint={value} />}
    </div>
  );
}

function Shown({ endpoint }: { readonly endpoint: Endpoint }) {
  const { app, host, method, path, calls, attacks, first, last, where, shape } = endpoint;
  const now = Date.now();
  return (
    <>
      <h1>
        {method} <code>{visible(path)}</code>
      </h1>
      <p>
        {visible(host)}
        {app !== null && ` · application ${visible(app)}`} · first seen{" "}
        <span title={exactTime(first)}>{agoText(first, now)}</span>, last{" "}
        <span title={exactTime(last)}>{agoText(last, now)}</span>
      </p>
      <p>
        About {countOf(calls, "call")} in 7 days;{" "}
        {attacks === 0 ? (
          "no attacks"
        ) : (
          <a href={hrefOf("attacks", "", { where, window: "7d" })}>{countOf(attacks, "request")} with an attack</a>
        )}
        . <a href={hrefOf("rollout", "", { host })}>Is {visible(host)} ready to block?</a>
      </p>
      <p>
        Signs in with {shape.auth.join(", ") || "nothing that was seen"} · answers {shape.statuses.join(", ")}
        {shape.media.length > 0 && ` · bodies of ${shape.media.join(", ")}`}
      </p>
      {shape.params.length === 0 ? (
        <Empty title="No parameters were seen">
          <p>Clients sent no query, no headers of their own and no body that could be read.</p>
        </Empty>
      ) : (
        <Parameters params={shape.params} />
      )}
      {shape.more && <p class="soft">There were more than {countText(shape.params.length)}; those are not listed.</p>}
    </>
  );
}

function Parameters({ params }: { readonly params: readonly Parameter[] }) {
  return (
    <div class="scroll">
      <table class="table">
        <thead>
          <tr>
            <th>Parameter</th>
            <th>In</th>
            <th>Type</th>
            <th>Sensitive</th>
            <th>Sent</th>
          </tr>
        </thead>
        <tbody>
          {params.map(({ in: place, name, types, sensitive, optional }) => (
            <tr key={JSON.stringify([place, ...name])}>
              <td>
                <code>{visible(nameText(name))}</code>
              </td>
              <td>{place}</td>
              <td>{types.join(" or ")}</td>
              <td class={sensitive.length > 0 ? "warn" : "soft"}>{sensitive.join(", ") || "–"}</td>
              <td>{optional ? "sometimes" : "always"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
