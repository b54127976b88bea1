/** What commands that serve until a signal have in common: their flags, the core with its policy, and their end. */
import { hostname } from "node:os";
import { Engine } from "../../core/engine.ts";
import type { VerdictEvent } from "../../core/inspection.ts";
import { MODES } from "../../core/verdict.ts";
import { policyDefaults } from "../../policy/schema.ts";
import type { Change } from "../../policy/wire.ts";
import { type Input, type Io, type Option, usage } from "../command.ts";
import { count, showWord } from "../text.ts";
import { changeLine, PolicyKeeper, type PolicySource, type PolicyUser } from "./policy-keeper.ts";
import { drain, untilSignal } from "./running.ts";
import { readToken, SERVICE_OPTIONS, serviceAddressOf } from "./service-address.ts";
import { VerdictLines } from "./verdict-lines.ts";

const GRACE_SECONDS = 10;
const GRACE_SECONDS_MAX = 3600;

/** The flags. */
export const SERVING_OPTIONS: Readonly<Record<"grace" | "quiet", Option>> = {
  grace: {
    type: "string",
    value: "<seconds>",
    about: `how long requests may take after SIGTERM; ${GRACE_SECONDS} if not given`,
  },
  quiet: { type: "boolean", short: "q", about: "print no line for each attack" },
};

/** The flags that say where the policy comes from. */
export const SOURCE_OPTIONS: Readonly<Record<string, Option>> = {
  policy: { type: "string", value: "<file>", about: "policy file; a new content counts as soon as it is there" },
  ...SERVICE_OPTIONS,
  "enrol-file": {
    type: "string",
    value: "<file>",
    about: "token of merlon node add, with which the node enrols once; with --identity",
  },
  enrol: { type: "string", value: "<token>", about: "the same in the command line, where others may see it" },
  "policy-cache": {
    type: "string",
    value: "<folder>",
    about: "keeps the service's last good policy, for a start while it is away",
  },
  candidate: { type: "string", value: "<file>", about: "policy file that is only shown: prints what it would change" },
  geo: {
    type: "string",
    multiple: true,
    value: "<file>",
    about: "database (.mmdb) of countries or systems, for lists and records; may be given again",
  },
};

/** What the flags say. */
export interface Serving {
  readonly source: PolicySource;
  readonly graceMs: number;
  readonly quiet: boolean;
}

/**
 * @param kind of host, as the policy service shows it
 * @throws MerlonError MERLON_USAGE
 */
export function servingOf(input: Input, kind: string): Serving {
  const graceMs = input.integer("grace", 0, GRACE_SECONDS_MAX, GRACE_SECONDS) * 1000;
  const path = input.text("policy");
  const address = serviceAddressOf(input);
  const cacheFolder = input.text("policy-cache");
  if (path !== undefined && address !== undefined) {
    throw usage("--policy and --policy-url are given", "a policy has one source", "keep one of them");
  }
  if (cacheFolder !== undefined && address === undefined) {
    throw usage("--policy-cache has no --policy-url", "it keeps what a policy service sends", "write that too");
  }
  const enrolment = enrolmentOf(input);
  const instance = `${hostname()}-${process.pid}`
    .replace(/[^A-Za-z0-9._-]/g, "-")
    .slice(-60)
    .replace(/^[._-]+/, "");
  const source = {
    path,
    mode: input.choice("mode", MODES),
    ...(address === undefined ? {} : { service: { ...address, enrolment, kind, instance, cacheFolder } }),
    candidate: input.text("candidate"),
    databases: input.texts("geo"),
  };
  return { source, graceMs, quiet: input.flag("quiet") };
}

