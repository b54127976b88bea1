/**
 * `merlon policy stage`, `promote` and `withdraw`: tries a policy on a few hosts of a policy service before all get it,
 * and says what became of it.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import type { ServiceClient } from "../../policy/follow/service-client.ts";
import { parsePolicy } from "../../policy/policy-text.ts";
import type { Word } from "../../policy/service/rollout.ts";
import type { StageLimits } from "../../policy/service/staging.ts";
import { PATHS, type RolloutState } from "../../policy/wire.ts";
import type { Io } from "../command.ts";
import { showWord } from "../text.ts";
import { rolloutLine } from "./rollout-line.ts";
import { readStatus } from "./status.ts";

const LOOK_MS = 500;
const STAGE: StageLimits = { stageMs: 30_000, shareMax: 0.01 };
/** A service that does not say what became of a version has been started anew. */
const LOOKS_WITHOUT_MAX = 10;

const begunSchema = z.object({ hash: z.string() });
const decidedSchema = z.object({ did: z.string() });

/** How a version is tried, as it was written. */
export interface Staging {
  readonly limits: StageLimits | undefined;
  /** Without, it is only shown, on all hosts. */
  readonly canary: string | undefined;
}

/**
 * Tries a file, and waits for what comes of it.
 * @returns the exit code: 0 where it is published
 * @throws MerlonError MERLON_INPUT, MERLON_POLICY, MERLON_SERVICE
 */
export async function stage(client: ServiceClient, path: string, staging: Staging, io: Io): Promise<number> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new MerlonError("MERLON_INPUT", `the policy ${showWord(path)} cannot be read — check the path`, { cause });
  });
  // What is wrong with the file is told with its name and lines before anyone is asked.
  parsePolicy(text, path);
  const { limits: { stageMs, shareMax } = STAGE, canary } = staging;
  const body = { text, seconds: stageMs / 1000, shareMax, ...(canary === undefined ? {} : { canary }) };
  const { hash } = await client.read(PATHS.rollout, begunSchema, { method: "PUT", body });
  const ended = await watch(client, hash, io);
  return ended ? 0 : 1;
}

/** Prints each stage once. @returns whether the version is published */
async function watch(client: ServiceClient, hash: string, io: Io): Promise<boolean> {
  let printed = "";
  for (let without = 0; without < LOOKS_WITHOUT_MAX; ) {
    const { rollout, ...status } = await readStatus(client);
    const mine: RolloutState | undefined = rollout?.hash === hash ? rollout : undefined;
    if (mine === undefined && status.hash === hash) {
      io.stdout.write(`version ${status.version} is published: nothing in it is tried first\n`);
      return true;
    }
    without = mine === undefined ? without + 1 : 0;
    if (mine !== undefined && mine.stage !== printed) {
      printed = mine.stage;
      io.stdout.write(`${rolloutLine(mine)}\n`);
    }
    if (mine !== undefined && mine.stage !== "shown" && mine.stage !== "trial") return mine.stage === "published";
    await sleep(LOOK_MS);
  }
  io.stdout.write("the service knows nothing more of it: it was started anew, or a newer one is tried\n");
  return false;
}

/** Says an operator's word on what is tried. @returns the exit code; @throws MerlonError MERLON_SERVICE */
export async function decide(client: ServiceClient, word: Word, io: Io): Promise<number> {
  const { did } = await client.read(PATHS.rollout, decidedSchema, { method: "POST", body: { word } });
  io.stdout.write(`${showWord(did)}\n`);
  return 0;
}
