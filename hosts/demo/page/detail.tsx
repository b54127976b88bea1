/** One request in detail: each match with its point, its reason, and the payload in every layer of decoding. */
import type { VNode } from "preact";
import type { FeedEvent, FeedLayer, FeedMatch } from "./api.ts";

const LAYER_NAMES: Readonly<Record<string, string>> = {
  raw: "as sent",
  percent: "percent-decoded",
  form: "form-decoded",
  utf8: "long UTF-8 undone",
  htmlentity: "HTML references undone",
  escape: "backslash escapes undone",
  json_string: "JSON string",
  base64: "base64-decoded",
  joined: "values joined",
};

/** Bytes as text in which nothing hides: what is not printable ASCII is shown by its number. */
function shown(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === 10) text += "⏎";
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

function LayerLine({ layer }: { layer: FeedLayer }) {
  const bytes = Uint8Array.from(atob(layer.excerpt), (c) => c.charCodeAt(0));
  const from = Math.max(0, layer.span[0] - layer.excerptAt);
  const to = Math.min(bytes.length, Math.max(from, layer.span[1] - layer.excerptAt));
  const cutBefore = layer.excerptAt > 0 ? "…" : "";
  const cutBehind = layer.span[1] > layer.excerptAt + bytes.length ? "…" : "";
  return (
    <div class="layer">
      <span class="layer-name">{LAYER_NAMES[layer.as] ?? layer.as}</span>
      <code>
        {cutBefore}
        {shown(bytes.subarray(0, from))}
        <mark>{shown(bytes.subarray(from, to))}</mark>
        {shown(bytes.subarray(to))}
        {cutBehind}
      </code>
      <span class="layer-span">
        {layer.span[0]}–{layer.span[1]}
      </span>
    </div>
  );
}

function MatchBlock({ match }: { match: FeedMatch }) {
  return (
    <section class="match">
      <h3>
        <span class={`type type-${match.type}`}>{match.type}</span> in <code>{match.point}</code>
      </h3>
      <p>
        {match.reason} <small>{[match.stamp, ...match.cwe].join(" · ")}</small>
      </p>
      {match.layers.map((layer, index) => (
        <LayerLine key={index} layer={layer} />
      ))}
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string | VNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** What an opened row shows of its request; every text of a client is only ever a text node. */
export function Detail({ event }: { event: FeedEvent }) {
  return (
    <div class="detail">
      <dl>
        <Fact name="reference" value={<code>{event.ref}</code>} />
        <Fact name="client" value={event.clientIp || "unknown"} />
        <Fact name="host" value={event.host} />
        <Fact name="answer" value={event.status === 0 ? "none" : String(event.status)} />
        <Fact name="mode" value={event.mode} />
      </dl>
      {event.matches.length === 0 && <p>Nothing in this request looks like an attack.</p>}
      {event.matches.map((match, index) => (
        <MatchBlock key={index} match={match} />
      ))}
      {event.incident && <p>The response leaked something: the attack may have worked. Look at it first.</p>}
      {event.limits.length > 0 && <p>Limits reached: {event.limits.join(", ")}.</p>}
      {event.anomalies.length > 0 && <p>Back ends may read this differently: {event.anomalies.join(", ")}.</p>}
    </div>
  );
}
