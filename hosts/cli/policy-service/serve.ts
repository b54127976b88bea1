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
import { AuditFile } from "../../policy/service/audit-file.ts";
import { Authority } from "../../policy/service/authority.ts";
import { type CanaryChoice, parseCanaries } from "../../policy/service/canary.ts";
import { CERTIFICATE_MS, Enrolment } from "../../policy/service/enrolment.ts";
import { NodeIdentities } from "../../policy/service/node-identities.ts";
import { NodeTokens } from "../../policy/service/node-tokens.ts";
import { PolicyService } from "../../policy/service/policy-service.ts";
import { type ServerOptions, type ServiceServer, serve } from "../../policy/service/server.ts";
import type { StageLimits } from "../../policy/service/staging.ts";
import { type Input, type Io, type Option, usage } from "../command.ts";
import { parseListen, urlOf } from "../protection/listen-address.ts";
import { changeLine } from "../protection/policy-keeper.ts";
import { untilSignal } from "../protection/running.ts";
import { certificateOf } from "../protection/serving.ts";
import { count, showWord } from "../text.ts";
import { durationOf } from "./duration.ts";
import { LIVE_MS_MAX } from "./live-diff.ts";
import { rolloutLine } from "./rollout-line.ts";

const LISTEN = "127.0.0.1:9443";
/** Two looks in a row must find the same content, and hosts have what remains of two seconds. */
const LOOK_MS = 200;
const STAGE_PERCENT = 1;
const IDENTITY_MS_MAX = 90 * 86_400_000;
const STAGE_MS = 30_000;
/** A version that was held back is shown again after these times: what spoke against it may be over. */
const AGAIN_MS = [60_000, 300_000, 1_800_000];
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
  "tls-name": {
    type: "string",
    multiple: true,
    value: "<name>",
    about: "serve: name or address of the service, in a certificate of its own; may be given again",
  },
  "ca-cert": { type: "string", value: "<file>", about: "serve: authority (PEM) for nodes, instead of one of its own" },
  "ca-key": { type: "string", value: "<file>", about: "serve: key of that authority (PEM)" },
  "identity-ttl": {
    type: "string",
    value: "<time>",
    about: "serve: how long a node's certificate lasts; 24h if not given",
  },
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
    about: "serve, stage: show a new version beside the old one for so long, as 30s",
  },
  "stage-limit": {
    type: "string",
    value: "<percent>",
    about: `serve, stage: hold it back if it blocks more of what passes without it; ${STAGE_PERCENT} if not given`,
  },
  canary: {
    type: "string",
    value: "<hosts>",
    about: "serve, stage: let these have it first, as 1, 10% or shop-1, and take it back by itself",
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
  const audit = new AuditFile(folder, say);
  const service = await PolicyService.open({
    ...{ folder, engine },
    onRollout: (state) => {
      say(rolloutLine(state));
      const { stage: outcome, hash: object, why, by: who } = state;
      void audit.add({ who, action: "rollout", object, outcome, why });
    },
  });
  const tokens = new NodeTokens(folder);
  tokens.list();
  const enrolment = await openEnrolment(input, folder, options);
  const limits = stageLimitsOf(input);
  const publisher = new FilePublisher(
    service,
    limits,
    (next) => {
      const { version, hash } = service.published;
      const now = Math.floor(Date.now() / 1000);
      for (const line of [...namesNobodyKnows(next, engine.signatures), ...expiredObjects(next, now)]) say(line);
      say(`version ${version} is published, ${hash.slice(0, 12)}, mode ${next.mode}`);
      void audit.add({ who: "file", action: "publish", object: hash, outcome: `version ${version}`, why: "" });
    },
    say,
  );
  const publish = async (next: Policy, written: string): Promise<void> => await publisher.publish(next, written);
  const refuse = (error: unknown): void => {
    service.refuse(messageOf(error));
    say(`${messageOf(error)} (the version before stays published)`);
  };
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
  const server = await serve(service, tokens, { ...options, enrolment, audit }).catch((error: unknown) => {
    watch.close();
    throw error;
  });
  // Whoever reads where the server listens may end it in the same moment.
  const ended = untilSignal(() => engine.verify(), watch);
  greet(io, server, { ...options, enrolment }, folder, tokens);
  await ended;
  watch.close();
  publisher.close();
  await server.close();
  return 0;
}

function optionsOf(input: Input, io: Io): ServerOptions {
  const listen = parseListen(input.text("listen") ?? LISTEN);
  const clientCaFile = input.text("tls-client-ca");
  const ownNames = ownNamesOf(input);
  const files = certificateOf(input, clientCaFile !== undefined);
  if (files === undefined && ownNames.length === 0 && !isLoopback(listen.host)) {
    const why = "tokens and policies would cross the network in plain text";
    const fix = "write --tls-name policy.example for one of its own, or write --tls-cert and --tls-key";
    throw usage(`--listen ${listen.host} has no certificate`, why, fix);
  }
  const onNotice: ServerOptions["onNotice"] = ({ event, detail }) => {
    io.stderr.write(`merlon: ${event.replaceAll("_", " ")}: ${showWord(detail)}\n`);
  };
  return {
    listen,
    ...(files === undefined ? {} : { tls: { ...files, clientCaFile } }),
    ownNames,
    isOpen: input.flag("open"),
    operators: operatorsOf(input, clientCaFile),
    onNotice,
  };
}

