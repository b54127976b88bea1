/**
 * Webhooks: batches as JSON, signed so that the receiver knows who sent them and when. The signature is an HMAC-SHA256
 * of the time, a dot and the body; a receiver refuses what is old.
 */
import { createHmac } from "node:crypto";
import { createUlidSource } from "../../core/ulid.ts";
import type { AttackRecord } from "../../records/record.ts";
import type { AddressGuard } from "./guarded-address.ts";
import { post } from "./http-delivery.ts";
import type { Sink } from "./sink.ts";

const nextId = createUlidSource();

/** @returns the value of `x-merlon-signature` */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

/** @returns a sink that signs what it sends */
export function webhookSink(guard: AddressGuard, url: URL, secret: string, now: () => number = Date.now): Sink {
  return {
    deliver: async (batch: readonly AttackRecord[]) => {
      const body = JSON.stringify({ version: 1, records: batch });
      const headers = {
        "content-type": "application/json",
        "x-merlon-delivery": nextId(),
        "x-merlon-signature": signatureOf(secret, Math.floor(now() / 1000), body),
      };
      await post(guard, url, headers, body);
    },
    close: async () => {},
  };
}
