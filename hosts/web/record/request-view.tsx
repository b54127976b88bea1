/** The request as it was recorded: its parts, or the whole as text to copy. */
import { useMemo, useState } from "preact/hooks";
import { Copy } from "../shell/copy.tsx";
import { sizeText } from "../shell/format.ts";
import { fromBase64, visible, visibleText } from "./bytes.ts";
import type { AttackRecord } from "./record.ts";
import { curlCommand, rawRequest } from "./replay.ts";

const FORMS = [
  ["parts", "Request"],
  ["raw", "Raw"],
  ["curl", "cURL"],
] as const;
type Form = (typeof FORMS)[number][0];

/** The request in one of its forms. */
export function RequestView({ record }: { readonly record: AttackRecord }) {
  const [form, setForm] = useState<Form>("parts");
  const [isNeutral, setIsNeutral] = useState(false);
  const replay = useMemo(
    () => (form === "curl" ? curlCommand(record, isNeutral) : rawRequest(record, isNeutral)),
    [record, form, isNeutral],
  );
  return (
    <section class="request-view" aria-label="request">
      <div class="tabs">
        {FORMS.map(([value, label]) => (
          <button key={value} type="button" aria-pressed={form === value} onClick={() => setForm(value)}>
            {label}
          </button>
        ))}
        <span class="grow" />
        {form !== "parts" && (
          <>
            <label>
              <input type="checkbox" checked={isNeutral} onChange={() => setIsNeutral(!isNeutral)} /> neutralised
            </label>
            <Copy label="Copy" text={() => replay.text} />
          </>
        )}
      </div>
      {form === "parts" ? <RequestParts record={record} /> : <pre class="replay">{visible(replay.text, true)}</pre>}
      {form !== "parts" &&
        replay.notes.map((note) => (
          <p key={note} class="soft">
            {visible(note)}
          </p>
        ))}
    </section>
  );
}

function RequestParts({ record }: { readonly record: AttackRecord }) {
  const { method, path, query, proto, headers, body, host } = record.request;
  return (
    <>
      <p class="request-line">
        <code>
          <b>{visible(method)}</b> {visible(path)}
          {query !== "" && <span>?{visible(query)}</span>} <span class="soft">{visible(proto ?? "")}</span>
        </code>
      </p>
      <table class="headers">
        <tbody>
          <tr>
            <th scope="row">host</th>
            <td>{visible(host)}</td>
          </tr>
          {headers.map(([name, value], index) => (
            <tr key={index}>
              <th scope="row">{visible(name)}</th>
              <td>{visible(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {body !== undefined && <Body body={body} />}
    </>
  );
}

function Body({ body }: { readonly body: NonNullable<AttackRecord["request"]["body"]> }) {
  const bytes = fromBase64(body.excerpt_b64 ?? "");
  return (
    <>
      <p class="soft">
        Body: {sizeText(body.size)}, {body.inspected >= body.size ? "all" : sizeText(body.inspected)} inspected
        {body.truncated && "; cut off by the limit"}
        {bytes.length < body.size && bytes.length > 0 && `; ${sizeText(bytes.length)} around the first finding kept`}
      </p>
      {bytes.length > 0 && <pre class="replay">{visibleText(bytes, true)}</pre>}
    </>
  );
}
