/**
 * `merlon node`: who may follow a policy service. A node gets a token that works once, and with it an identity of its
 * own; what cannot enrol gets a token that lasts. Tokens are shown once; the service keeps their hashes.
 */
import { tokenText } from "../policy/identity/enrolment-token.ts";
import { AuditFile } from "../policy/service/audit-file.ts";
import { Authority } from "../policy/service/authority.ts";
import { NodeIdentities, type NodeIdentityEntry } from "../policy/service/node-identities.ts";
import { checkName, NodeTokens } from "../policy/service/node-tokens.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { durationOf } from "./policy-service/duration.ts";
import { STATE_FOLDER, STATE_OPTION } from "./policy-service/serve.ts";
import { layOut, showWord } from "./text.ts";

const ACTIONS = ["add", "list", "revoke", "rm"] as const;
const TTL = "1h";
const TTL_MS_MAX = 30 * 86_400_000;

/** The command. */
export const nodeCommand: Command = {
  name: "node",
  summary: "let nodes follow a policy service, list them, and send them away",
  usage: "<add|list|revoke|rm> [<name>] [flags]",
  least: 1,
  most: 2,
  options: {
    state: STATE_OPTION,
    ttl: { type: "string", value: "<time>", about: `add: how long the token may be used; ${TTL} if not given` },
    bearer: { type: "boolean", about: "add: a token that lasts, for --node-token-file, for what cannot enrol" },
    operator: {
      type: "boolean",
      about: "add: a token that lasts, for a person or a program that changes the policy, not for a host",
    },
  },
  details: [
    "add     makes a token that works once and prints it: write it to a file that only the node can read, and give",
    "        the node --enrol-file and --identity. The node makes a key, and gets a certificate that it renews itself.",
    "        Again for a node that has not enrolled: the token before does not work any more.",
    "list    shows who may follow, and by what. Where they are with the policy: merlon policy status.",
    "revoke  refuses a node from its next question on; its certificate does not count any more.",
    "rm      the same, and forgets it.",
  ].join("\n"),
  examples: [
    "merlon node add shop-1 > shop-1.token",
    "merlon node add envoy-1 --bearer > envoy-1.token",
    "merlon node add alice --operator > alice.token",
    "merlon node list",
    "merlon node revoke shop-1",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [written = "", name] = input.positionals;
  const folder = input.text("state") ?? STATE_FOLDER;
  const action = ACTIONS.find((known) => known === written);
  if (action === undefined) {
    throw usage(`"${showWord(written)}" is nothing that node does`, `it takes ${ACTIONS.join(", ")}`, "write one");
  }
  if (action === "list") {
    if (name !== undefined) throw usage(`"${showWord(name)}" is too much`, "list shows all", "leave it out");
    return list(folder, io);
  }
  if (name === undefined) throw usage("the name is missing", `"merlon node ${action}" takes one`, "write it");
  const said = action === "add" ? await add(name, folder, input, io) : await drop(name, action, folder, io);
  const audit = new AuditFile(folder, (line) => void io.stderr.write(`merlon: ${line}\n`));
  await audit.add({ who: "command", action: `node.${action}`, object: name, outcome: said, why: "" });
  return 0;
}

/** @returns what was made, in words */
async function add(name: string, folder: string, input: Input, io: Io): Promise<string> {
  checkName(name);
  const tokens = new NodeTokens(folder);
  const identities = new NodeIdentities(folder);
  const isLasting = input.flag("bearer") || input.flag("operator");
  const isTaken = isLasting
    ? identities.find(name) !== undefined
    : tokens.list().some((holder) => holder.name === name);
  if (isTaken) {
    throw usage(`there is a node ${name}`, "names tell them apart", `write another, or "merlon node rm ${name}"`);
  }
  if (isLasting && input.flag("ttl")) {
    throw usage("--ttl is for tokens that work once", "the others last until they are removed", "leave it out");
  }
  const made = isLasting
    ? await tokens.add(name, input.flag("operator") ? "operator" : "node")
    : await enrolmentToken(identities, name, folder, input.text("ttl") ?? TTL);
  // Alone on stdout, so that it can go to a file without passing through a screen.
  io.stdout.write(`${made}\n`);
  const how = isLasting ? "" : `, works once, within ${input.text("ttl") ?? TTL}`;
  io.stderr.write(
    `merlon: the token of ${showWord(name)} is shown this once${how}; keep it where only the node can read it\n`,
  );
  return isLasting ? "token" : "enrolment token";
}

async function enrolmentToken(identities: NodeIdentities, name: string, folder: string, ttl: string): Promise<string> {
  const ttlMs = durationOf(ttl, "ttl", TTL_MS_MAX);
  const fingerprint = await Authority.fingerprintIn(folder);
  return tokenText({ secret: await identities.add(name, ttlMs), fingerprint, name });
}

/** @returns what was done, in words */
async function drop(name: string, action: "revoke" | "rm", folder: string, io: Io): Promise<string> {
  const tokens = new NodeTokens(folder);
  const identities = new NodeIdentities(folder);
  const hadToken = await tokens.remove(name);
  const hadIdentity = action === "rm" ? await identities.remove(name) : await identities.revoke(name);
  if (!hadToken && !hadIdentity) {
    throw usage("there is no node of this name", 'see "merlon node list"', "write one of them");
  }
  io.stdout.write(`${showWord(name)} is not served any more\n`);
  return hadIdentity && action === "revoke" ? "revoked" : "removed";
}

function list(folder: string, io: Io): number {
  const date = (at: number): string => new Date(at).toISOString().slice(0, 10);
  const now = Date.now();
  const rows = [
    ...new NodeTokens(folder).list().map(({ name, role, addedAt }) => [name, role, "token", date(addedAt)]),
    ...new NodeIdentities(folder).list().map((one) => [one.name, "node", stateOf(one, now), date(one.addedAt)]),
  ];
  const columns = ["name", "role", "by", "since"].map((title) => ({ title }));
  io.stdout.write(rows.length === 0 ? "no nodes\n" : layOut(columns, rows));
  return 0;
}

function stateOf({ state, secretUntil }: NodeIdentityEntry, now: number): string {
  if (state === "revoked") return "nothing: revoked";
  if (state === "enrolled") return "certificate";
  if (secretUntil <= now) return "nothing: its token has expired";
  return `a token to use until ${new Date(secretUntil).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
