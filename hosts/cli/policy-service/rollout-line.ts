/** A version that is tried before it counts, in one line: the same in the log, the status and what commands print. */
import type { RolloutState } from "../../policy/wire.ts";
import { count, showWord } from "../text.ts";

const NAMES_SHOWN_MAX = 5;
const STAGES: Readonly<Record<RolloutState["stage"], string>> = {
  shown: "is shown beside the policy",
  trial: "is tried",
  published: "is published",
  held: "is held back",
  rolled_back: "is rolled back",
  superseded: "gave way to a newer one",
};

/** @returns what has become of a version, where, on how many requests, and why */
export function rolloutLine({ stage, hash, canaries, requests, wouldBlock, wouldPass, why, by }: RolloutState): string {
  const shown = canaries.slice(0, NAMES_SHOWN_MAX).map((key) => key.split(" ").at(-1) ?? key);
  const more = canaries.length > shown.length ? ` and ${count(canaries.length - shown.length)} more` : "";
  const where = canaries.length === 0 ? "" : ` (canaries: ${showWord(shown.join(", "))}${more})`;
  const seen = `${count(requests)} requests, ${count(wouldBlock)} blocked only by it, ${count(wouldPass)} only without`;
  const reason = why === "" ? "" : `: ${showWord(why)}`;
  const who = by === "service" || why !== "" ? "" : ` by ${showWord(by)}`;
  return `candidate ${hash.slice(0, 12)} ${STAGES[stage]}${where}${who}${reason}; ${seen}`;
}
