/** The access log as an object; test/hosts/dataplane/envoy/record.test.ts has a real Envoy write with it. */
import { expect, test } from "vitest";
import { recordLog } from "../../../../hosts/cli/connector/record-log.ts";

test("writes nothing that clients wrote but the record", () => {
  const text = JSON.stringify(recordLog("/var/log/merlon.jsonl"));
  expect(text).toContain('"path":"/var/log/merlon.jsonl"');
  const operators = [...text.matchAll(/%([A-Z_]+)(?:\([^)]*\))?%/g)].map(([, name]) => name);
  expect(operators).toEqual(["FILTER_STATE", "RESPONSE_CODE", "BYTES_SENT", "DURATION"]);
});
