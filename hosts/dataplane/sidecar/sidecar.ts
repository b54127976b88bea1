/**
 * The sidecar: a streaming reverse proxy that shows every request to the core before the application gets it.
 *
 * This file only wires. A connection goes `listener` → `http1-server` or `http2-server`; a request goes
 * `framing` → `request-flow` (with `inspection` and `body-hold`) → one of the upstreams → back.
 */
import { isIP } from "node:net";
import { HoldBudget } from "../../core/body-hold.ts";
import { closer } from "../../core/closing.ts";
import { DeadlineSweep } from "../../core/deadline.ts";
import { MerlonError } from "../../core/error.ts";
import { fixedPolicy } from "../../core/host-policy.ts";
import { isGrpc } from "../../core/media-type.ts";
import { readAuthorities, readTlsMaterial, watchTlsMaterial } from "../../core/tls-material.ts";
import { createUlidSource } from "../../core/ulid.ts";
import { type Counters, createCounters } from "./counters.ts";
import type { Upstream, UpstreamFailure } from "./exchange.ts";
import type { HeadFacts } from "./framing.ts";
import { Http1Server } from "./http1-server.ts";
import { Http2Server } from "./http2-server.ts";
import { Listener } from "./listener.ts";
import {
  parseConfiguration,
  parsePeers,
  parseUpstream,
  type SidecarConfiguration,
  type SidecarNotice,
  type SidecarOptions,
  type UpstreamAddress,
} from "./options.ts";
import { isLoopback } from "./proxy-protocol.ts";
import type { FlowContext } from "./request-flow.ts";
import { DirectUpstream } from "./upstream-direct.ts";
import { Http1Upstream, type UpstreamTls } from "./upstream-http1.ts";
import { Http2Upstream } from "./upstream-http2.ts";

export type { Counters } from "./counters.ts";
export type { SidecarNotice, SidecarOptions } from "./options.ts";

/** A running sidecar. */
export interface Sidecar {
  /** The address that is listened on, as the system reports it. */
  readonly address: string;
  readonly port: number;
  /** Live: the same object all the time. */
  readonly counters: Readonly<Counters>;
  /**
   * Takes no more connections, lets requests in progress finish, then cuts what is left.
   * @param graceMs how long they may take, 0 for none
   */
  close(graceMs: number): Promise<void>;
}

/**
 * Starts a sidecar.
 * @throws MerlonError MERLON_USAGE, MERLON_UPSTREAM, MERLON_TLS, MERLON_LISTEN
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const configuration = parseConfiguration(options);
  const notify = options.onNotice ?? ignore;
  const address = parseUpstream(configuration.upstream);
  const trustedPeers = configuration.proxyProtocol ? parsePeers(configuration.proxyProtocol.trustedPeers) : null;
  const { tls, timeouts } = configuration;
  const material = tls ? readTlsMaterial(tls.certFile, tls.keyFile) : null;
  const upstreamTls = readUpstreamTls(configuration, address, notify);
  refuseLoop(configuration.listen.host, configuration.listen.port, address);

  const upstreams = new Upstreams(address, upstreamTls, timeouts.upstreamConnectMs);
  const context = createContext(options, configuration, upstreams, address);
  const { counters } = context;
  const http1 = new Http1Server(context);
  const http2 = new Http2Server(context);
  const listener = new Listener(
    {
      ...configuration.listen,
      maxConnections: configuration.maxConnections,
      headMs: timeouts.headMs,
      trustedPeers,
      tls: material,
      tlsRequired: tls?.required ?? false,
    },
    {
      http1: (stream, connection) => http1.adopt(stream, connection),
      http2: (stream, connection) => http2.adopt(stream, connection),
    },
    counters,
  );
  const stopWatching = tls ? watchTlsMaterial(tls, (next) => listener.useTls(next), notify) : ignore;
  const stop = (): void => {
    stopWatching();
    http1.close();
    context.sweep.stop();
    upstreams.destroy();
  };
  const bound = await listener.listen().catch((error: unknown) => {
    stop();
    throw error;
  });
  const refuse = (): void => {
    listener.stop();
    http1.drain();
    http2.drain();
  };
  const close = closer({ refuse, empty: () => listener.empty(), cut: () => listener.destroy(), release: stop });
  return { ...bound, counters, close };
}

function createContext(
  options: SidecarOptions,
  configuration: SidecarConfiguration,
  upstreams: Upstreams,
  address: UpstreamAddress,
): FlowContext {
  const counters = createCounters();
  const fixed = fixedPolicy(configuration);
  return {
    inspector: options.inspector,
    configuration,
    policy: options.policy ?? (() => fixed),
    counters,
    nextId: createUlidSource(),
    onVerdict: options.onVerdict ?? null,
    sample: options.sample,
    budget: new HoldBudget(counters, configuration.heldBytesMax),
    sweep: new DeadlineSweep(Math.min(...Object.values(configuration.timeouts))),
    chooseUpstream: (facts, fromHttp2, trailers) => upstreams.choose(facts, fromHttp2, trailers),
    describeFailure: (failure) => describeFailure(address, failure),
  };
}

/** The ways to one upstream, opened when they are first needed. */
class Upstreams {
  readonly #main: Upstream;
  readonly #direct: Upstream;
  readonly #handshakes: Upstream;
  #grpc: Upstream | null;
  readonly #makeGrpc: () => Upstream;

