/**
 * `merlon exception`: from a request that was wrongly stopped to exceptions that let exactly its findings pass, and a
 * list of those that a policy has.
 */
import { readFile } from "node:fs/promises";
import { Engine } from "../core/engine.ts";
import { MerlonError } from "../core/error.ts";
import { dateText } from "../policy/date.ts";
import { compilePolicy } from "../policy/image.ts";
import { matchText } from "../policy/match.ts";
import { readPolicyFile } from "../policy/policy-file.ts";
import { type Exception, proposeExceptions } from "../policy/proposal.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { requestOfCurl } from "./explanation/curl.ts";
import { readRawRequest } from "./explanation/raw-request.ts";
import { layOut, showWord } from "./text.ts";

const ACTIONS = ["propose", "list"] as const;
const DAYS_DEFAULT = 90;
const DAYS_MAX = 3650;
const DAY_SECONDS = 86_400;

/** The command. */
export const exceptionCommand: Command = {
  name: "exception",
  summary: "propose exceptions for a request, or list those of a policy",
  usage: "<propose|list> [<file with a raw request>] [flags]",
  least: 1,
  most: 2,
  options: {
    policy: { type: "string", value: "<file>", about: "policy file; the built-in policy if not given" },
    curl: { type: "string", value: "<command>", about: "propose: the request as a curl command; nothing is sent" },
    reason: { type: "string", value: "<text>", about: "propose: why the findings are none" },
    days: { type: "string", value: "<number>", about: `propose: how long they count; ${DAYS_DEFAULT} if not given` },
  },
  details: [
    "propose prints a document for each finding of the request that counts, as close as it can be said: its stamp, its",
    "point, its host, method and path. Look at it, widen it if you must, and append it to the policy file.",
  ].join("\n"),
  examples: [
    "merlon exception propose request.http --policy merlon.yaml --reason 'editors write about SQL'",
    "merlon exception list --policy merlon.yaml",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [action = ""] = input.positionals;
  switch (ACTIONS.find((known) => known === action)) {
    case "propose":
      return await propose(input, io);
    case "list":
      return await list(input, io);
    default:
      throw usage(
        `"${showWord(action)}" is nothing that exception does`,
        `it takes ${ACTIONS.join(", ")}`,
        "write one",
      );
  }
}

async function requestOf(input: Input): Promise<Buffer> {
  const curl = input.text("curl");
  const [, path] = input.positionals;
  if (curl !== undefined && path === undefined) return requestOfCurl(curl);
  if (curl !== undefined || path === undefined) {
    throw usage("one request is needed", "exceptions are proposed for it", "give its file, or --curl 'curl …'");
  }
  try {
    return readRawRequest(await readFile(path)).bytes;
  } catch (cause) {
    if (cause instanceof MerlonError) throw cause;
    throw new MerlonError("MERLON_INPUT", `${showWord(path)} cannot be read — check the path`, { cause });
  }
}

async function propose(input: Input, io: Io): Promise<number> {
  const raw = await requestOf(input);
  const days = input.integer("days", 1, DAYS_MAX, DAYS_DEFAULT);
  const path = input.text("policy");
  const engine = Engine.load();
  if (path !== undefined) engine.loadPolicy("active", compilePolicy((await readPolicyFile(path)).policy));
  const now = Math.floor(Date.now() / 1000);
  const transaction = engine.begin("127.0.0.1", now);
  transaction.raw(raw);
  transaction.end();
  const { matches, wouldAction } = transaction.verdict();
  transaction.free();
  const proposal = proposeExceptions(raw, matches, {
    reason: input.text("reason") ?? "say why this is no attack",
    expiresAt: now + days * DAY_SECONDS,
  });
  if (proposal.documents.length === 0) {
    io.stderr.write(
      `merlon: nothing counts in this request${wouldAction === "block" ? ", a limit was reached" : ""}\n`,
    );
    return 1;
  }
  for (const document of proposal.documents) io.stdout.write(`---\n${document}`);
  for (const note of proposal.notes) io.stderr.write(`merlon: ${note}\n`);
  return 0;
}

async function list(input: Input, io: Io): Promise<number> {
  const path = input.text("policy");
  if (path === undefined) throw usage("--policy is missing", "its exceptions are listed", "write --policy merlon.yaml");
  const { exceptions = [] } = (await readPolicyFile(path)).policy;
  const now = Math.floor(Date.now() / 1000);
  const columns = ["name", "lets pass", "at", "for", "until", "why"].map((title) => ({ title }));
  const rows = exceptions.map((one) => rowOf(one, now));
  io.stdout.write(rows.length === 0 ? "no exceptions\n" : layOut(columns, rows));
  return 0;
}

function rowOf({ name, ignore, point, match, expiresAt, reason }: Exception, now: number): string[] {
  const what = ignore.all ? "everything" : [...ignore.stamps, ...ignore.types].join(" ");
  const until = expiresAt <= now ? `expired ${dateText(expiresAt)}` : dateText(expiresAt);
  return [name, what, point ?? "every point", matchText(match).trim() || "every request", until, reason].map(showWord);
}