/** @returns how the node enrols and where it keeps what it is known by; undefined where it does not */
function enrolmentOf(input: Input): NonNullable<PolicySource["service"]>["enrolment"] {
  const folder = input.text("identity");
  const file = input.text("enrol-file");
  const written = input.text("enrol");
  const given = file === undefined ? written : file;
  if (folder === undefined && given !== undefined) {
    const flag = file === undefined ? "--enrol" : "--enrol-file";
    throw usage(`${flag} has no --identity`, "the key and the certificate are kept there", "write --identity <folder>");
  }
  if (file !== undefined && written !== undefined) {
    throw usage("--enrol and --enrol-file are given", "a node enrols with one token", "keep one of them");
  }
  if (folder === undefined) return undefined;
  const token = file === undefined ? (): string => written ?? "" : (): string => readToken(file);
  return given === undefined ? { folder } : { folder, token };
}

/** @returns where a policy comes from, as records name it */
export function policyRefOf({ path, service }: PolicySource): string {
  return path ?? service?.url ?? "built-in";
}

/** @returns certificate and key of the flags, undefined without both; @throws MerlonError MERLON_USAGE for one alone */
export function certificateOf(input: Input, others: boolean): { certFile: string; keyFile: string } | undefined {
  const certFile = input.text("tls-cert");
  const keyFile = input.text("tls-key");
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  if (certFile === undefined && keyFile === undefined && !others) return undefined;
  throw usage("TLS is set in part", "it needs a certificate and its key", "write --tls-cert <file> --tls-key <file>");
}

/** The core with its policy, and where verdicts are told. */
export interface OpenedCore {
  readonly engine: Engine;
  readonly keeper: PolicyKeeper;
  readonly lines: VerdictLines;
  /** Takes what inspections tell. */
  readonly onVerdict: (event: VerdictEvent) => void;
}

/**
 * Loads the core and the policy that it follows.
 * @param user hears of each later policy once the core has it
 * @throws MerlonError of the engine and the policy
 */
export async function openCore(
  { source, quiet }: Serving,
  io: Io,
  say: (line: string) => void,
  user: PolicyUser = {},
): Promise<OpenedCore> {
  const opened: { keeper?: PolicyKeeper } = {};
  const engine = Engine.load({
    failure: () => opened.keeper?.host.failure ?? policyDefaults.failure,
    onTrap: () => say("the core failed on a request and was started anew; please report it"),
  });
  const print = (line: string): void => void io.stdout.write(`${line}\n`);
  // What clients wrote is in the line.
  const differs = (change: Change): void => changes.print(() => showWord(`would change  ${changeLine(change)}`));
  const keeper = await PolicyKeeper.open(
    engine,
    source,
    say,
    source.candidate === undefined ? user : { ...user, differs },
  );
  opened.keeper = keeper;
  const lines = new VerdictLines(print);
  const changes = new VerdictLines(print);
  const onVerdict = (event: VerdictEvent): void => {
    if (!quiet) lines.add(event);
    keeper.observe(event);
  };
  return { engine, keeper, lines, onVerdict };
}

/** A server as `serveUntilSignal` sees it. */
export interface Served {
  readonly close: (graceMs: number) => Promise<void>;
  /** Requests in progress. */
  readonly active: () => number;
  /** Compares the core's memory with what was loaded. */
  readonly verify: () => void;
  /** Says where it listens; called when signals are already awaited. */
  readonly greet: () => void;
}

/** Serves until a signal, and ends in two steps. */
export async function serveUntilSignal(
  { keeper, lines }: OpenedCore,
  { close, active, verify, greet }: Served,
  graceMs: number,
  say: (line: string) => void,
): Promise<void> {
  // Whoever reads where the server listens may end it in the same moment.
  const ended = untilSignal(verify, keeper);
  greet();
  await ended;
  await keeper.close();
  await drain(() => {
    if (active() > 0) say("finishing the requests in progress …");
    return close(graceMs);
  });
  lines.flush();
  const comparison = keeper.comparison;
  if (comparison === undefined || comparison === null) return;
  const { requests, wouldBlock, wouldPass } = comparison;
  say(`candidate: ${count(requests)} requests, ${count(wouldBlock)} would be blocked, ${count(wouldPass)} would pass`);
}
