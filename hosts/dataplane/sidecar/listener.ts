/**
 * The listening side: takes connections, finds out from the first bytes what they speak (PROXY protocol, TLS, HTTP/2
 * with prior knowledge, HTTP/1) and hands them to Node's server for it. One port takes all of them.
 *
 * Nothing is guessed: a PROXY header is read only from the configured peers, who must always send one, because whoever
 * may choose to send one may choose the address that lists and limits see.
 */
import { type BlockList, createServer, isIPv6, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions, type Server as TlsServer } from "node:tls";
import { listenError } from "../../core/listen-error.ts";
import type { TlsMaterial } from "../../core/tls-material.ts";
import type { Counters } from "./counters.ts";
import type { ClientConnection } from "./exchange.ts";
import { isLoopback, plainAddress } from "./proxy-protocol.ts";
import { type Protocol, sniff } from "./sniff.ts";

/** What the listener hands a sniffed connection to. `stream` is the TCP socket or the TLS stream on it. */
export interface ConnectionHandlers {
  http1(stream: Socket, connection: ClientConnection): void;
  http2(stream: Socket, connection: ClientConnection): void;
}

/** How to listen. */
export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly maxConnections: number;
  readonly headMs: number;
  /** Peers that send a PROXY header ahead of everything, or null. */
  readonly trustedPeers: BlockList | null;
  readonly tls: TlsMaterial | null;
  readonly tlsRequired: boolean;
}

/** An open port. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #counters: Counters;
  readonly #server: Server;
  readonly #tlsServer: TlsServer | null;
  /** Every open TCP socket, so that a drain can end. */
  readonly #sockets = new Set<Socket>();
  /** Those whose protocol is not known yet. */
  readonly #sniffed = new Set<Socket>();
  /** Connections in a TLS handshake, by `endpoints`: Node tells the stream that comes of it, not the socket. */
  readonly #handshakes = new Map<string, ClientConnection>();

  constructor(options: ListenerOptions, handlers: ConnectionHandlers, counters: Counters) {
    this.#options = options;
    this.#handlers = handlers;
    this.#counters = counters;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: false });
    this.#server.maxConnections = options.maxConnections;
    this.#server.on("connection", (socket) => this.#accept(socket));
    this.#server.on("drop", () => {
      counters.connectionsRefused++;
    });
    this.#tlsServer = options.tls === null ? null : this.#createTls(options.tls, options.headMs);
  }

  /** @throws MerlonError MERLON_LISTEN naming the address and what to do */
  async listen(): Promise<{ address: string; port: number }> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(host, port, cause)));
      this.#server.listen({ host, port, backlog: 1024 }, resolve);
    });
    // Later errors (too many open files) concern single connections, which are lost either way.
    this.#server.on("error", ignore);
    const bound = this.#server.address();
    if (bound === null || typeof bound === "string") return { address: host, port };
    return { address: bound.address, port: bound.port };
  }

  /** Uses another certificate for connections from now on. */
  useTls(material: TlsMaterial): void {
    this.#tlsServer?.setSecureContext(tlsOptions(material));
  }

  /** Takes no more connections and drops those that have not said anything useful yet. */
  stop(): void {
    this.#server.close(ignore);
    for (const socket of this.#sniffed) socket.destroy();
  }

  /** Resolves when all connections are closed. */
  async empty(): Promise<void> {
    while (this.#sockets.size > 0) {
      const [socket] = this.#sockets;
      await new Promise<void>((resolve) => (socket === undefined ? resolve() : socket.once("close", () => resolve())));
    }
  }

  /** Cuts all connections. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #createTls(material: TlsMaterial, headMs: number): TlsServer {
    const server = createTlsServer({ ...tlsOptions(material), handshakeTimeout: headMs });
    server.on("secureConnection", (stream: TLSSocket) => this.#secured(stream));
    server.on("tlsClientError", (error: NodeJS.ErrnoException, stream: TLSSocket) => {
      if (error.code === "ERR_TLS_HANDSHAKE_TIMEOUT") this.#counters.slowClients++;
      stream.destroy();
    });
    return server;
  }

  #accept(socket: Socket): void {
    const counters = this.#counters;
    counters.connections++;
    counters.activeConnections++;
    this.#sockets.add(socket);
    this.#sniffed.add(socket);
    socket.on("error", () => socket.destroy());
    const timer = setTimeout(() => {
      counters.slowClients++;
      socket.destroy();
    }, this.#options.headMs);
    socket.once("close", () => {
      clearTimeout(timer);
      counters.activeConnections--;
      this.#sockets.delete(socket);
      this.#sniffed.delete(socket);
    });
    const address = plainAddress(socket.remoteAddress ?? "");
    sniff(socket, this.#awaitsProxy(address), (protocol, client) => {
      clearTimeout(timer);
      this.#sniffed.delete(socket);
      this.#hand(socket, protocol, client === null ? address : plainAddress(client));
    });
  }

  #awaitsProxy(address: string): boolean {
    const { trustedPeers } = this.#options;
    return trustedPeers?.check(address, isIPv6(address) ? "ipv6" : "ipv4") ?? false;
  }

  #hand(socket: Socket, protocol: Protocol, peer: string): void {
    const secure = protocol === "tls";
    const connection = { peer, loopback: isLoopback(peer), secure, socket, inFlight: 0, onIdle: null };
    const allowed = secure ? this.#tlsServer !== null : !this.#options.tlsRequired;
    if (protocol === "none" || !allowed) {
      this.#counters.connectionsRefused++;
      socket.destroy();
    } else if (protocol === "http1") this.#handlers.http1(socket, connection);
    else if (protocol === "http2") this.#handlers.http2(socket, connection);
    else {
      const key = endpoints(socket);
      this.#handshakes.set(key, connection);
      socket.once("close", () => this.#handshakes.delete(key));
      this.#tlsServer?.emit("connection", socket);
    }
  }

  #secured(stream: TLSSocket): void {
    const key = endpoints(stream);
    const connection = this.#handshakes.get(key);
    this.#handshakes.delete(key);
    stream.on("error", () => stream.destroy());
    if (connection === undefined) stream.destroy();
    else if (stream.alpnProtocol === "h2") this.#handlers.http2(stream, connection);
    else this.#handlers.http1(stream, connection);
  }
}

function endpoints(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress}`;
}

function tlsOptions(material: TlsMaterial): TlsOptions {
  return { cert: material.cert, key: material.key, ALPNProtocols: ["h2", "http/1.1"], minVersion: "TLSv1.2" };
}

function ignore(): void {}
