/**
 * `merlon policy diff --live`: shows a candidate on all hosts of a policy service, beside the policy that counts, and
 * prints the requests that it would answer differently. It decides nothing, and it is taken away in the end.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import type { ServiceClient } from "../../policy/follow/service-client.ts";
import { parsePolicy } from "../../policy/policy-text.ts";
import { comparisonSchema, PATHS } from "../../policy/wire.ts";
import type { Io } from "../command.ts";
import { changeLine } from "../protection/policy-keeper.ts";
import { count, showWord } from "../text.ts";

const LOOK_MS = 2000;
/** Hosts that compare report every two seconds; the last reports still count. */
const LAST_REPORTS_MS = 4000;
const SEEN_MAX = 100_000;

const shownSchema = z.object({ hash: z.string(), endsAt: z.number() });
const comparisonsSchema = z.object({
  comparisons: z.array(z.object({ node: z.string(), comparison: comparisonSchema })),
});

/** The longest comparison, in milliseconds. */
export const LIVE_MS_MAX = 24 * 3_600_000;

/**
 * Compares on live traffic.
 * @param path of the candidate
 * @throws MerlonError MERLON_INPUT, MERLON_POLICY, MERLON_SERVICE
 */
export async function diffLive(client: ServiceClient, path: string, liveMs: number, io: Io): Promise<number> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new MerlonError("MERLON_INPUT", `the policy ${showWord(path)} cannot be read — check the path`, { cause });
  });
  // What is wrong with the file is told with its name and lines before anyone is asked.
  parsePolicy(text, path);
  const body = { text, minutes: (liveMs + LAST_REPORTS_MS) / 60_000 };
  const { hash } = await client.read(PATHS.candidate, shownSchema, { method: "PUT", body });
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once("SIGINT", end);
  try {
    return await watch(client, hash, liveMs, ending.signal, io);
  } finally {
    process.off("SIGINT", end);
    await client.ask(PATHS.candidate, { method: "DELETE" }).catch(() => undefined);
  }
}

async function watch(
  client: ServiceClient,
  hash: string,
  liveMs: number,
  ending: AbortSignal,
  io: Io,
): Promise<number> {
  const until = Date.now() + liveMs;
  const seen = new Set<string>();
  const totals = { nodes: 0, requests: 0, wouldBlock: 0, wouldPass: 0 };
  for (;;) {
    const isLast = ending.aborted || Date.now() >= until;
    if (isLast && !ending.aborted) await sleep(LAST_REPORTS_MS);
    const { comparisons } = await client.read(`${PATHS.candidate}?hash=${hash}`, comparisonsSchema);
    Object.assign(totals, { nodes: comparisons.length, requests: 0, wouldBlock: 0, wouldPass: 0 });
    for (const { node, comparison } of comparisons) {
      totals.requests += comparison.requests;
      totals.wouldBlock += comparison.wouldBlock;
      totals.wouldPass += comparison.wouldPass;
      for (const change of comparison.changes) {
        const key = `${node} ${change.ref} ${change.at}`;
        if (seen.has(key) || seen.size >= SEEN_MAX) continue;
        seen.add(key);
        io.stdout.write(`${showWord(`${changeLine(change)}  ${node}`)}\n`);
      }
    }
    if (isLast) break;
    await sleep(LOOK_MS, undefined, { signal: ending }).catch(() => undefined);
  }
  const { nodes, requests, wouldBlock, wouldPass } = totals;
  const more = wouldBlock + wouldPass - seen.size;
  if (more > 0) io.stdout.write(`and ${count(more)} more that no node has kept\n`);
  const changes = `${count(wouldBlock)} would be blocked, ${count(wouldPass)} would pass`;
  io.stdout.write(`${count(requests)} requests on ${count(nodes)} nodes, ${changes}\n`);
  return 0;
}
