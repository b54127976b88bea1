/** Messages of Envoy's access log service for tests of those who read them. */
import { RECORD_STATE } from "../../../../hosts/dataplane/agent/log-entries.ts";
import { numberField, sizedField } from "../../../assembly/protobuf-writer.ts";

/** An entry as Envoy makes it, with this text in the filter state of this name. */
export function entryOf(text: string, name: string = RECORD_STATE): Buffer {
  const any = Buffer.concat([
    sizedField(1, "type.googleapis.com/google.protobuf.BytesValue"),
    sizedField(2, sizedField(1, text)),
  ]);
  const state = sizedField(21, Buffer.concat([sizedField(1, name), sizedField(2, any)]));
  const duration = sizedField(23, Buffer.concat([numberField(1, 2), numberField(2, 5_900_000)]));
  const response = Buffer.concat([sizedField(1, numberField(1, 403)), numberField(2, 99), numberField(3, 263)]);
  return Buffer.concat([
    sizedField(1, Buffer.concat([sizedField(2, "address"), state, duration])),
    numberField(2, 2),
    sizedField(4, response),
  ]);
}

/** A message of the access log service with these entries. */
export function messageOf(...entries: readonly Buffer[]): Buffer {
  const logs = Buffer.concat(entries.map((entry) => sizedField(1, entry)));
  return Buffer.concat([sizedField(1, sizedField(2, "merlon")), sizedField(2, logs)]);
}
