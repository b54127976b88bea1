/** The stage of tests of policy services: a real service and server, and real hosts that follow, each with a core. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Engine } from "../../../../hosts/core/engine.ts";
import { applyReady, readyOf } from "../../../../hosts/policy/apply.ts";
import type { Bundle } from "../../../../hosts/policy/bundle.ts";
import { type Followed, Follower, type FollowOptions } from "../../../../hosts/policy/follow/follower.ts";
import { tokenText } from "../../../../hosts/policy/identity/enrolment-token.ts";
import { defaultPolicy, type Policy } from "../../../../hosts/policy/schema.ts";
import { Authority } from "../../../../hosts/policy/service/authority.ts";
import { Enrolment } from "../../../../hosts/policy/service/enrolment.ts";
import { NodeIdentities } from "../../../../hosts/policy/service/node-identities.ts";
import { NodeTokens } from "../../../../hosts/policy/service/node-tokens.ts";
import { PolicyService } from "../../../../hosts/policy/service/policy-service.ts";
import { type ServerOptions, serve } from "../../../../hosts/policy/service/server.ts";

/** Policies that are told apart by what the core does. */
export const BLOCKING: Policy = { ...defaultPolicy, mode: "block" };
export const WATCHING: Policy = { ...defaultPolicy, mode: "monitoring" };

/** A folder that is removed when the test ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "merlon-policy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A running service. */
export interface Stage {
  readonly folder: string;
  readonly service: PolicyService;
  readonly tokens: NodeTokens;
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a service; it ends with the test, or before. */
export async function startService(options: Partial<ServerOptions> & { folder?: string } = {}): Promise<Stage> {
  const { folder = makeFolder(), ...given } = options;
  const service = await PolicyService.open({ folder, engine: Engine.load() });
  const tokens = new NodeTokens(folder);
  const server = await serve(service, tokens, {
    listen: { host: "127.0.0.1", port: 0 },
    isOpen: false,
    onNotice: () => {},
    ...given,
  });
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closed ??= server.close();
    await closed;
  };
  onTestFinished(close);
  const scheme = given.tls === undefined ? "http" : "https";
  return { folder, service, tokens, url: `${scheme}://127.0.0.1:${server.port}`, port: server.port, close };
}

/** A service that nodes enrol at, and whom it knows. */
export interface EnrolmentStage extends Stage {
  readonly identities: NodeIdentities;
  readonly authority: Authority;
  /** @returns a token of `merlon node add` */
  token(name: string, ttlMs?: number): Promise<string>;
}

/** Starts a service with a certificate of its own authority. @param lifetimeMs of nodes' certificates */
export async function startEnrolment(
  lifetimeMs?: number,
  options: Partial<ServerOptions> & { folder?: string } = {},
): Promise<EnrolmentStage> {
  const { folder = makeFolder() } = options;
  const authority = await Authority.open(folder);
  const identities = new NodeIdentities(folder);
  const enrolment = new Enrolment(authority, identities, lifetimeMs);
  const stage = await startService({ ownNames: ["127.0.0.1"], ...options, folder, enrolment });
  const token = async (name: string, ttlMs = 60_000): Promise<string> =>
    tokenText({ secret: await identities.add(name, ttlMs), fingerprint: authority.fingerprint, name });
  return { ...stage, url: stage.url.replace("http:", "https:"), identities, authority, token };
}

/** A host that follows. */
export interface FollowingHost {
  readonly follower: Follower;
  readonly engine: Engine;
  readonly said: string[];
  readonly shown: (string | null)[];
  /** What the core does with an attack. */
  judge(): string;
}

/** Starts a host; it ends with the test. */
export async function startHost(
  options: Partial<FollowOptions> & { url: string },
  use?: (bundle: Bundle) => void,
): Promise<FollowingHost> {
  const engine = Engine.load();
  const said: string[] = [];
  const shown: (string | null)[] = [];
  const host: Followed = {
    use: use ?? ((bundle) => applyReady(engine, readyOf(bundle))),
    show: (candidate) => void shown.push(candidate?.hash ?? null),
    observe: () => ({ counters: { requests: 1 }, hits: [], comparison: null }),
    say: (line) => void said.push(line),
  };
  const follower = new Follower(host, { instance: "i1", kind: "test", merlon: "0", ...options });
  onTestFinished(() => follower.close());
  await follower.start();
  return { follower, engine, said, shown, judge: () => judge(engine) };
}

/** @returns what a core does with an attack, and in which mode */
export function judge(engine: Engine, peer = "192.0.2.1"): string {
  const transaction = engine.begin(peer, 1_800_000_000);
  const target = "/?a=../../../../../../etc/passwd";
  transaction.head({ method: "GET", target, authority: "a", scheme: "http", rawHeaders: [] });
  transaction.end();
  const { action, mode } = transaction.verdict();
  transaction.free();
  return `${action} in ${mode}`;
}
