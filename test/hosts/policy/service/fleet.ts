/** A small fleet for tests of rollouts: hosts that follow a service, each with a core that judges requests. */
import { onTestFinished, vi } from "vitest";
import { PolicyKeeper } from "../../../../hosts/cli/protection/policy-keeper.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import type { PolicyService } from "../../../../hosts/policy/service/policy-service.ts";
import { eventOf } from "../../demo/stage.ts";

/** A request of the test's traffic. */
export interface Sent {
  readonly target: string;
  /** Address of the client. */
  readonly client?: string;
  /** Status of the application, by the policy that decides. */
  readonly status?: (policy: string) => number;
}

/** What the fleet sends; tests change it while it runs. */
export interface Traffic {
  /** @param index of the request on this host */
  next: (index: number) => Sent;
}

/** A host, and every policy that it ever had or was shown. */
export interface FleetHost {
  readonly keeper: PolicyKeeper;
  readonly said: string[];
  readonly used: string[];
  readonly shown: boolean[];
  /** Requests that its core stopped. */
  stopped: number;
}

const EVERY_MS = 5;

/** Starts hosts `i0`, `i1` …, which follow and judge, and waits until all have what is published. */
export async function startFleet(
  service: PolicyService,
  url: string,
  size: number,
  traffic: Traffic,
): Promise<FleetHost[]> {
  const hosts = await Promise.all(
    Array.from({ length: size }, async (_, at) => await startHost(url, `i${at}`, traffic)),
  );
  await vi.waitFor(() => {
    if (service.status.active !== size) throw new Error("not all hosts have the policy");
  }, 60_000);
  return hosts;
}

async function startHost(url: string, instance: string, traffic: Traffic): Promise<FleetHost> {
  const engine = Engine.load();
  const said: string[] = [];
  const used: string[] = [];
  const shown: boolean[] = [];
  const source = { path: undefined, mode: undefined, service: { url, instance, kind: "test" } };
  const user = {
    used: ({ hash }: { readonly hash: string }) => void used.push(hash),
    shown: (candidate: Uint8Array | null) => void shown.push(candidate !== null),
  };
  const keeper = await PolicyKeeper.open(engine, source, (line) => void said.push(line), user);
  onTestFinished(() => keeper.close());
  const host: FleetHost = { keeper, said, used, shown, stopped: 0 };
  let index = 0;
  const timer = setInterval(() => judge(engine, host, traffic.next(index++)), EVERY_MS);
  onTestFinished(() => clearInterval(timer));
  return host;
}

function judge(engine: Engine, host: FleetHost, { target, client = "192.0.2.1", status }: Sent): void {
  const policy = host.keeper.host.hash ?? "";
  const transaction = engine.begin(client, 1_800_000_000);
  transaction.head({ method: "GET", target, authority: "a", scheme: "http", rawHeaders: [] });
  transaction.end();
  const verdict = transaction.verdict();
  transaction.free();
  if (verdict.action === "block") host.stopped++;
  const answered = verdict.action === "block" ? 403 : (status?.(policy) ?? 200);
  host.keeper.observe(eventOf({ policy, startedAt: Date.now(), status: answered }, { ...verdict, clientIp: client }));
}
