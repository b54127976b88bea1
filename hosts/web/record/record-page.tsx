/** A record on a page of its own, by id or by the reference that its client was shown. */
import { ApiError, api } from "../shell/api.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { visible } from "./bytes.ts";
import { RecordActions } from "./record-actions.tsx";
import { RecordView } from "./record-view.tsx";

/** @param id a record's id or reference */
export function RecordPage({ id }: { readonly id: string }) {
  const record = useResource(id, () => api.call("record", { path: { id } }));
  const { value, error } = record;
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Empty title="No such record">
        <p>
          Nothing is stored under <code>{visible(id)}</code>. A reference has 16 characters, as in the answer that the
          client got; it may also have been removed by age, or belong to an application that is not yours.
        </p>
      </Empty>
    );
  }
  if (value === null) return error === null ? <Loading /> : <Problem error={error} retry={record.reload} />;
  return (
    <div class="page">
      <h1>
        Record <code>{visible(value.ref)}</code>
      </h1>
      {error !== null && <Problem error={error} retry={record.reload} />}
      <RecordView record={value} actions={<RecordActions key={value.id} record={value} onChanged={record.reload} />} />
    </div>
  );
}
