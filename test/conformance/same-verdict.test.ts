/**
 * One request, one verdict: requests of the labelled sets whole, byte by byte and at random splits through every host.
 * The core's line, which says verdict, matches, points and spans, is the one that the core alone gives; what a host
 * does not let through, or HTTP/2 cannot say, is counted with its answer.
 *
 * `MERLON_SAME_VERDICT=850` takes so many requests of each set, more than ten thousand; without it, a hundred.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Core } from "../assembly/core.ts";
import { createRandom } from "../bench/random.ts";
import { type Component, requireOrSkip } from "../tools/component.ts";
import { envoyBinary } from "../tools/wheels.ts";
import { type Cuts, deliverParts, randomCuts } from "./delivery.ts";
import { type Message, readMessage } from "./message.ts";
import { type Host, startHosts } from "./same-verdict.ts";
import { readSample } from "./sample.ts";

const LONG_MS = 3_600_000;
const SEED = Number(process.env["MERLON_SEED"] ?? 17);
const PER_SET = Number(process.env["MERLON_SAME_VERDICT"] ?? 7);
/** Of a larger body the first so many bytes come one by one: each is a frame, and for ext_proc a message. */
const SINGLE_BYTES_MAX = 48;
/** In the engine, where a delivery costs microseconds. */
const ENGINE = { host: "engine", singleBytesMax: 16_384, splits: 50 };

let binary: Component<string>;
let hosts: readonly Host[] = [];

beforeAll(async () => {
  binary = await envoyBinary();
  if ("found" in binary) hosts = await startHosts(binary.found);
}, LONG_MS);

afterAll(async () => {
  for (const host of hosts) await host.stop();
});

/** How a request is handed over; null is whole. */
function* waysOf(host: Host, { body }: Message, random: ReturnType<typeof createRandom>): Generator<Cuts | null> {
  yield null;
  const isEngine = host.name === ENGINE.host;
  const single = Math.min(body.length, isEngine ? ENGINE.singleBytesMax : SINGLE_BYTES_MAX);
  yield Array.from({ length: Math.max(0, single - 1) }, (_, at) => at + 1);
  const rounds = isEngine ? ENGINE.splits : 1;
  for (let round = 0; round < rounds && body.length > 1; round++) yield randomCuts(random, body.length);
}

interface Books {
  readonly host: string;
  compared: number;
  deliveries: number;
  readonly odd: string[];
  /** Names of requests by what the host said of them. */
  readonly refused: Map<string, string[]>;
}

async function compare(host: Host, requests: readonly Request[]): Promise<Books> {
  const books: Books = { host: host.name, compared: 0, deliveries: 0, odd: [], refused: new Map() };
  const random = createRandom(SEED);
  for (const { name, message, line: wanted } of requests) {
    let isCompared = false;
    for (const cuts of waysOf(host, message, random)) {
      const way = cuts === null ? "by HTTP/1.1" : "by HTTP/2";
      const said = await host.say(message, cuts);
      if ("refused" in said) {
        const answer = `${said.refused} ${way}`;
        books.refused.set(answer, [...(books.refused.get(answer) ?? []), name]);
        continue;
      }
      isCompared = true;
      books.deliveries++;
      if (said.line === wanted) continue;
      books.odd.push(`${name} ${way}, cut at [${cuts?.join(",").slice(0, 80)}]: ${said.line}, not ${wanted}`);
    }
    if (isCompared) books.compared++;
  }
  return books;
}

interface Request {
  readonly name: string;
  readonly message: Message;
  /** What the core alone says. */
  readonly line: string;
}

test("every host says of a request what the core says, however it comes", { timeout: LONG_MS }, async (context) => {
  requireOrSkip(context, binary);
  const samples = requireOrSkip(context, readSample(PER_SET));
  const core = new Core("release");
  const requests = samples.flatMap(({ name, raw }): Request[] => {
    const message = readMessage(raw);
    return typeof message === "string" ? [] : [{ name, message, line: deliverParts(core, message, []).line }];
  });
  const all = await Promise.all(hosts.map((host) => compare(host, requests)));
  for (const { host, compared, deliveries, odd, refused } of all) {
    const listed = [...refused].map(
      ([answer, names]) => `  ${answer}: ${names.length}, ${[...new Set(names)].join(" ")}`,
    );
    const figures = `${compared} of ${requests.length} requests, ${deliveries} deliveries, ${odd.length} other lines`;
    console.log([`${host}: ${figures}`, ...listed.map((text) => text.slice(0, 400))].join("\n"));
  }
  expect(
    all.flatMap(({ host, odd }) => odd.map((text) => `${host}: ${text}`)),
    `seed ${SEED}`,
  ).toEqual([]);
  for (const { host, compared } of all) expect(compared, host).toBeGreaterThan(requests.length * 0.98);
});
