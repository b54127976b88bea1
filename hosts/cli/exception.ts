/**
 * `merlon exception`: from a request that was wrongly stopped to exceptions that let exactly its findings pass; and
 * their life in a policy file or a policy service.
 */
import { readFile } from "node:fs/promises";
import { Engine } from "../core/engine.ts";
import { MerlonError } from "../core/error.ts";
import { dateText } from "../policy/date.ts";
import { compilePolicy } from "../policy/image.ts";
import { readPolicyFile } from "../policy/policy-file.ts";
import { parseObjects } from "../policy/policy-text.ts";
import { proposeExceptions } from "../policy/proposal.ts";
import { defaultPolicy } from "../policy/schema.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { effectOf, printEffect } from "./exception-effect.ts";
import { requestOfCurl } from "./explanation/curl.ts";
import { readRawRequest } from "./explanation/raw-request.ts";
import { type ShownException, TARGET_OPTIONS, type Target, targetOf } from "./policy-service/target.ts";
import { serviceAddressOf } from "./protection/service-address.ts";
import { layOut, showWord } from "./text.ts";

const ACTIONS = ["propose", "apply", "list", "expire", "undo"] as const;
const DAYS_DEFAULT = 90;
const DAYS_MAX = 3650;
const DAY_SECONDS = 86_400;
const TEXT_BYTES_MAX = 256 * 1024;

/** The command. */
export const exceptionCommand: Command = {
  name: "exception",
  summary: "propose exceptions for a request, apply them, list them and end them",
  usage: "<propose|apply|list|expire|undo> [<file>|<name>] [flags]",
  least: 1,
  most: 2,
  options: {
    ...TARGET_OPTIONS,
    curl: { type: "string", value: "<command>", about: "propose: the request as a curl command; nothing is sent" },
    reason: { type: "string", value: "<text>", about: "propose: why the findings are none" },
    days: { type: "string", value: "<number>", about: `propose: how long they count; ${DAYS_DEFAULT} if not given` },
  },
  details: [
    "propose prints a document for each finding of the request that counts, as close as it can be said: its stamp, its",
    "        point, its host, method and path; and which known attacks would pass there. Look at it, then apply it.",
    "apply   adds the documents of a file, or of stdin with -, to a policy file or a policy service.",
    "list    shows all of a policy.",
    "expire  ends one now and keeps it in the list; undo takes one away, without a name the last one.",
  ].join("\n"),
  examples: [
    "merlon exception propose request.http --policy merlon.yaml --reason 'editors write about SQL' > exception.yaml",
    "merlon exception apply exception.yaml --policy-url https://policy.example:9443 --node-token-file op.token",
    "merlon exception list --policy merlon.yaml",
    "merlon exception undo --policy merlon.yaml",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [action = "", subject] = input.positionals;
  const known = ACTIONS.find((one) => one === action);
  if (known === undefined) {
    throw usage(`"${showWord(action)}" is nothing that exception does`, `it takes ${ACTIONS.join(", ")}`, "write one");
  }
  if (known === "propose") return await propose(input, io);
  const target = targetOf(input);
  try {
    switch (known) {
      case "apply":
        return await apply(target, subject, io);
      case "expire": {
        if (subject === undefined) throw usage("the name is missing", "one exception is ended", "write its name");
        const at = Math.floor(Date.now() / 1000);
        return (await target.edit({ op: "exception.expire", name: subject, at }, io)) ? 0 : 1;
      }
      case "undo": {
        const name = subject === undefined ? {} : { name: subject };
        return (await target.edit({ op: "exception.undo", ...name }, io)) ? 0 : 1;
      }
      case "list":
        return await list(target, io);
    }
  } finally {
    await target.close();
  }
}

/** Shows what would be let in, and applies. */
async function apply(target: Target, path: string | undefined, io: Io): Promise<number> {
  if (path === undefined)
    throw usage("the file is missing", "it holds the exceptions", "write its path, or - for stdin");
  const text = path === "-" ? await readStdin(io) : await readText(path);
  const { exceptions } = parseObjects(text, path === "-" ? "stdin" : path);
  printEffect(effectOf((await target.policy()) ?? defaultPolicy, exceptions), io);
  return (await target.edit({ op: "exception.apply", text }, io)) ? 0 : 1;
}

async function readText(path: string): Promise<string> {
  try {
    const text = await readFile(path, "utf8");
    if (text.length <= TEXT_BYTES_MAX) return text;
  } catch (cause) {
    throw new MerlonError("MERLON_INPUT", `${showWord(path)} cannot be read — check the path`, { cause });
  }
  throw new MerlonError("MERLON_INPUT", `${showWord(path)} is too large — ${TEXT_BYTES_MAX} bytes are taken; split it`);
}

async function readStdin(io: Io): Promise<string> {
  let text = "";
  for await (const piece of io.stdin) {
    text += String(piece);
    if (text.length > TEXT_BYTES_MAX) {
      throw new MerlonError("MERLON_INPUT", `stdin is too large — ${TEXT_BYTES_MAX} bytes are taken; split it`);
    }
  }
  return text;
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
  if (serviceAddressOf(input) !== undefined) {
    throw usage("--policy-url is given", "propose reads a policy file, or none", "leave it out, and apply with it");
  }
  const raw = await requestOf(input);
  const days = input.integer("days", 1, DAYS_MAX, DAYS_DEFAULT);
  const path = input.text("policy");
  const engine = Engine.load();
  const policy = path === undefined ? defaultPolicy : (await readPolicyFile(path)).policy;
  engine.loadPolicy("active", compilePolicy(policy));
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
  const { exceptions } = parseObjects(proposal.documents.join("---\n"), "the proposal");
  printEffect(effectOf(policy, exceptions), io);
  return 0;
}

async function list(target: Target, io: Io): Promise<number> {
  const now = dateText(Math.floor(Date.now() / 1000));
  const columns = ["name", "lets pass", "at", "for", "until", "why"].map((title) => ({ title }));
  const rows = (await target.exceptions()).map((one) => rowOf(one, now));
  io.stdout.write(rows.length === 0 ? "no exceptions\n" : layOut(columns, rows));
  return 0;
}

function rowOf({ name, ignore, point, match, expiresAt, reason }: ShownException, now: string): string[] {
  const what = ignore.all ? "everything" : [...ignore.stamps, ...ignore.types].join(" ");
  const until = expiresAt <= now ? `expired ${expiresAt}` : expiresAt;
  return [name, what, point || "every point", match || "every request", until, reason].map(showWord);
}
