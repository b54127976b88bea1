/**
 * The filter under policy churn for long: `node test/soak/envoy.ts [minutes] [changes a second]`. A real Envoy follows
 * a real policy service whose policy changes all the time, while harmless requests and attacks come in. Prints Envoy's
 * memory every ten seconds and, at the end, its slope from the second quarter to the last by least squares; ends with 1
 * where that is more than 2 % of the memory over the whole run, or a request was answered as no policy says.
 */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "../../hosts/core/engine.ts";
import { defaultPolicy, type Policy } from "../../hosts/policy/schema.ts";
import { NodeTokens } from "../../hosts/policy/service/node-tokens.ts";
import { PolicyService } from "../../hosts/policy/service/policy-service.ts";
import { serve } from "../../hosts/policy/service/server.ts";
import { findEnvoy, merlon, startEnvoy } from "../hosts/dataplane/envoy/stage.ts";

const SLOPE_MAX = 0.02;
const SAMPLE_MS = 10_000;
const TARGETS = ["/", "/shop/17?page=2", `/?id=${encodeURIComponent("1' UNION SELECT a,b FROM c-- ")}`];
const [minutes = 60, changes = 2] = process.argv.slice(2).map(Number);

/** Policies of different sizes: lists, scopes and modes come and go. */
function policyAt(round: number): Policy {
  const entries = Array.from({ length: (round * 37) % 3000 }, (_, index) => ({
    cidr: { address: 0xffff0a000000n + BigInt(index), prefix: 128 },
  }));
  const mode = round % 2 === 0 ? "block" : "monitoring";
  return { ...defaultPolicy, mode, ...(entries.length === 0 ? {} : { ipLists: [{ list: "deny" as const, entries }] }) };
}

async function statusOf(agent: Agent, port: number, path: string): Promise<number> {
  return await new Promise((resolve) => {
    const outgoing = request({ host: "127.0.0.1", port, path, agent }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
    });
    outgoing.once("error", () => resolve(0));
    outgoing.end();
  });
}

function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}

/** Growth over all samples by least squares, as a share of their mean. */
function slopeOf(samples: readonly number[]): number {
  const middle = (samples.length - 1) / 2;
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  const along = samples.reduce((sum, sample, at) => sum + (at - middle) * (sample - mean), 0);
  const spread = samples.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  return ((along / spread) * samples.length) / mean;
}

const binary = await findEnvoy();
if (!("found" in binary)) throw new Error(binary.missing);
const folder = await mkdtemp(join(tmpdir(), "merlon-soak-"));
const service = await PolicyService.open({ folder, engine: Engine.load() });
const listen = { host: "127.0.0.1", port: 0 };
const server = await serve(service, new NodeTokens(folder), { listen, isOpen: true, onNotice: () => {} });
const endpoint = { address: { socket_address: { address: "127.0.0.1", port_value: server.port } } };
const stage = await startEnvoy(binary.found, {
  listeners: [[merlon({ policyCluster: "merlon-policy", policyAuthority: "policy" })]],
  upstream: (_request, response) => response.end("application"),
  workers: 2,
  clusters: [
    {
      name: "merlon-policy",
      type: "STATIC",
      load_assignment: { cluster_name: "merlon-policy", endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    },
  ],
});

const until = Date.now() + minutes * 60_000;
const samples: number[] = [];
const counts = { requests: 0, odd: 0, changes: 0 };
const churning = (async () => {
  for (let round = 0; Date.now() < until; round++) {
    await service.publish(policyAt(round));
    counts.changes++;
    await new Promise((resolve) => setTimeout(resolve, 1000 / changes));
  }
})();
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const asking = Array.from({ length: 4 }, async () => {
  for (let at = 0; Date.now() < until; at++) {
    const target = TARGETS[at % TARGETS.length] ?? "/";
    const status = await statusOf(agent, stage.ports[0] ?? 0, target);
    counts.requests++;
    // An attack is stopped or not, by the policy of the moment; nothing else ever is.
    if (status !== 200 && !(status === 403 && target.includes("UNION"))) counts.odd++;
  }
});
const sampling = setInterval(() => {
  samples.push(residentKiB(stage.pid));
  process.stdout.write(`${samples.at(-1)} KiB, ${JSON.stringify(counts)}\n`);
}, SAMPLE_MS);
await Promise.all([churning, ...asking]);
clearInterval(sampling);
const stats = await stage.stats("wasmcustom.merlon.policy");
await stage.stop();
agent.destroy();
await server.close();
await rm(folder, { recursive: true, force: true });
// The first quarter is when memory is taken that stays: rooms of images, code, caches of the allocator.
const slope = slopeOf(samples.slice(samples.length >> 2));
process.stdout.write(`${JSON.stringify({ minutes, ...counts, stats })}\nslope ${(slope * 100).toFixed(2)} %\n`);
process.exitCode = slope <= SLOPE_MAX && counts.odd === 0 ? 0 : 1;
