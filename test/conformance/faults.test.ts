/**
 * Each fault of a server behind Envoy's ext_proc filter, in each body mode, open and closed: what is configured
 * happens, and Envoy counts why. All of it in one Envoy with the printed filters, their time-outs included.
 *
 * How long a request took is held against 10 s here, since a busy machine is no fault. On a machine that is left alone
 * `MERLON_FAULT_MS=210` holds it to Envoy's time-out for one message, and `MERLON_FAULT_ROUNDS` asks more often.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BODY_MODES } from "../../hosts/cli/connector/filter.ts";
import { send, startApplication, startStage } from "../hosts/dataplane/sidecar/stage.ts";
import { THROW } from "../hosts/dataplane/sidecar/word-inspector.ts";
import { type Component, requireOrSkip } from "../tools/component.ts";
import { envoyBinary } from "../tools/wheels.ts";
import { EnvoyProcess } from "./envoy-process.ts";
import {
  type Failing,
  joinCells,
  type Listener,
  listenersIn,
  ServerProcess,
  startBreaking,
  startDropping,
  startForeign,
  startGarbage,
  startLate,
  startRefusing,
  startSilent,
} from "./faults.ts";
import type { Message } from "./message.ts";

const LONG_MS = 300_000;
const MS_MAX = Number(process.env["MERLON_FAULT_MS"] ?? 10_000);
const ROUNDS = Number(process.env["MERLON_FAULT_ROUNDS"] ?? 1);
/** One after the other where time counts. */
const AT_ONCE = MS_MAX < 1000 ? 1 : 10;

const FAULTS = [
  "was killed",
  "was frozen",
  "breaks the connection",
  "drops connections",
  "says nothing",
  "is a second late",
  "speaks another protocol",
  "answers 503",
  "answers bytes that are no message",
  "answers an empty message",
] as const;
type Fault = (typeof FAULTS)[number];

/** Counters of Envoy's that say why a server was given up: each request has to be in one of them. */
const CAUSES = ["message_timeouts", "streams_failed", "spurious_msgs_received"] as const;

const message = (body: string): Message => ({
  method: body === "" ? "GET" : "POST",
  target: "/",
  authority: "a",
  fields: [["content-type", "application/x-www-form-urlencoded"]],
  body: Buffer.from(body),
  trailers: [],
});
const REQUESTS = [
  { name: "GET", message: message("") },
  { name: "POST", message: message("a=b") },
] as const;
const ATTACK = message("id=1%27+UNION+SELECT+login,password+FROM+users--+");

let binary: Component<string>;
let envoy: EnvoyProcess | undefined;
let admin = 0;
let listeners: readonly Listener[] = [];
const servers = new Map<Fault, Failing | ServerProcess>();

beforeAll(async () => {
  binary = await envoyBinary();
  if (!("found" in binary)) return;
  servers.set("was killed", await ServerProcess.start());
  servers.set("was frozen", await ServerProcess.start());
  servers.set("breaks the connection", await startBreaking());
  servers.set("drops connections", await startDropping());
  servers.set("says nothing", await startSilent());
  servers.set("is a second late", await startLate());
  servers.set("speaks another protocol", await startForeign());
  servers.set("answers 503", await startRefusing());
  servers.set("answers bytes that are no message", await startGarbage(Buffer.from([0, 0, 0, 0, 3, 255, 255, 255])));
  servers.set("answers an empty message", await startGarbage(Buffer.alloc(5)));
  const cells = [...servers].flatMap(([fault, { port }]) =>
    BODY_MODES.flatMap((bodyMode) =>
      (["open", "closed"] as const).map((failure) => {
        return { name: `${fault} ${bodyMode} ${failure}`.replaceAll(" ", "_"), processor: port, bodyMode, failure };
      }),
    ),
  );
  envoy = await EnvoyProcess.startWith(binary.found, async (ports) => {
    const joined = await joinCells(cells, ports);
    admin = joined.admin;
    return joined.configuration;
  });
  listeners = await listenersIn(admin, cells);
  const [killed, frozen] = [servers.get("was killed"), servers.get("was frozen")];
  if (!(killed instanceof ServerProcess && frozen instanceof ServerProcess)) return;
  for (const listener of listenersOf("was killed", "was frozen")) {
    await untilServed(envoy, listener.port);
  }
  await killed.kill();
  frozen.freeze();
}, LONG_MS);

/** So that Envoy has a connection that it believes in; on a busy machine the first may be late. */
async function untilServed(through: EnvoyProcess, port: number): Promise<void> {
  for (let tried = 0; tried < 50; tried++) {
    if ((await through.send(ATTACK, [], port)).status === 403) return;
  }
  throw new Error("the server did not serve");
}

afterAll(async () => {
  await envoy?.stop();
  for (const server of servers.values()) await (server instanceof ServerProcess ? server.kill() : server.stop());
});

