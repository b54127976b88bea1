/** What an exception would change: exact counts over stored records, what it would release, what it would let in. */
import type { Answer } from "../../postanalytics/api/routes.ts";
import { visible } from "../record/bytes.ts";
import { typeText } from "../record/words.ts";
import { countOf, countText, momentText } from "../shell/format.ts";
import { hrefOf } from "../shell/route.ts";

/** A preview as the API tells it. */
export type Preview = Answer<"previewException">;

/** @param isOld true while the counts of a changed scope are on their way */
export function PreviewView({ preview, isOld }: { readonly preview: Preview; readonly isOld: boolean }) {
  const { knownAttacks, trueAttacks, examples } = preview;
  return (
    <div class={`preview ${isOld ? "old" : ""}`} role="status" aria-busy={isOld}>
      <dl class="counts">
        <Count name="released" value={preview.released} says="records that would no longer count as attacks" />
        <Count name="touched" value={preview.touched} says="records with a finding that it covers" />
        <Count name="clients" value={preview.clients} says="clients that sent them" />
        <Count name="still caught" value={preview.untouchedOnRoute} says="other records on the same route" />
      </dl>
      <p class="soft">
        Of {countOf(preview.examined, "record")} in the last 24 hours{preview.complete ? "" : ", and there are more"}.
      </p>
      {trueAttacks.length > 0 && (
        <div class="notice bad">
          <b>It would release {countOf(trueAttacks.length, "record")} that an analyst called a true attack:</b>
          <RecordLines lines={trueAttacks} />
        </div>
      )}
      <Admitted knownAttacks={knownAttacks} />
      {examples.length > 0 && (
        <details>
          <summary>Records that it would release</summary>
          <RecordLines lines={examples} />
        </details>
      )}
    </div>
  );
}

function Count({ name, value, says }: { readonly name: string; readonly value: number; readonly says: string }) {
  return (
    <div title={says} data-count={name}>
      <dd>{countText(value)}</dd>
      <dt>{name}</dt>
    </div>
  );
}

function Admitted({ knownAttacks }: Pick<Preview, "knownAttacks">) {
  const { tried, admitted, admittedCount } = knownAttacks;
  if (admittedCount === 0) {
    return <p class="good">None of {countOf(tried, "known attack")} would get in at this point.</p>;
  }
  return (
    <details class="admitted" open={admittedCount <= 3}>
      <summary>
        <b class="warn">
          {countText(admittedCount)} of {countOf(tried, "known attack")} would get in at this point
        </b>
      </summary>
      <ul>
        {admitted.map(({ type, payload, stamps }, index) => (
          <li key={index} title={stamps.join(", ")}>
            {visible(typeText(type))} <code>{visible(payload)}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

function RecordLines({ lines }: { readonly lines: Preview["examples"] }) {
  const now = Date.now();
  return (
    <ul class="record-lines">
      {lines.map(({ id, at, method, path, payload }) => (
        <li key={id}>
          <a href={hrefOf("record", id)} target="_blank" rel="noreferrer">
            {momentText(at, now)}
          </a>{" "}
          {visible(method)} {visible(path)} <code>{visible(payload)}</code>
        </li>
      ))}
    </ul>
  );
}