/** @returns names for the service's own certificate; none where it has another */
function ownNamesOf(input: Input): readonly string[] {
  const names = input.texts("tls-name");
  for (const name of names) {
    const isName = name.length <= 253 && /^(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*$/.test(name);
    if (isIP(name) !== 0 || isName) continue;
    throw usage(`--tls-name is "${showWord(name)}"`, "it takes a host name or an address, without port", "write one");
  }
  if (names.length > 0 && input.flag("tls-cert")) {
    throw usage("--tls-name and --tls-cert are given", "the service has one certificate", "keep one of them");
  }
  return names;
}

/** The authority that nodes enrol with; undefined without TLS, by which they would be known. */
async function openEnrolment(input: Input, folder: string, options: ServerOptions): Promise<Enrolment | undefined> {
  const certFile = input.text("ca-cert");
  const keyFile = input.text("ca-key");
  const written = input.text("identity-ttl");
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw usage("the authority is given in part", "it signs with its key", "write --ca-cert <file> --ca-key <file>");
  }
  if (options.tls === undefined && options.ownNames?.length === 0) {
    const given = ["ca-cert", "identity-ttl"].find((flag) => input.flag(flag));
    if (given === undefined) return undefined;
    throw usage(
      `--${given} has no TLS`,
      "nodes show certificates by it",
      "write --tls-name, or --tls-cert and --tls-key",
    );
  }
  const given = certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
  const authority = await Authority.open(folder, given);
  const lifetimeMs = written === undefined ? CERTIFICATE_MS : durationOf(written, "identity-ttl", IDENTITY_MS_MAX);
  const identities = new NodeIdentities(folder);
  identities.list();
  return new Enrolment(authority, identities, lifetimeMs);
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

/**
 * @returns how new versions are tried first; undefined where they are not
 * @throws MerlonError MERLON_USAGE
 */
export function stageLimitsOf(input: Input): StageLimits | undefined {
  const written = input.text("stage");
  const canary = canariesOf(input);
  const percent = input.integer("stage-limit", 0, 100, STAGE_PERCENT);
  if (written !== undefined || canary !== undefined) {
    const stageMs = written === undefined ? STAGE_MS : durationOf(written, "stage", LIVE_MS_MAX);
    return { stageMs, shareMax: percent / 100, canary };
  }
  if (!input.flag("stage-limit")) return undefined;
  throw usage(
    "--stage-limit has no --stage",
    "it limits what a version may stop while it is shown",
    "write --stage 30s",
  );
}

function canariesOf(input: Input): CanaryChoice | undefined {
  const written = input.text("canary");
  if (written === undefined) return undefined;
  const choice = parseCanaries(written);
  if (typeof choice !== "string") return choice;
  throw usage(`--canary is "${showWord(written)}"`, choice, "write 1, 10% or the name of a node");
}

/** Publishes what the file has; what is held back is shown again later, since what spoke against it may be over. */
class FilePublisher {
  readonly #service: PolicyService;
  readonly #limits: StageLimits | undefined;
  readonly #published: (policy: Policy) => void;
  readonly #say: (line: string) => void;
  readonly #failed: (error: unknown) => void;
  #again: NodeJS.Timeout | undefined;

  constructor(
    service: PolicyService,
    limits: StageLimits | undefined,
    published: (policy: Policy) => void,
    say: (line: string) => void,
  ) {
    this.#service = service;
    this.#limits = limits;
    this.#published = published;
    this.#say = say;
    this.#failed = (error) => say(`${messageOf(error)} (the version before stays published)`);
  }

  /** @throws MerlonError where the policy is of no use */
  async publish(next: Policy, written: string, tries = 0): Promise<void> {
    clearTimeout(this.#again);
    if (this.#limits === undefined) {
      await this.#service.publish(next, written);
      this.#published(next);
      return;
    }
    const staged = await this.#service.stage(next, this.#limits, written);
    const { outcome, requests, wouldBlock, wouldPass, changes } = staged;
    if (outcome === "superseded") return;
    if (outcome === "published") {
      const seen = `${count(requests)} requests, ${count(wouldBlock)} would be blocked, ${count(wouldPass)} would pass`;
      if (requests > 0) this.#say(`compared with the version before: ${seen}`);
      this.#published(next);
      return;
    }
    for (const change of changes) this.#say(showWord(changeLine(change)));
    const isOwn = this.#service.status.rollout?.by === "service";
    const wait = outcome === "held" && isOwn ? AGAIN_MS[tries] : undefined;
    if (wait === undefined) return;
    this.#say(`it is shown again in ${wait / 60_000} minutes, unless the file has another content then`);
    this.#again = setTimeout(() => void this.publish(next, written, tries + 1).catch(this.#failed), wait);
  }

  close(): void {
    clearTimeout(this.#again);
  }
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
  { tls, ownNames = [], isOpen, enrolment }: ServerOptions,
  folder: string,
  tokens: NodeTokens,
): void {
  const scheme = tls === undefined && ownNames.length === 0 ? "http" : "https";
  const known = tokens.list().length;
  const certificates = tls?.clientCaFile === undefined ? "" : `, certificates of ${tls.clientCaFile}`;
  const enrolled = (enrolment?.list() ?? []).filter(({ state }) => state === "enrolled").length;
  const own = enrolment === undefined ? "" : `, ${count(enrolled)} enrolled`;
  const nodes = isOpen ? "anyone who can connect" : `${count(known)} with tokens${own}${certificates}`;
  io.stdout.write(
    [
      `listening  ${urlOf(scheme, { host: server.address, port: server.port })}\n`,
      `nodes      ${showWord(nodes)}\n`,
      `state      ${showWord(folder)}\n`,
      known + enrolled === 0 && !isOpen && certificates === "" ? "next       merlon node add <name>\n" : "",
    ].join(""),
  );
}
