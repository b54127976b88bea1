/**
 * `merlon test <url>`: sends attacks and harmless texts to an address that should be protected, in every place and
 * encoding in which applications take them, and counts what is blocked and what passes.
 */
import { randomBytes } from "node:crypto";
import { MerlonError } from "../core/error.ts";
import { readSuite, type SuiteText } from "./attack-suite.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { ENCODINGS } from "./probing/encoding.ts";
import { buildRequest, encodingsAt, PLACEMENTS } from "./probing/placement.ts";
import { type Probe, Score, scoreText } from "./probing/score.ts";
import { Sender } from "./probing/sender.ts";
import { count, showWord } from "./text.ts";

const CONCURRENCY = 8;
const CONCURRENCY_MAX = 64;
const TIMEOUT_MS = 10_000;
const BLOCK_STATUS = 403;
const SHOWN = 20;
const SHOWN_MAX = 100_000;
/** An address that stopped answering would cost a timeout for each probe. */
const FAILURES_MAX = 20;
const PROGRESS_PROBES = 100;

/** An attack that every WAF that blocks at all blocks, and a request that none may block. */
const FIRST_ATTACK = "<script>alert('union select password from users')</script>";

/** The command. */
export const testCommand: Command = {
  name: "test",
  summary: "send attacks and harmless requests to a protected address and count",
  usage: "<url> [flags]",
  least: 1,
  most: 1,
  options: {
    json: { type: "boolean", about: "print one JSON object" },
    type: {
      type: "string",
      multiple: true,
      value: "<code>",
      about: "only texts of this type: sqli, xss …; may be given again",
    },
    placement: { type: "string", multiple: true, value: "<place>", about: "only in this place: url-param, header …" },
    encoding: { type: "string", multiple: true, value: "<name>", about: "only in this encoding: plain, base64 …" },
    "block-status": {
      type: "string",
      value: "<status>",
      about: `status of a blocked request; ${BLOCK_STATUS} if not given`,
    },
    concurrency: { type: "string", value: "<n>", about: `requests in progress; ${CONCURRENCY} if not given` },
    insecure: { type: "boolean", about: "accept any certificate" },
    "skip-precheck": { type: "boolean", about: "go on where an obvious attack is not blocked" },
    show: { type: "string", value: "<n>", about: `probes that went wrong to list; ${SHOWN} if not given` },
  },
  details: [
    "Only the address given is contacted. Test only what you are allowed to test: the requests are real attacks, meant",
    "for an application behind Merlon that answers anything. A probe is blocked if its answer has the block page's",
    "status, or, where a deployment only monitors, the header x-merlon-action. The exit code is 1 if an attack passed",
    "or a harmless request was blocked.",
  ].join("\n"),
  examples: [
    "merlon test http://127.0.0.1:8080",
    "merlon test http://127.0.0.1:8080/app --type sqli --type xss --json",
    "merlon test https://staging.shop.example --placement json-string",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const url = parseTarget(input.positionals[0] ?? "");
  const probes = probesOf(input);
  const concurrency = input.integer("concurrency", 1, CONCURRENCY_MAX, CONCURRENCY);
  const blockStatus = input.integer("block-status", 400, 599, BLOCK_STATUS);
  const shown = input.integer("show", 0, SHOWN_MAX, SHOWN);
  const sender = new Sender({ url, blockStatus, concurrency, insecure: input.flag("insecure"), timeoutMs: TIMEOUT_MS });
  try {
    const blocks = await precheck(sender, blockStatus);
    if (!blocks && !input.flag("skip-precheck")) {
      const why = "an obvious attack passed";
      const fix = "put it behind Merlon in mode block, or go on with --skip-precheck";
      io.stderr.write(`merlon: ${url.origin} does not block — ${why}; ${fix}\n`);
      return 1;
    }
    const score = await sendAll(sender, probes, concurrency, io);
    const report = score.report();
    io.stdout.write(
      input.flag("json") ? `${JSON.stringify({ url: url.href, ...report })}\n` : scoreText(report, shown),
    );
    return score.isClean ? 0 : 1;
  } finally {
    sender.close();
  }
}

function parseTarget(text: string): URL {
  const wanted = "write an address such as http://127.0.0.1:8080";
  const url = URL.parse(text);
  if (url === null) throw usage(`"${showWord(text)}" is no URL`, "the probes need an address", wanted);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw usage(`"${showWord(text)}" is not of the web`, "probes are HTTP requests", wanted);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw usage("the URL has a user, a query or a fragment", "probes bring their own", wanted);
  }
  return url;
}

/** @returns whether an obvious attack is blocked @throws MerlonError where a harmless request is, or nothing answers */
async function precheck(sender: Sender, blockStatus: number): Promise<boolean> {
  const attack = await sender.sendFirst(buildRequest("url-param", "plain", FIRST_ATTACK, "x"));
  const harmless = await sender.sendFirst(buildRequest("url-param", "plain", "hello", "x"));
  if (harmless === "passed") return attack === "blocked";
  const why = "it would look as if everything were blocked";
  const fix = "choose a path that the application answers, or another --block-status";
  throw new MerlonError("MERLON_UPSTREAM", `a harmless request is answered ${blockStatus} — ${why}; ${fix}`);
}

function probesOf(input: Input): Probe[] {
  const suite = readSuite();
  const types = chosen(input, "type", [...new Set(suite.map(({ type }) => type))]);
  const placements = chosen(input, "placement", PLACEMENTS);
  const encodings = chosen(input, "encoding", ENCODINGS);
  return suite.filter(({ type }) => types.has(type)).flatMap((one) => probesFor(one, placements, encodings));
}

function probesFor(one: SuiteText, wanted: ReadonlySet<string>, encodings: ReadonlySet<string>): Probe[] {
  const { type, attack, text } = one;
  return one.placements
    .filter((placement) => wanted.has(placement))
    .flatMap((placement) =>
      encodingsAt(placement, text)
        .filter((encoding) => encodings.has(encoding))
        .map((encoding) => ({ type, attack, placement, encoding, text })),
    );
}

/** @returns what the flag names, or everything where it is not given */
function chosen(input: Input, flag: string, all: readonly string[]): ReadonlySet<string> {
  const names = input.texts(flag);
  const unknown = names.find((name) => !all.includes(name));
  if (unknown === undefined) return new Set(names.length === 0 ? all : names);
  throw usage(`--${flag} is "${showWord(unknown)}"`, `it takes ${all.join(", ")}`, "write one of them");
}

async function sendAll(sender: Sender, probes: readonly Probe[], concurrency: number, io: Io): Promise<Score> {
  const score = new Score();
  const waiting = probes.values();
  let sent = 0;
  let failures = 0;
  const work = async (): Promise<void> => {
    for (const probe of waiting) {
      const name = `p${randomBytes(5).toString("hex")}`;
      const outcome = await sender.send(buildRequest(probe.placement, probe.encoding, probe.text, name));
      score.add(probe, outcome);
      failures = outcome === "failed" ? failures + 1 : 0;
      if (failures >= FAILURES_MAX) {
        const why = `${failures} requests in a row had no answer`;
        throw new MerlonError("MERLON_UPSTREAM", `the address stopped answering — ${why}; look at what listens there`);
      }
      sent++;
      if (io.interactive && sent % PROGRESS_PROBES === 0) {
        io.stderr.write(`\r\u001b[K${count(sent)} of ${count(probes.length)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  if (io.interactive) io.stderr.write("\r\u001b[K");
  return score;
}
