/**
 * `merlon policy serve`: publishes a policy file to all hosts that follow, each new content of it as soon as it is
 * there, together with what commands have added.
 */
import { isIP } from "node:net";
import { Engine } from "../../core/engine.ts";
import { MerlonError } from "../../core/error.ts";
import { expiredObjects, namesNobodyKnows } from "../../policy/lint.ts";
import { readPolicyFile, watchPolicyFile } from "../../policy/policy-file.ts";
import type { Policy } from "../../policy/schema.ts";
import { NodeTokens } from "../../policy/service/node-tokens.ts";
import { PolicyService } from "../../policy/service/policy-service.ts";
import { type ServerOptions, type ServiceServer, serve } from "../../policy/service/server.ts";
import type { Staged, StageLimits } from "../../policy/service/staging.ts";
import { type Input, type Io, type Option, usage } from "../command.ts";
import { parseListen, urlOf } from "../protection/listen-address.ts";
import { changeLine } from "../protection/policy-keeper.ts";
import { untilSignal } from "../protection/running.ts";
import { certificateOf } from "../protection/serving.ts";
import { count, showWord } from "../text.ts";
import { durationOf } from "./duration.ts";
import { LIVE_MS_MAX } from "./live-diff.ts";

const LISTEN = "127.0.0.1:9443";
/** Two looks in a row must find the same content, and hosts have what remains of two seconds. */
const LOOK_MS = 200;
const STAGE_PERCENT = 1;
/** Where tokens and added objects are kept. */
export const STATE_FOLDER = ".merlon";

/** The flag of all commands that touch a service's folder. */
export const STATE_OPTION: Option = {
  type: "string",
  value: "<folder>",
  about: `where a service keeps tokens and added objects; ${STATE_FOLDER} if not given`,
};

/** Flags of `serve`. */
export const SERVE_OPTIONS: Readonly<Record<string, Option>> = {
  policy: { type: "string", value: "<file>", about: "serve: policy file; a new content is published at once" },
  listen: { type: "string", value: "<host:port>", about: `serve: where to listen; ${LISTEN} if not given` },
  state: STATE_OPTION,
  "tls-cert": { type: "string", value: "<file>", about: "serve: certificate chain (PEM)" },
  "tls-key": { type: "string", value: "<file>", about: "serve: key of the certificate (PEM)" },
  "tls-client-ca": {
    type: "string",
    value: "<file>",
    about: "serve: authorities (PEM); nodes may show a certificate of theirs instead of a token",
  },
  "operator-cert": {
    type: "string",
    multiple: true,
    value: "<name>",
    about: "serve: common name of a client certificate that may change objects; may be given again",
  },
  stage: {
    type: "string",
    value: "<time>",
    about: "serve: show a new version beside the old one for so long, as 30s, before it counts",
  },
  "stage-limit": {
    type: "string",
    value: "<percent>",
    about: `serve: hold it back if it would block more of what passes; ${STAGE_PERCENT} if not given`,
  },
  open: { type: "boolean", about: "serve: whoever can connect may read the policy, without a token" },
};

/** Serves until a signal. @throws MerlonError of the file, the folder and the address */
export async function servePolicy(input: Input, io: Io): Promise<number> {
  const path = input.text("policy");
  if (path === undefined) throw usage("--policy is missing", "it is what is served", "write --policy merlon.yaml");
  const options = optionsOf(input, io);
  const folder = input.text("state") ?? STATE_FOLDER;
  const say = (line: string): void => void io.stderr.write(`merlon: ${line}\n`);
  const engine = Engine.load();
  const service = await PolicyService.open({ folder, engine });
  const tokens = new NodeTokens(folder);
  tokens.list();
  const limits = limitsOf(input);
  const publish = async (next: Policy, written: string): Promise<void> => {
    if (limits !== undefined && !sayStaged(await service.stage(next, limits, written), limits, say)) return;
    const { version, hash } = limits === undefined ? await service.publish(next, written) : service.published;
    const now = Math.floor(Date.now() / 1000);
    for (const line of [...namesNobodyKnows(next, engine.signatures), ...expiredObjects(next, now)]) say(line);
    say(`version ${version} is published, ${hash.slice(0, 12)}, mode ${next.mode}`);
  };
  const refuse = (error: unknown): void => say(`${messageOf(error)} (the version before stays published)`);
  const text = await readPolicyFile(path).then(
    async (file) => {
      // With --stage this takes its time, and hosts are served meanwhile where there is a version of before.
      const publishing = publish(file.policy, file.text);
      if (service.pointer === undefined) await publishing;
      else void publishing.catch(refuse);
      return file.text;
    },
    (error: unknown) => {
      if (service.pointer === undefined) throw error;
      refuse(error);
      return "";
    },
  );
  const watch = watchPolicyFile(
    path,
    text,
    { changed: (next, written) => void publish(next, written).catch(refuse), refused: refuse },
    LOOK_MS,
  );
  const server = await serve(service, tokens, options).catch((error: unknown) => {
    watch.close();
    throw error;
  });
  // Whoever reads where the server listens may end it in the same moment.
  const ended = untilSignal(() => engine.verify(), watch);
  greet(io, server, options, folder, tokens);
  await ended;
  watch.close();
  await server.close();
  return 0;
}

