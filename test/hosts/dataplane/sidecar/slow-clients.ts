/**
 * A soak by hand, not part of the tests: thousands of clients that send a byte now and then, and what they cost.
 *
 *     node test/hosts/dataplane/sidecar/slow-clients.ts [connections=10000] [seconds=30]
 *
 * The sidecar runs in a process of its own, so that its memory can be told from the clients'. Prints the memory for
 * each connection and the latency of ordinary requests before and during; fails beyond 24 KiB a connection. Needs as
 * many open files as connections, in both processes (`ulimit -n`).
 */
import { fork } from "node:child_process";
import * as http from "node:http";
import * as net from "node:net";
import { startSidecar } from "../../../../hosts/dataplane/sidecar/sidecar.ts";
import { WordInspector } from "./word-inspector.ts";

const KIBIBYTES_PER_CONNECTION_MAX = 24;
const CONNECTING_AT_ONCE = 200;
const PROBES = 200;
const DRIP_MS = 10_000;

interface Report {
  readonly port: number;
  readonly rss: number;
  readonly connections: number;
  readonly slowClients: number;
}

/** The child: an application, a sidecar that is patient, and an answer to each message. */
async function serve(): Promise<void> {
  const application = http.createServer((_request, response) => response.end("ok"));
  await new Promise<void>((resolve) => application.listen(0, "127.0.0.1", resolve));
  const address = application.address();
  const upstream = `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
  const { port, counters } = await startSidecar({
    upstream,
    inspector: new WordInspector(),
    maxConnections: 100_000,
    timeouts: { headMs: 600_000 },
  });
  const report = (): void => {
    const { activeConnections: connections, slowClients } = counters;
    process.send?.({ port, rss: process.memoryUsage.rss(), connections, slowClients } satisfies Report);
  };
  process.on("message", report);
  process.on("disconnect", () => process.exit());
  report();
}

/** Latency of ordinary requests in milliseconds: median and 99th percentile. */
async function probe(port: number): Promise<{ p50: number; p99: number }> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let i = 0; i < PROBES; i++) {
    const begun = performance.now();
    await new Promise<void>((resolve, reject) => {
      const request = http.get({ host: "127.0.0.1", port, agent }, (response) => response.resume().on("end", resolve));
      request.on("error", reject);
    });
    times.push(performance.now() - begun);
  }
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number): number => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(2));
  return { p50: at(0.5), p99: at(0.99) };
}

async function connect(port: number, count: number): Promise<net.Socket[]> {
  const sockets: net.Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(CONNECTING_AT_ONCE, count - sockets.length) }, async () => {
      const socket = net.connect({ host: "127.0.0.1", port });
      await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
      socket.on("error", () => {});
      socket.write("POST / HTTP/1.1\r\nHost: a\r\nX-A: ");
      return socket;
    });
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

async function soak(connections: number, seconds: number): Promise<void> {
  const child = fork(import.meta.filename, ["serve"]);
  const ask = async (): Promise<Report> => {
    const answer = new Promise<Report>((resolve) => child.once("message", (message: Report) => resolve(message)));
    child.send("report");
    return await answer;
  };
  const { port } = await new Promise<Report>((resolve) => child.once("message", (message: Report) => resolve(message)));
  const before = await probe(port);
  const { rss } = await ask();
  const sockets = await connect(port, connections);
  const timer = setInterval(() => {
    for (const socket of sockets) socket.write("x");
  }, DRIP_MS);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const during = await probe(port);
  const report = await ask();
  clearInterval(timer);
  for (const socket of sockets) socket.destroy();
  child.disconnect();
  const kibibytes = Number(((report.rss - rss) / 1024 / connections).toFixed(1));
  const lines = { connections: report.connections, kibibytesEach: kibibytes, slowClients: report.slowClients };
  process.stdout.write(`${JSON.stringify({ ...lines, before, during })}\n`);
  if (report.connections < connections || kibibytes > KIBIBYTES_PER_CONNECTION_MAX) process.exitCode = 1;
}

const [first = "10000", second = "30"] = process.argv.slice(2);
await (first === "serve" ? serve() : soak(Number(first), Number(second)));