function listenersOf(...faults: readonly Fault[]): Listener[] {
  const names = faults.map((fault) => fault.replaceAll(" ", "_"));
  return listeners.filter(({ name }) => names.some((fault) => name.startsWith(`${fault}_`)));
}

/** Envoy gives nothing back of a body that it gave away: such a request ends, whatever is configured. */
function wantedStatuses({ bodyMode, failure }: Listener, request: string): readonly number[] {
  if (failure === "open" && !(bodyMode === "FULL_DUPLEX_STREAMED" && request === "POST")) return [200];
  // 504 where Envoy's own clock for a message ran out.
  return [500, 504];
}

/** Counters of Envoy's filter by the cell's name, and then by their own. */
async function counters(): Promise<Map<string, Map<string, number>>> {
  const text = await (await fetch(`http://127.0.0.1:${admin}/stats?filter=ext_proc`)).text();
  const all = new Map<string, Map<string, number>>();
  for (const [, cell = "", name = "", value] of text.matchAll(/^http\.(.+)\.ext_proc\.(\w+): (\d+)$/gm)) {
    const own = all.get(cell) ?? new Map<string, number>();
    all.set(cell, own.set(name, Number(value)));
  }
  return all;
}

interface Row {
  readonly cell: Listener;
  readonly request: string;
  readonly status: number;
  readonly ms: number;
}

/** Asks each listener of a fault for each request, so many times. */
async function askAll(fault: Fault): Promise<Row[]> {
  const queue = Array.from({ length: ROUNDS }, () => listenersOf(fault)).flat();
  const rows: Row[] = [];
  const work = async (): Promise<void> => {
    for (let cell = queue.pop(); cell !== undefined; cell = queue.pop()) {
      for (const { name, message } of REQUESTS) {
        const begun = performance.now();
        const { status } = (await envoy?.send(message, [], cell.port)) ?? { status: 0 };
        rows.push({ cell, request: name, status, ms: performance.now() - begun });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return rows;
}

test.each(FAULTS)("a server that %s has the consequence that is configured, counted", async (fault) => {
  if (envoy === undefined) return;
  const before = await counters();
  const rows = await askAll(fault);
  const after = await counters();
  const odd = rows
    .filter(({ cell, request, status, ms }) => !wantedStatuses(cell, request).includes(status) || ms > MS_MAX)
    .map(({ cell, request, status, ms }) => `${cell.name} ${request}: ${status} after ${ms.toFixed(0)} ms`);
  expect(odd).toEqual([]);
  for (const { name } of listenersOf(fault)) {
    const own = rows.filter(({ cell }) => cell.name === name);
    const grown = (counter: string): number =>
      (after.get(name)?.get(counter) ?? 0) - (before.get(name)?.get(counter) ?? 0);
    const causes = CAUSES.reduce((sum, cause) => sum + grown(cause), 0);
    expect(causes, `${name} has a cause for each request`).toBeGreaterThanOrEqual(own.length);
    expect(grown("failure_mode_allowed"), name).toBe(own.filter(({ status }) => status === 200).length);
  }
  console.log(`${rows.length} requests to a server that ${fault}, ${slowestOf(rows)} ms at most`);
});

test("a server that comes back is asked again", async () => {
  const frozen = servers.get("was frozen");
  if (envoy === undefined || !(frozen instanceof ServerProcess)) return;
  frozen.thaw();
  for (const { port } of listenersOf("was frozen")) await untilServed(envoy, port);
});

test("there was an Envoy", (context) => {
  requireOrSkip(context, binary);
});

describe("in the sidecar the core is no server, and what fails is the core", () => {
  const cores = [
    { cause: "trap", at: "the head", request: { path: `/${THROW}` }, body: "" },
    { cause: "trap", at: "the body", request: { method: "POST" }, body: THROW },
    { cause: "unreachable", at: "the beginning", request: { path: "/" }, body: "" },
  ] as const;
  const rows = cores.flatMap((core) => (["open", "closed"] as const).map((side) => ({ ...core, side })));

  test.each(rows)("$cause at $at, $side", async ({ cause, request, body, side }) => {
    const reached: string[] = [];
    const application = await startApplication((incoming, response) => {
      reached.push(incoming.url ?? "");
      incoming.resume().on("end", () => response.end());
    });
    const { port, sidecar, inspector } = await startStage(application, { failure: { [cause]: side } });
    inspector.unreachable = cause === "unreachable";
    const begun = performance.now();
    const { status } = await send(port, request, body);
    expect(performance.now() - begun).toBeLessThan(MS_MAX);
    expect([status, reached.length]).toEqual(side === "open" ? [200, 1] : [503, 0]);
    expect(sidecar.counters[side === "open" ? "failedOpen" : "failedClosed"][cause]).toBe(1);
  });
});

function slowestOf(rows: readonly Row[]): string {
  return Math.max(...rows.map(({ ms }) => ms)).toFixed(0);
}