function optionsOf(input: Input, io: Io): ServerOptions {
  const listen = parseListen(input.text("listen") ?? LISTEN);
  const clientCaFile = input.text("tls-client-ca");
  const files = certificateOf(input, clientCaFile !== undefined);
  if (files === undefined && !isLoopback(listen.host)) {
    const why = "tokens and policies would cross the network in plain text";
    throw usage(`--listen ${listen.host} has no certificate`, why, "write --tls-cert and --tls-key");
  }
  const onNotice: ServerOptions["onNotice"] = ({ event, detail }) => {
    io.stderr.write(`merlon: ${event.replaceAll("_", " ")}: ${showWord(detail)}\n`);
  };
  return {
    listen,
    ...(files === undefined ? {} : { tls: { ...files, clientCaFile } }),
    isOpen: input.flag("open"),
    operators: operatorsOf(input, clientCaFile),
    onNotice,
  };
}

function operatorsOf(input: Input, clientCaFile: string | undefined): ReadonlySet<string> {
  const operators = new Set(input.texts("operator-cert"));
  if (operators.size === 0 || clientCaFile !== undefined) return operators;
  throw usage(
    "--operator-cert has no --tls-client-ca",
    "it names certificates that are checked by it",
    "write both, or make a token with merlon node add --operator",
  );
}

/** @returns how new versions are tried first; undefined where they are not */
function limitsOf(input: Input): StageLimits | undefined {
  const written = input.text("stage");
  const percent = input.integer("stage-limit", 0, 100, STAGE_PERCENT);
  if (written !== undefined) return { stageMs: durationOf(written, "stage", LIVE_MS_MAX), shareMax: percent / 100 };
  if (!input.flag("stage-limit")) return undefined;
  throw usage(
    "--stage-limit has no --stage",
    "it limits what a version may stop while it is shown",
    "write --stage 30s",
  );
}

/** Says what came of a version that was shown. @returns whether it is published */
function sayStaged(staged: Staged, { shareMax }: StageLimits, say: (line: string) => void): boolean {
  const { outcome, requests, wouldBlock, wouldPass, changes } = staged;
  if (outcome === "superseded") return false;
  const seen = `${count(requests)} requests, ${count(wouldBlock)} would be blocked, ${count(wouldPass)} would pass`;
  if (outcome === "published") {
    if (requests > 0) say(`shown beside the version before: ${seen}`);
    return true;
  }
  say(`held back: ${seen}, more than ${shareMax * 100} % (the version before stays published)`);
  for (const change of changes) say(showWord(changeLine(change)));
  return false;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function messageOf(error: unknown): string {
  return error instanceof MerlonError ? error.message : "the policy cannot be published";
}

function greet(
  io: Io,
  server: ServiceServer,
  { tls, isOpen }: ServerOptions,
  folder: string,
  tokens: NodeTokens,
): void {
  const scheme = tls === undefined ? "http" : "https";
  const known = tokens.list().length;
  const certificates = tls?.clientCaFile === undefined ? "" : `, certificates of ${tls.clientCaFile}`;
  const nodes = isOpen ? "anyone who can connect" : `${count(known)} with tokens${certificates}`;
  io.stdout.write(
    [
      `listening  ${urlOf(scheme, { host: server.address, port: server.port })}\n`,
      `nodes      ${showWord(nodes)}\n`,
      `state      ${showWord(folder)}\n`,
      known === 0 && !isOpen && certificates === "" ? "next       merlon node add <name>\n" : "",
    ].join(""),
  );
}
