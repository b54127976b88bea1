/** The record that is open beside the list, with the way to the others of its group. */

import { visible } from "../record/bytes.ts";
import { RecordActions } from "../record/record-actions.tsx";
import { RecordView } from "../record/record-view.tsx";
import { api } from "../shell/api.ts";
import { countOf, exactTime } from "../shell/format.ts";
import { Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { hrefOf, parseRoute } from "../shell/route.ts";
import type { Line } from "./line.ts";

/** What is open. */
export interface OpenLineProps {
  readonly recordId: string;
  /** Its line; null where the list does not show it any more. */
  readonly line: Line | null;
  /** The search that finds all records of its group. */
  readonly groupWhere: string;
  readonly onClose: () => void;
  readonly onChanged: () => void;
  readonly onMute: (() => void) | undefined;
}

/** The panel beside the list; on a phone, in place of it. */
export function OpenLine({ recordId, line, groupWhere, onClose, onChanged, onMute }: OpenLineProps) {
  const record = useResource(recordId, () => api.call("record", { path: { id: recordId } }));
  // What the list has already is shown at once.
  const shown = record.value ?? (line?.record.id === recordId ? line.record : null);
  const changed = (): void => {
    record.reload();
    onChanged();
  };
  return (
    <aside class="open-record" aria-label="record">
      <header>
        <h2>{shown === null ? "Record" : `${visible(shown.request.method)} ${visible(shown.request.path)}`}</h2>
        <button type="button" class="quiet" aria-label="close the record" onClick={onClose}>
          ×
        </button>
      </header>
      {line?.isGroup && line.records > 1 && <GroupLine line={line} where={groupWhere} />}
      {record.error !== null && <Problem error={record.error} retry={record.reload} />}
      {shown === null && record.error === null && <Loading lines={10} />}
      {shown !== null && (
        <RecordView
          record={shown}
          actions={<RecordActions key={shown.id} record={shown} onChanged={changed} onMute={onMute} />}
        />
      )}
    </aside>
  );
}

function GroupLine({ line, where }: { readonly line: Line; readonly where: string }) {
  const window = parseRoute(location.hash).params.get("window") ?? "";
  const href = hrefOf("attacks", "", { where, window, group: "none" });
  const first = exactTime(line.firstSeen).split(" · ")[0];
  return (
    <p class="group-line">
      One of <a href={href}>{countOf(line.records, "record")}</a> from {countOf(line.clients, "client")},{" "}
      {`first seen ${first}`}
    </p>
  );
}
