/** A receiver of exported records, whatever it speaks. */
import type { AttackRecord } from "../../records/record.ts";

/** Takes records. */
export interface Sink {
  /**
   * Resolves when the receiver has taken the batch, as far as its protocol can say.
   * @throws SinkError; RefusedError where it took some of it and will never take the rest
   */
  deliver(batch: readonly AttackRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** Why a batch did not arrive, in words for an operator: no payload, no secret, no address that is one. */
export class SinkError extends Error {}

/** What a receiver will never take: it is told and not sent again, since the next try would end in the same. */
export class RefusedError extends SinkError {}

/** @returns why something failed, from the codes of the system */
export function reasonOf(error: unknown): string {
  if (error instanceof SinkError) return error.message;
  if (error instanceof Error && error.name === "TimeoutError") return "no answer in time";
  return error instanceof Error && "code" in error ? `no connection: ${String(error.code)}` : "no answer";
}
