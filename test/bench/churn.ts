/**
 * Many changes of a policy under light load: a real service, a real sidecar that follows it in front of a real server,
 * and clients. Every answer is held against the policy that its record names. One change in ten is of no use: a text
 * that the service refuses, or an image that the core refuses.
 *
 *     node test/bench/churn.ts [--swaps 1000] [--per-second 10] [--requests 40]
 *
 * Ends with 1 when a verdict was wrong, a request was dropped, or the core's memory did not come back to its base.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Agent, request } from "undici";
import { PolicyKeeper } from "../../hosts/cli/protection/policy-keeper.ts";
import { Engine } from "../../hosts/core/engine.ts";
import type { VerdictEvent } from "../../hosts/core/inspection.ts";
import type { Mode } from "../../hosts/core/verdict.ts";
import { startSidecar } from "../../hosts/dataplane/sidecar/sidecar.ts";
import { defaultPolicy, type Policy } from "../../hosts/policy/schema.ts";
import { NodeTokens } from "../../hosts/policy/service/node-tokens.ts";
import { PolicyService } from "../../hosts/policy/service/policy-service.ts";
import { serve } from "../../hosts/policy/service/server.ts";

/** What is done. */
export interface ChurnOptions {
  readonly swaps: number;
  readonly perSecond: number;
  /** Requests a second, half of them attacks. */
  readonly requestsPerSecond: number;
}

/** What came of it. */
export interface ChurnFigures {
  readonly swaps: number;
  readonly refused: number;
  readonly requests: number;
  /** Answers that the policy named by their record does not give. */
  readonly wrong: number;
  /** Requests without an answer, or whose record is missing. */
  readonly dropped: number;
  /** Policies that records name: how many of them were really in force under load. */
  readonly policiesSeen: number;
  /** What stays open or taken in the core in the end. */
  readonly leftover: number;
  readonly coreGrowthBytes: number;
  readonly heapGrowthBytes: number;
}

const ATTACK = "/?file=../../../../../../etc/passwd";
const WARM_SWAPS = 20;