  constructor(address: UpstreamAddress, tls: UpstreamTls | null, connectMs: number) {
    this.#makeGrpc = () => new Http2Upstream(address, tls, connectMs);
    this.#main = address.http2 ? this.#makeGrpc() : new Http1Upstream(address, tls, connectMs);
    this.#grpc = address.http2 ? this.#main : null;
    this.#direct = address.http2 ? this.#main : new DirectUpstream(address, tls, connectMs, false);
    this.#handshakes = new DirectUpstream(address, tls, connectMs, true);
  }

  choose(facts: HeadFacts, fromHttp2: boolean, trailers: boolean): Upstream {
    if (facts.websocket) return this.#handshakes;
    if (fromHttp2 && isGrpc(facts.mediaType)) {
      // gRPC is HTTP/2 only, so an application that is asked for it speaks that on the same port.
      this.#grpc ??= this.#makeGrpc();
      return this.#grpc;
    }
    return trailers || facts.head.target === "*" ? this.#direct : this.#main;
  }

  destroy(): void {
    for (const upstream of new Set([this.#main, this.#direct, this.#handshakes, this.#grpc])) upstream?.destroy();
  }
}

function readUpstreamTls(
  configuration: SidecarConfiguration,
  address: UpstreamAddress,
  notify: (notice: SidecarNotice) => void,
): UpstreamTls | null {
  const { caFile, insecure, serverName } = configuration.upstreamTls;
  if (!address.secure) {
    if (caFile === undefined && !insecure && serverName === undefined) return null;
    throw new MerlonError("MERLON_UPSTREAM", "upstreamTls is set, but the upstream's address is not https or h2");
  }
  const ca = caFile === undefined ? null : readAuthorities(caFile);
  if (insecure) {
    notify({ event: "upstream_insecure", detail: "the upstream's certificate is not verified: upstreamTls.insecure" });
  }
  // Server names are for names; an address is verified by itself.
  const name = serverName ?? (isIP(address.host) === 0 ? address.host : "");
  return { ca, rejectUnauthorized: !insecure, serverName: name };
}

/** A proxy that is its own upstream would call itself until it runs out of sockets. */
function refuseLoop(host: string, port: number, address: UpstreamAddress): void {
  const everywhere = host === "0.0.0.0" || host === "::";
  const local = address.host === "localhost" || isLoopback(address.host);
  const same = address.host === host || (local && (everywhere || host === "localhost" || isLoopback(host)));
  if (port === 0 || port !== address.port || !same) return;
  const message = `the upstream ${address.origin} is the sidecar's own address; choose another listen port`;
  throw new MerlonError("MERLON_UPSTREAM", message);
}

function describeFailure(address: UpstreamAddress, failure: UpstreamFailure): string {
  const fixes: Record<string, string> = {
    ECONNREFUSED: "nothing listens there; is the application running?",
    ENOTFOUND: "the name cannot be resolved",
  };
  const fix = fixes[failure.reason];
  return `Upstream ${address.origin}: ${failure.reason}${fix === undefined ? "." : `, ${fix}`}`;
}

function ignore(): void {}
