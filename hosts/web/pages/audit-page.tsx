/** Who changed what and when, with what was there before; also what was tried and refused. */
import type { Answer } from "../../postanalytics/api/routes.ts";
import { usePages } from "../attacks/pages.ts";
import { visible } from "../record/bytes.ts";
import { api } from "../shell/api.ts";
import { exactTime, momentText } from "../shell/format.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { changeParams, type Route } from "../shell/route.ts";
import { useSubmit } from "../shell/submit.ts";

type AuditLine = Answer<"audit">["items"][number];

const PART = 50;

/** The page. What is looked for stands in the address: `who`, `action`. */
export function AuditPage({ route }: { readonly route: Route }) {
  const [who, action] = [route.params.get("who") ?? "", route.params.get("action") ?? ""];
  const pages = usePages<AuditLine>(JSON.stringify([who, action]), async (cursor) => {
    const query = {
      limit: PART,
      ...(who === "" ? {} : { who }),
      ...(action === "" ? {} : { action }),
      ...(cursor === null ? {} : { cursor }),
    };
    return await api.call("audit", { query });
  });
  const { onSubmit } = useSubmit(async (field) => {
    changeParams({ who: field("who").trim(), action: field("action").trim() });
    return false;
  });
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>Audit</h1>
        <form class="add-form" key={`${who} ${action}`} onSubmit={onSubmit}>
          <input name="who" aria-label="who" placeholder="who" defaultValue={who} maxLength={128} />
          <input name="action" aria-label="action" placeholder="action" defaultValue={action} maxLength={64} />
          <button type="submit">Show</button>
        </form>
      </header>
      {pages.error !== null && <Problem error={pages.error} retry={pages.refresh} />}
      {pages.items === null && pages.error === null && <Loading />}
      {pages.items?.length === 0 && (
        <Empty title="Nothing was changed">
          <p>Every change that somebody makes, and every one that was refused, will stand here.</p>
        </Empty>
      )}
      {pages.items !== null && pages.items.length > 0 && <AuditTable lines={pages.items} />}
      {pages.hasMore && (
        <button type="button" disabled={pages.isLoading} onClick={pages.more}>
          Older
        </button>
      )}
    </div>
  );
}

const TONES = { done: "good", refused: "warn", failed: "bad" } as const;

function AuditTable({ lines }: { readonly lines: readonly AuditLine[] }) {
  const now = Date.now();
  return (
    <div class="scroll">
      <table class="table">
        <thead>
          <tr>
            {["When", "Who", "What", "Outcome", "Before → after"].map((title) => (
              <th key={title}>{title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ id, at, who, from, action, object, outcome, changes }) => (
            <tr key={id}>
              <td title={exactTime(at)}>{momentText(at, now)}</td>
              <td>
                {visible(who)} <small class="soft">{visible(from)}</small>
              </td>
              <td>
                {visible(action)} <code>{visible(object)}</code>
              </td>
              <td class={TONES[outcome]}>{outcome}</td>
              <td>
                {changes.map(({ field, before, after }) => (
                  <div key={field} class="change">
                    <span class="soft">{visible(field)}</span> {before !== null && <del>{visible(before)}</del>}{" "}
                    {after !== null && <ins>{visible(after)}</ins>}
                  </div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