/** Runs it; everything that is started ends before it returns. */
export async function churn(options: ChurnOptions): Promise<ChurnFigures> {
  const folder = mkdtempSync(join(tmpdir(), "merlon-churn-"));
  const ends: (() => unknown)[] = [];
  try {
    return await run(folder, options, ends);
  } finally {
    for (const end of ends.reverse()) await end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each policy is another one, and every second blocks. */
function policyOf(swap: number): Policy {
  const mode: Mode = swap % 2 === 0 ? "block" : "monitoring";
  return { ...defaultPolicy, mode, mask: [`swap-${swap}`] };
}

async function run(folder: string, options: ChurnOptions, ends: (() => unknown)[]): Promise<ChurnFigures> {
  const { swaps, perSecond, requestsPerSecond } = options;
  const service = await PolicyService.open({ folder, engine: Engine.load() });
  const listen = { host: "127.0.0.1", port: 0 };
  const server = await serve(service, new NodeTokens(folder), { listen, isOpen: true, onNotice: () => {} });
  ends.push(() => server.close());
  const modes = new Map<string, Mode>();
  const publish = async (swap: number): Promise<void> => {
    const policy = policyOf(swap);
    modes.set((await service.publish(policy)).hash, policy.mode);
  };
  await publish(0);
  const engine = Engine.load();
  const address = { url: `http://127.0.0.1:${server.port}`, instance: "churn", kind: "sidecar" };
  const keeper = await PolicyKeeper.open(engine, { path: undefined, mode: undefined, service: address }, () => {});
  ends.push(() => keeper.close());
  const load = await startLoad(engine, keeper, requestsPerSecond, ends);
  let refused = 0;
  let base = memory(engine);
  for (let swap = 1; swap <= swaps; swap++) {
    const due = sleep(1000 / perSecond);
    if (swap % 10 === 0) refused += await refuse(service, engine, keeper, swap);
    else await publish(swap);
    await due;
    if (swap === Math.min(WARM_SWAPS, swaps - 1)) base = memory(engine);
  }
  const { requests, dropped, events } = await load.end();
  const wrong = events.filter((event) => !isRight(event, modes)).length;
  const after = memory(engine);
  return {
    ...{ swaps, refused, requests, wrong, dropped },
    policiesSeen: new Set(events.map(({ policy }) => policy)).size,
    leftover: engine.usage.open + engine.usage.blocks,
    coreGrowthBytes: after.core - base.core,
    heapGrowthBytes: after.heap - base.heap,
  };
}

/** @returns 1 where a policy that is of no use was refused, whoever had to */
async function refuse(service: PolicyService, engine: Engine, keeper: PolicyKeeper, swap: number): Promise<number> {
  try {
    if (swap % 20 === 0) {
      const image = Uint8Array.from(keeper.ready.image);
      image[swap % image.length] = (image[swap % image.length] ?? 0) ^ 0x55;
      engine.loadPolicy("active", image);
    } else {
      await service.publish({ ...policyOf(swap), scopes: tooManyBranches() });
    }
    return 0;
  } catch {
    return 1;
  }
}

/** More branches than the core takes: the compiler refuses them. */
function tooManyBranches(): NonNullable<Policy["scopes"]> {
  return Array.from({ length: 128 }, (_, index) => ({
    match: {
      path: {
        segments: Array.from({ length: 8 }, (_none, at) => ((index >> at) & 1 ? null : "a")),
        end: "below" as const,
      },
    },
    mode: "block" as const,
  }));
}

function isRight({ policy = "", verdict, path, method }: VerdictEvent, modes: ReadonlyMap<string, Mode>): boolean {
  const mode = modes.get(policy);
  if (mode === undefined || verdict.failed || method !== "GET") return false;
  const isAttack = path === "/attack";
  return verdict.mode === mode && verdict.action === (isAttack && mode === "block" ? "block" : "pass");
}

interface Load {
  end(): Promise<{ requests: number; dropped: number; events: readonly VerdictEvent[] }>;
}

async function startLoad(
  engine: Engine,
  keeper: PolicyKeeper,
  perSecond: number,
  ends: (() => unknown)[],
): Promise<Load> {
  const upstream = createServer((_request, response) => response.end("ok"));
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  ends.push(() => upstream.close());
  const bound = upstream.address();
  const events: VerdictEvent[] = [];
  const sidecar = await startSidecar({
    upstream: `http://127.0.0.1:${bound !== null && typeof bound === "object" ? bound.port : 0}`,
    listen: { host: "127.0.0.1", port: 0 },
    inspector: engine,
    policy: () => keeper.host,
    onVerdict: (event) => void events.push(event),
  });
  ends.push(() => sidecar.close(0));
  const agent = new Agent({ connections: 16 });
  ends.push(() => agent.close());
  const counted = { requests: 0, dropped: 0, wrongStatus: 0 };
  const open = new Set<Promise<void>>();
  const send = (): void => {
    const isAttack = counted.requests++ % 2 === 0;
    const target = isAttack ? `/attack${ATTACK.slice(1)}` : "/fine?page=2";
    const sent = request(`http://127.0.0.1:${sidecar.port}${target}`, { dispatcher: agent })
      .then(async ({ statusCode, body }) => {
        await body.dump();
        if (statusCode !== 200 && !(isAttack && statusCode === 403)) counted.dropped++;
      })
      .catch(() => {
        counted.dropped++;
      })
      .finally(() => open.delete(sent));
    open.add(sent);
  };
  const timer = setInterval(send, 1000 / perSecond);
  return {
    async end() {
      clearInterval(timer);
      await Promise.all(open);
      // The last record is told when its response is over at this side too.
      for (let tries = 0; tries < 500 && events.length < counted.requests; tries++) await sleep(10);
      const missing = Math.abs(counted.requests - events.length);
      return { requests: counted.requests, dropped: counted.dropped + missing, events };
    },
  };
}

function memory(engine: Engine): { core: number; heap: number } {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { core: engine.usage.memoryBytes, heap: heapUsed + arrayBuffers };
}

/** @returns the figures in a few lines */
export function churnLines(figures: ChurnFigures): string {
  const { swaps, refused, requests, wrong, dropped, policiesSeen, leftover, coreGrowthBytes, heapGrowthBytes } =
    figures;
  return [
    `${swaps} swaps, ${refused} of them refused as they should be; ${requests} requests under ${policiesSeen} policies`,
    `wrong verdicts ${wrong}, dropped requests ${dropped}, left open in the core ${leftover}`,
    `memory: core ${coreGrowthBytes} bytes more, heap with all records ${(heapGrowthBytes / 1024).toFixed(0)} KiB more`,
    "",
  ].join("\n");
}

/** Whether all of it is as it must be. */
export function churnHolds({ swaps, refused, wrong, dropped, leftover, coreGrowthBytes }: ChurnFigures): boolean {
  return refused === Math.floor(swaps / 10) && wrong + dropped + leftover + coreGrowthBytes === 0;
}

if (process.argv[1] === import.meta.filename) {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { swaps: text, "per-second": text, requests: text } });
  const figures = await churn({
    swaps: Number(values.swaps ?? 1000),
    perSecond: Number(values["per-second"] ?? 10),
    requestsPerSecond: Number(values.requests ?? 40),
  });
  process.stdout.write(churnLines(figures));
  process.exitCode = churnHolds(figures) ? 0 : 1;
}
