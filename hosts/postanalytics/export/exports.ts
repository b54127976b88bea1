/** Exports: where records go on to, and how far each has come. */
import type { z } from "zod";
import type { sinkSchema } from "../api/schema.ts";

/** A sink as it was asked for. */
export type SinkTerms = z.output<typeof sinkSchema>;

/** An export as it is shown: without its secrets. */
export interface ExportState {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  readonly where: string;
  readonly delivered: number;
  readonly failed: number;
  readonly lagSeconds: number;
  readonly lastError: string | null;
}

/** What the API does with exports. */
export interface Exports {
  list(): Promise<readonly ExportState[]>;
  /** @throws MerlonError MERLON_INPUT where the target may not be used @returns false where the name is taken */
  add(id: string, sink: SinkTerms, where: string): Promise<boolean>;
  /** @returns why a made-up record did not arrive, or null; undefined where there is no such export */
  test(id: string): Promise<string | null | undefined>;
  /** @returns what was removed, or null */
  remove(id: string): Promise<ExportState | null>;
}
