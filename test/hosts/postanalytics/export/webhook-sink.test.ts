/** Webhooks: the receiver's side of the signature, as documented. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { expect, test } from "vitest";
import { signatureOf, webhookSink } from "../../../../hosts/postanalytics/export/webhook-sink.ts";
import { sampleRecord } from "../../records/sample.ts";
import { LOOPBACK, startReceiver } from "./stage.ts";

const SECRET = "0123456789abcdef";

/** What docs/api.md tells receivers to do. */
function isGenuine(header: string, body: string, nowSeconds: number): boolean {
  const [, t = "", v1 = ""] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  const wanted = createHmac("sha256", SECRET).update(`${t}.${body}`).digest();
  return Math.abs(nowSeconds - Number(t)) <= 300 && timingSafeEqual(wanted, Buffer.from(v1, "hex"));
}

test("a receiver can tell who sent it, that nothing was changed, and when", async () => {
  const receiver = await startReceiver();
  const records = [sampleRecord(), sampleRecord()];
  const sink = webhookSink(LOOPBACK, receiver.url, SECRET, () => 5_000_000);
  await sink.deliver(records);
  await sink.close();
  const headers = receiver.received[0]?.headers ?? {};
  const body = receiver.received[0]?.body ?? "";
  expect(JSON.parse(body)).toEqual({ version: 1, records });
  const signature = String(headers["x-merlon-signature"]);
  expect(isGenuine(signature, body, 5000)).toBe(true);
  expect(isGenuine(signature, `${body} `, 5000)).toBe(false);
  expect(isGenuine(signature, body, 6000)).toBe(false);
  expect(signatureOf("another secret!!", 5000, body)).not.toBe(signature);
  expect(headers["x-merlon-delivery"]).toMatch(/^[0-9A-Z]{26}$/);
});

test("a receiver that refuses is an error", async () => {
  const receiver = await startReceiver();
  receiver.answer = { status: 503, body: "" };
  await expect(webhookSink(LOOPBACK, receiver.url, SECRET).deliver([sampleRecord()])).rejects.toThrow("answered 503");
});
