/** OTLP: what is sent is read by a strict reader of the protocol's JSON form, which stands in for a collector. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { otlpLogs, otlpSink } from "../../../../hosts/postanalytics/export/otlp-sink.ts";
import { sampleRecord } from "../../records/sample.ts";
import { LOOPBACK, startReceiver } from "./stage.ts";

/** opentelemetry-proto, logs.proto and common.proto, in the JSON form: 64-bit numbers are text, ids are hexadecimal. */
const nanos = z.string().regex(/^\d{19}$/);
const stringValue = z.strictObject({ stringValue: z.string() });
const value = z.union([
  stringValue,
  z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
  z.strictObject({ arrayValue: z.strictObject({ values: z.array(stringValue) }) }),
]);
const attributes = z
  .array(z.strictObject({ key: z.string().min(1), value }))
  .refine((all) => new Set(all.map(({ key }) => key)).size === all.length, "has a key twice");
const requestSchema = z.strictObject({
  resourceLogs: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeLogs: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          logRecords: z.array(
            z.strictObject({
              timeUnixNano: nanos,
              observedTimeUnixNano: nanos,
              severityNumber: z.int().min(1).max(24),
              severityText: z.string(),
              eventName: z.string(),
              body: stringValue,
              attributes,
              traceId: z
                .string()
                .regex(/^[0-9a-f]{32}$/)
                .optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});

describe("a batch", () => {
  test("is a request for logs", async () => {
    const receiver = await startReceiver();
    const { request } = sampleRecord();
    const traced = sampleRecord({ request: { ...request, trace_id: "0123456789abcdef0123456789abcdef" } });
    const odd = sampleRecord({
      request: { ...request, trace_id: "<none>" },
      action: "monitored",
      app: { name: null, id: 0 },
    });
    await otlpSink(LOOPBACK, receiver.url, "t0ken", () => 1_764_000_000_000).deliver([traced, odd]);
    expect(receiver.received[0]?.headers.authorization).toBe("Bearer t0ken");
    const parsed = requestSchema.parse(JSON.parse(receiver.received[0]?.body ?? ""));
    const [first, second] = parsed.resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [];
    expect([first?.severityText, first?.traceId, second?.severityText, second?.traceId]).toEqual([
      ...["ERROR", "0123456789abcdef0123456789abcdef", "WARN", undefined],
    ]);
    expect(first?.timeUnixNano).toBe(`${Date.parse(traced.ts)}000000`);
    expect(first?.attributes).toContainEqual({ key: "http.response.status_code", value: { intValue: "403" } });
    expect(second?.attributes.map(({ key }) => key)).not.toContain("merlon.application");
  });

  test("of no record is one as well", () => {
    expect(requestSchema.safeParse(otlpLogs([], 1_764_000_000_000)).success).toBe(true);
  });
});

test("what the collector rejects is told", async () => {
  const receiver = await startReceiver();
  receiver.answer = { status: 200, body: '{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"canary"}}' };
  await expect(otlpSink(LOOPBACK, receiver.url, undefined).deliver([sampleRecord()])).rejects.toThrow(
    /rejected 2 records$/,
  );
  receiver.answer = { status: 200, body: '{"partialSuccess":{"rejectedLogRecords":"0"}}' };
  await otlpSink(LOOPBACK, receiver.url, undefined).deliver([sampleRecord()]);
});
