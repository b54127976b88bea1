/** Records as the API tells them: what docs/records.md describes. */
import type { Answer } from "../../postanalytics/api/routes.ts";

/** A record. */
export type AttackRecord = Answer<"record">;
/** One finding of a record. */
export type Hit = AttackRecord["hits"][number];
