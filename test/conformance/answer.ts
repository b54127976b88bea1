/** What the core answers to a case, in the words of the case files. */
import type { Core } from "../assembly/core.ts";
import type { Answer, Case } from "./case-file.ts";
import { deliverRaw, type Outcome } from "./delivery.ts";

/** Gives the case's request to the core, whole and raw. */
export function answerOf(core: Core, { raw }: Case): Answer {
  const outcome = deliverRaw(core, raw, []);
  return { line: outcome.line, notes: notesOf(core, outcome) };
}

/** Limits reached and anomalies of an outcome, as a case's notes. */
export function notesOf(core: Core, { record }: Outcome): string {
  const limits = core.names(record, "RESULT_LIMITS");
  const anomalies = core.names(record, "RESULT_ANOMALIES");
  const rows = [
    { kind: "limits", names: limits },
    { kind: "anomalies", names: anomalies },
  ];
  return rows
    .filter(({ names }) => names.length > 0)
    .map(({ kind, names }) => `${kind}: ${names.join(" ")}`)
    .join("\n");
}
