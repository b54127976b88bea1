/** How far a policy has come, as `merlon policy status` and every command that changes something print it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceClient } from "../../policy/follow/service-client.ts";
import { PATHS, type Status, statusSchema } from "../../policy/wire.ts";
import type { Io } from "../command.ts";
import { count, layOut, showWord } from "../text.ts";
import { rolloutLine } from "./rollout-line.ts";

const LOOK_MS = 100;
const SHOWN_MAX = 200;
const UNTRUE_SHOWN_MAX = 10;

/** @returns what the service knows of its hosts; @throws MerlonError MERLON_SERVICE */
export async function readStatus(client: ServiceClient): Promise<Status> {
  return await client.read(PATHS.status, statusSchema);
}

/**
 * Waits until all hosts have a version, or the time is over, and says what came of it.
 * @returns whether all have it
 */
export async function awaitActive(client: ServiceClient, hash: string, waitMs: number, io: Io): Promise<boolean> {
  const until = Date.now() + waitMs;
  let status = await readStatus(client);
  while (status.hash === hash && status.active + status.refused < status.total && Date.now() < until) {
    await sleep(LOOK_MS);
    status = await readStatus(client);
  }
  if (status.hash !== hash) {
    io.stdout.write(`version ${status.version} was published meanwhile\n`);
    return true;
  }
  io.stdout.write(`${progressLine(status)}\n`);
  return status.active === status.total;
}

/** @returns `active on 12/12 nodes in 0.8 s`, and what keeps the others */
export function progressLine({ active, total, refused, tookMs, instances }: Status): string {
  const canaries = instances.filter(({ state }) => state === "canary").length;
  const trying = canaries === 0 ? "" : `, ${count(canaries)} more try another`;
  if (total === 0) return canaries === 0 ? "published; no node follows yet" : `published${trying}`;
  const took = tookMs === null ? "" : ` in ${(tookMs / 1000).toFixed(1)} s`;
  const refusing = refused === 0 ? "" : `, ${count(refused)} refused it: see merlon policy status`;
  const missing = active + refused < total ? `, ${count(total - active - refused)} have not answered yet` : "";
  return `active on ${active}/${total} nodes${took}${refusing}${missing}${trying}`;
}

/** Prints a status: one line, and a row for each instance. */
export function printStatus(status: Status, io: Io): void {
  const { version, hash, publishedAt, instances } = status;
  const published = new Date(publishedAt).toISOString().slice(0, 19).replace("T", " ");
  io.stdout.write(`version ${version}, ${hash.slice(0, 12)}, published ${published} UTC: ${progressLine(status)}\n`);
  if (status.rollout !== undefined && status.rollout !== null) io.stdout.write(`${rolloutLine(status.rollout)}\n`);
  for (const line of untrueLines(status)) io.stdout.write(line);
  if (instances.length === 0) return;
  const columns = ["node", "instance", "kind", "state", "from", "version", "after", "requests"].map((title) => ({
    title,
  }));
  const rows = instances
    .slice(0, SHOWN_MAX)
    .map((one) => [
      ...[one.node, one.instance, one.kind, one.state, one.source.replaceAll("_", " "), String(one.version)],
      one.tookMs === null ? "" : `${(one.tookMs / 1000).toFixed(2)} s`,
      one.counters["requests"] === undefined ? "" : count(one.counters["requests"]),
    ]);
  io.stdout.write(
    layOut(
      columns,
      rows.map((row) => row.map(showWord)),
    ),
  );
  for (const { node, why } of instances) if (why !== "") io.stdout.write(`${showWord(node)}: ${showWord(why)}\n`);
  if (instances.length > SHOWN_MAX) io.stdout.write(`and ${count(instances.length - SHOWN_MAX)} more\n`);
}

/** What somebody would otherwise believe: objects of which a condition is not true. */
function untrueLines({ objects = [] }: Status): string[] {
  const untrue = objects.flatMap(({ kind, name, conditions }) =>
    conditions
      // What all objects have in common is said of the policy.
      .filter(({ status, reason }) => status === "False" && (kind === "WafPolicy" || reason === "Expired"))
      .map(({ type, reason, message }) => showWord(`${kind} ${name}: ${type} is false, ${reason}: ${message}`)),
  );
  const more = untrue.length - UNTRUE_SHOWN_MAX;
  const shown = untrue.slice(0, UNTRUE_SHOWN_MAX).map((line) => `${line}\n`);
  return more > 0 ? [...shown, `and ${count(more)} more; --json shows all\n`] : shown;
}
