/** What commands that serve until a signal have in common: their flags, the core with its policy, and their end. */
import { Engine } from "../../core/engine.ts";
import { MODES } from "../../core/verdict.ts";
import { type Policy, policyDefaults } from "../../policy/schema.ts";
import { type Input, type Io, type Option, usage } from "../command.ts";
import { PolicyKeeper, type PolicySource } from "./policy-keeper.ts";
import { drain, untilSignal } from "./running.ts";
import { VerdictLines } from "./verdict-lines.ts";

const GRACE_SECONDS = 10;
const GRACE_SECONDS_MAX = 3600;

/** The flags. */
export const SERVING_OPTIONS: Readonly<Record<"policy" | "grace" | "quiet", Option>> = {
  policy: { type: "string", value: "<file>", about: "policy file; a new content counts as soon as it is there" },
  grace: {
    type: "string",
    value: "<seconds>",
    about: `how long requests may take after SIGTERM; ${GRACE_SECONDS} if not given`,
  },
  quiet: { type: "boolean", short: "q", about: "print no line for each attack" },
};

/** What the flags say. */
export interface Serving {
  readonly source: PolicySource;
  readonly graceMs: number;
  readonly quiet: boolean;
}

/** @throws MerlonError MERLON_USAGE */
export function servingOf(input: Input): Serving {
  const graceMs = input.integer("grace", 0, GRACE_SECONDS_MAX, GRACE_SECONDS) * 1000;
  const source = { path: input.text("policy"), mode: input.choice("mode", MODES) };
  return { source, graceMs, quiet: input.flag("quiet") };
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
}

/**
 * Loads the core and the policy that it follows.
 * @param used called with each later policy once the core has it
 * @throws MerlonError of the engine and the policy
 */
export async function openCore(
  source: PolicySource,
  io: Io,
  say: (line: string) => void,
  used?: (policy: Policy) => void,
): Promise<OpenedCore> {
  const opened: { keeper?: PolicyKeeper } = {};
  const engine = Engine.load({
    failure: () => opened.keeper?.host.failure ?? policyDefaults.failure,
    onTrap: () => say("the core failed on a request and was started anew; please report it"),
  });
  const keeper = await PolicyKeeper.open(engine, source, say, used);
  opened.keeper = keeper;
  return { engine, keeper, lines: new VerdictLines((line) => void io.stdout.write(`${line}\n`)) };
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
  keeper.close();
  await drain(() => {
    if (active() > 0) say("finishing the requests in progress …");
    return close(graceMs);
  });
  lines.flush();
}
