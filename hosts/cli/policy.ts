/**
 * `merlon policy`: what a policy file means before anything obeys it: whether it is right, what counts for one request,
 * what differs from another policy, and which requests would be answered differently.
 */
import { Engine } from "../core/engine.ts";
import { type Match, MODES } from "../core/verdict.ts";
import { applicationsOf } from "../policy/application.ts";
import { changesBetween } from "../policy/difference.ts";
import { ServiceClient } from "../policy/follow/service-client.ts";
import { compilePolicy } from "../policy/image.ts";
import { policyJsonSchema } from "../policy/json-schema.ts";
import { expiredObjects, idleRules, idleThresholds, namesNobodyKnows, unaskedOf } from "../policy/lint.ts";
import { readPolicyFile } from "../policy/policy-file.ts";
import { bytesText } from "../policy/quantity.ts";
import { rulesOf } from "../policy/rule/pack.ts";
import { isReport, stampOf } from "../policy/rule/rule.ts";
import { hostPolicyOf, type Policy } from "../policy/schema.ts";
import { checksOf } from "../policy/specification/checks.ts";
import { countedThresholds } from "../policy/threshold/description.ts";
import { API_OPTIONS } from "./attacks/api-access.ts";
import { withApi } from "./attacks.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { readLabelledFile } from "./evaluation/labelled-file.ts";
import { requestOfCurl } from "./explanation/curl.ts";
import { durationOf } from "./policy-service/duration.ts";
import { diffLive, LIVE_MS_MAX } from "./policy-service/live-diff.ts";
import { printReadiness, READY_OPTIONS } from "./policy-service/ready.ts";
import { SERVE_OPTIONS, servePolicy, stageLimitsOf } from "./policy-service/serve.ts";
import { decide, stage } from "./policy-service/stage.ts";
import { printStatus, readStatus } from "./policy-service/status.ts";
import { serviceTarget } from "./policy-service/target.ts";
import { SERVICE_OPTIONS, serviceAddressOf } from "./protection/service-address.ts";
import { count, showBytes, showWord } from "./text.ts";

const ACTIONS = [
  ...(["lint", "explain", "diff", "simulate", "serve", "stage", "promote", "withdraw"] as const),
  ...(["status", "mode", "ready", "schema"] as const),
] as const;
type ServiceAction = "serve" | "status" | "diff" | "promote" | "withdraw";
const SHOWN_DEFAULT = 20;
const SHOWN_MAX = 10_000;
const TARGET_CHARS_MAX = 120;
const RULES_SHOWN_MAX = 20;

/** The command. */
export const policyCommand: Command = {
  name: "policy",
  summary: "check a policy file, show what it means and changes, and serve it to nodes",
  usage: "<lint|explain|diff|simulate|serve|stage|promote|withdraw|status|mode|ready|schema> [<file>…] [flags]",
  least: 1,
  most: 64,
  options: {
    curl: { type: "string", value: "<command>", about: "explain: the request that is asked about; nothing is sent" },
    against: { type: "string", value: "<file>", about: "simulate: the policy of today; the built-in one if not given" },
    show: { type: "string", value: "<number>", about: `simulate: requests listed; ${SHOWN_DEFAULT} if not given` },
    live: { type: "string", value: "<time>", about: "diff: compare --candidate on live traffic for so long, as 10m" },
    candidate: { type: "string", value: "<file>", about: "diff: the policy that is only shown" },
    reason: { type: "string", value: "<text>", about: "mode: why, for whoever finds it later" },
    ...SERVE_OPTIONS,
    ...SERVICE_OPTIONS,
    ...READY_OPTIONS,
    ...API_OPTIONS,
  },
  details: [
    "lint      says what is wrong with a file, and which names and dates in it have no effect; exit code 1 if any.",
    "explain   shows what counts for the request of --curl: mode, application, limits, page, rules, thresholds.",
    "diff      compares two files, object by object; with --live it shows a candidate on all nodes of a policy service",
    "          and prints the requests that it would answer differently. Nothing is decided by it.",
    "simulate  shows the requests of labelled files (see merlon help evaluate) to both policies, and lists those that",
    "          would be answered differently.",
    "serve     publishes a file to all nodes that follow, at once when it changes; see docs/policy-service.md.",
    "stage     tries a file on a few nodes of a policy service, --canary, before all get it; see there.",
    "promote   ends the trial of a version and gives it to all, also one that was held or rolled back.",
    "withdraw  ends it and takes the version back.",
    "status    says which nodes have the policy that counts, and what became of the version that was tried last.",
    "mode      gives all nodes of a service a mode, whatever its file says; default takes that back.",
    "ready     says whether what is only watched is ready to be blocked for, and what to look at first; it asks the",
    "          console (--api, --token-file) or a data folder (--data); exit code 0 if it is ready.",
    "schema    prints the JSON Schema of a policy file's documents, for editors.",
  ].join("\n"),
  examples: [
    "merlon policy lint merlon.yaml",
    "merlon policy explain merlon.yaml --curl 'curl https://shop.example/checkout'",
    "merlon policy diff merlon.yaml new.yaml",
    "merlon policy simulate new.yaml traffic.jsonl.gz --against merlon.yaml",
    "merlon policy ready --data /var/lib/merlon --host shop.example",
    "merlon policy serve --policy merlon.yaml --listen 0.0.0.0:9443 --tls-cert tls.crt --tls-key tls.key",
    "merlon policy stage new.yaml --canary 10% --policy-url https://policy.example:9443 --node-token-file op.token",
    "merlon policy mode monitoring --reason INC-123 --policy-url https://policy.example:9443 --node-token-file op.token",
    "merlon policy diff --live 10m --candidate new.yaml --policy-url https://policy.example:9443 --node-token-file op.token",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [written = "", ...files] = input.positionals;
  const action = ACTIONS.find((known) => known === written);
  if (action === "schema") {
    io.stdout.write(`${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
    return 0;
  }
  if (isOfService(action) || (action === "diff" && input.flag("live"))) {
    const [extra] = files;
    if (extra === undefined) return await ofService(action, input, io);
    throw usage(
      `"${showWord(extra)}" is one argument too many`,
      `"merlon policy ${action}" takes flags here`,
      "drop it",
    );
  }
  if (action === "ready") {
    const [extra] = files;
    if (extra === undefined) return await withApi(input, (console) => printReadiness(console, input, io));
    throw usage(`"${showWord(extra)}" is one argument too many`, '"merlon policy ready" takes flags', "drop it");
  }
  if (action === "mode") return await setMode(only(files, "mode"), input, io);
  if (action !== undefined && files.length === 0) {
    throw usage("a policy file is missing", `"merlon policy ${action}" reads one`, "write its path");
  }
  switch (action) {
    case "lint":
      return await lint(files, io);
    case "explain":
      return await explain(only(files, "explain"), input, io);
    case "diff":
      return await diff(files, io);
    case "simulate":
      return await simulate(files, input, io);
    case "stage": {
      const file = only(files, "stage");
      const client = clientOf("stage", input);
      const staging = { limits: stageLimitsOf(input), canary: input.text("canary") };
      return await stage(client, file, staging, io).finally(() => client.close());
    }
    default:
      throw usage(`"${showWord(written)}" is nothing that policy does`, `it takes ${ACTIONS.join(", ")}`, "write one");
  }
}

function isOfService(action: string | undefined): action is Exclude<ServiceAction, "diff"> {
  return action === "serve" || action === "status" || action === "promote" || action === "withdraw";
}

function clientOf(action: string, input: Input): ServiceClient {
  const address = serviceAddressOf(input);
  if (address !== undefined) return new ServiceClient(address);
  throw usage("--policy-url is missing", `"merlon policy ${action}" asks a policy service`, "write its address");
}

/** What needs a service, or is one. */
async function ofService(action: ServiceAction, input: Input, io: Io): Promise<number> {
  if (action === "serve") return await servePolicy(input, io);
  const client = clientOf(action, input);
  try {
    if (action === "promote" || action === "withdraw") return await decide(client, action, io);
    if (action === "status") {
      const status = await readStatus(client);
      if (input.flag("json")) io.stdout.write(`${JSON.stringify(status, null, 2)}\n`);
      else printStatus(status, io);
      return status.active === status.total ? 0 : 1;
    }
    const candidate = input.text("candidate");
    if (candidate === undefined) throw usage("--candidate is missing", "it is what is compared", "write its path");
    return await diffLive(client, candidate, durationOf(input.text("live") ?? "", "live", LIVE_MS_MAX), io);
  } finally {
    await client.close();
  }
}

/** Waits until all nodes have it, as every command that changes something. */
async function setMode(written: string, input: Input, io: Io): Promise<number> {
  const mode = MODES.find((known) => known === written);
  if (mode === undefined && written !== "default") {
    const takes = `it takes ${MODES.join(", ")}, or default`;
    throw usage(
      written === "" ? "the mode is missing" : `"${showWord(written)}" is no mode`,
      takes,
      "write one of them",
    );
  }
  const address = serviceAddressOf(input);
  if (address === undefined) {
    throw usage(
      "--policy-url is missing",
      "a policy service gives nodes a mode",
      "write its address, or edit the file",
    );
  }
  const target = serviceTarget(new ServiceClient(address));
  try {
    const edit = { op: "mode.set", mode: mode ?? null, reason: input.text("reason") ?? "" } as const;
    return (await target.edit(edit, io)) ? 0 : 1;
  } finally {
    await target.close();
  }
}

function only(files: readonly string[], action: string): string {
  const [file = "", second] = files;
  if (second === undefined) return file;
  throw usage(`"${showWord(second)}" is one argument too many`, `"merlon policy ${action}" takes one file`, "drop it");
}

async function lint(files: readonly string[], io: Io): Promise<number> {
  const { signatures } = Engine.load();
  let found = 0;
  for (const path of files) {
    const { policy } = await readPolicyFile(path);
    const image = compilePolicy(policy);
    const lines = [
      ...namesNobodyKnows(policy, signatures),
      ...idleRules(policy),
      ...idleThresholds(policy),
      ...expiredObjects(policy, nowSeconds()),
    ];
    for (const line of lines) io.stdout.write(`${showWord(path)}: ${line}\n`);
    // A document says more than can be asked of requests; that is no mistake of whoever wrote it.
    for (const line of unaskedOf(policy)) io.stdout.write(`${showWord(path)}: note: ${line}\n`);
    found += lines.length;
    const { scopes = [], exceptions = [] } = policy;
    const specs = policy.apiSpecs === undefined ? "" : `, ${count(policy.apiSpecs.length)} specifications`;
    const objects = `${count(scopes.length)} scopes, ${count(rulesOf(policy).length)} rules${specs}`;
    const size = `${objects}, ${count(exceptions.length)} exceptions, ${count(image.length)} bytes`;
    if (lines.length === 0) io.stdout.write(`${showWord(path)}: valid, mode ${policy.mode}, ${size}\n`);
  }
  return found === 0 ? 0 : 1;
}

async function explain(path: string, input: Input, io: Io): Promise<number> {
  const curl = input.text("curl");
  if (curl === undefined) {
    throw usage("--curl is missing", "one request is explained", "write --curl 'curl https://…'");
  }
  const { policy } = await readPolicyFile(path);
  const engine = Engine.load();
  engine.loadPolicy("active", compilePolicy(policy));
  const transaction = engine.begin("127.0.0.1", nowSeconds());
  transaction.raw(requestOfCurl(curl));
  transaction.end();
  const settings = transaction.settings();
  const counted = transaction.standing()?.counted ?? [0, 0];
  const { mode, action, matches } = transaction.verdict();
  transaction.free();
  if (settings === null) return 1;
  const host = hostPolicyOf(policy);
  const page = host.pages[settings.page];
  const checks = checksOf(policy.apiSpecs);
  const reported = new Set(checks.flatMap(({ isReport: isTold, stamp }) => (isTold ? [stamp] : [])));
  const specified = new Set(checks.map(({ stamp }) => stamp));
  const lines = [
    ["mode", mode],
    ["application", applicationsOf(policy).get(settings.application) ?? "none"],
    ["holdBytes", bytesText(settings.holdBytes)],
    [
      "failure",
      Object.entries({ ...host.failure, ...settings.failure })
        .map((pair) => pair.join(" "))
        .join(", "),
    ],
    ["block page", page?.redirect ?? String(page?.statusCode ?? 403)],
    ["rules", rulesText(policy)],
    ...countedThresholds(policy.thresholds ?? [], counted).map((text) => ["threshold", text]),
    ["verdict", action],
    ...matches.flatMap(({ stamp, point, counts, exception, reason }) => {
      const name = policy.exceptions?.[exception - 1]?.name;
      const rule = rulesOf(policy).find((one) => stampOf(one) === stamp);
      const isTold = rule === undefined ? reported.has(stamp) : isReport(rule);
      const only = isTold ? ", is only reported" : ", does not count";
      const why = counts ? "" : name === undefined ? only : `, let pass by exception ${showWord(name)}`;
      const patch = counts && rule?.kind === "vpatch" ? ", a virtual patch: blocks in every mode but off" : "";
      // A stamp says what a signature finds; of a specification's, which one it is that differs.
      const told = specified.has(stamp) ? [["reason", showWord(reason)]] : [];
      return [["finding", `${stamp} at ${point}${patch}${why}`], ...told];
    }),
  ];
  for (const [name = "", value = ""] of lines) io.stdout.write(`${name.padEnd(12)} ${value}\n`);
  return 0;
}

/** All of the policy's rules by their names; which of them fit, the findings say. */
function rulesText(policy: Policy): string {
  const rules = rulesOf(policy);
  const shown = rules.slice(0, RULES_SHOWN_MAX).map(({ name, kind }) => `${name} (${kind})`);
  const more = rules.length > shown.length ? [`and ${count(rules.length - shown.length)} more`] : [];
  return [...shown, ...more].join(", ") || "none";
}

async function diff(files: readonly string[], io: Io): Promise<number> {
  const [before, after, extra] = files;
  if (before === undefined || after === undefined || extra !== undefined) {
    throw usage("diff takes two files", "it compares one policy with another", "write the one of today first");
  }
  const changes = changesBetween((await readPolicyFile(before)).policy, (await readPolicyFile(after)).policy);
  for (const change of changes) io.stdout.write(`${showWord(change)}\n`);
  if (changes.length === 0) io.stdout.write("no difference\n");
  return 0;
}

async function simulate([path = "", ...requests]: readonly string[], input: Input, io: Io): Promise<number> {
  if (requests.length === 0) {
    throw usage("requests are missing", "a policy is simulated on requests", "write the files that hold them");
  }
  const shown = input.integer("show", 0, SHOWN_MAX, SHOWN_DEFAULT);
  const against = input.text("against");
  const engine = Engine.load();
  if (against !== undefined) engine.loadPolicy("active", compilePolicy((await readPolicyFile(against)).policy));
  const { policy }: { policy: Policy } = await readPolicyFile(path);
  engine.loadPolicy("shadow", compilePolicy(policy));
  const candidate = engine.sibling();
  candidate.loadPolicy("active", compilePolicy(policy));
  const counted = { requests: 0, blocked: 0, passed: 0 };
  const now = nowSeconds();
  for (const file of requests) {
    for await (const { id, raw } of readLabelledFile(file)) {
      const transaction = engine.begin("203.0.113.9", now);
      transaction.raw(raw);
      transaction.end();
      const { action, shadowAction, matches } = transaction.verdict();
      transaction.free();
      counted.requests++;
      if (shadowAction === null || shadowAction === action) continue;
      counted[shadowAction === "block" ? "blocked" : "passed"]++;
      if (counted.blocked + counted.passed > shown) continue;
      const line = raw.subarray(0, Math.max(0, raw.indexOf("\r\n")));
      // What is blocked anew, the candidate found; what passes, the policy of today.
      const found = shadowAction === "block" ? findingsOf(candidate, raw, now) : matches;
      const by = found.map(({ stamp, point }) => `${stamp}@${point}`).slice(0, 3);
      const change = shadowAction === "block" ? "would be blocked" : "would pass";
      io.stdout.write(`${change}  ${showWord(id)}  ${showBytes(line, TARGET_CHARS_MAX)}  ${by.join(" ")}\n`);
    }
  }
  const { requests: all, blocked, passed } = counted;
  io.stdout.write(`${count(all)} requests, ${count(blocked)} would be blocked, ${count(passed)} would pass\n`);
  return 0;
}

function findingsOf(engine: Engine, raw: Uint8Array, now: number): readonly Match[] {
  const transaction = engine.begin("203.0.113.9", now);
  transaction.raw(raw);
  transaction.end();
  const { matches } = transaction.verdict();
  transaction.free();
  return matches.filter(({ counts }) => counts);
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
