/** `merlon node`: who may follow a policy service. A token is shown once; the service keeps its hash. */
import { NodeTokens } from "../policy/service/node-tokens.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { STATE_FOLDER, STATE_OPTION } from "./policy-service/serve.ts";
import { layOut, showWord } from "./text.ts";

const ACTIONS = ["add", "list", "rm"] as const;

/** The command. */
export const nodeCommand: Command = {
  name: "node",
  summary: "make, list and remove the tokens of a policy service's nodes",
  usage: "<add|list|rm> [<name>] [flags]",
  least: 1,
  most: 2,
  options: {
    state: STATE_OPTION,
    operator: { type: "boolean", about: "add: for a person or a program that changes the policy, not for a host" },
  },
  details: [
    "add   makes a token and prints it, once: write it to a file that only the node can read, and give the node",
    "      --node-token-file. A running service takes it at once.",
    "list  shows who has one. Where they are with the policy: merlon policy status.",
    "rm    takes it back at once.",
  ].join("\n"),
  examples: [
    "merlon node add shop-1 > shop-1.token",
    "merlon node add alice --operator > alice.token",
    "merlon node list",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [written = "", name] = input.positionals;
  const tokens = new NodeTokens(input.text("state") ?? STATE_FOLDER);
  const action = ACTIONS.find((known) => known === written);
  if (action === undefined) {
    throw usage(`"${showWord(written)}" is nothing that node does`, `it takes ${ACTIONS.join(", ")}`, "write one");
  }
  if (action === "list") {
    if (name !== undefined) throw usage(`"${showWord(name)}" is too much`, "list shows all", "leave it out");
    return list(tokens, io);
  }
  if (name === undefined) throw usage("the name is missing", `"merlon node ${action}" takes one`, "write it");
  if (action === "rm") {
    await tokens.remove(name);
    io.stdout.write(`${showWord(name)} has no token any more\n`);
    return 0;
  }
  const token = await tokens.add(name, input.flag("operator") ? "operator" : "node");
  // Alone on stdout, so that it can go to a file without passing through a screen.
  io.stdout.write(`${token}\n`);
  io.stderr.write(
    `merlon: the token of ${showWord(name)} is shown this once; keep it where only the node can read it\n`,
  );
  return 0;
}

function list(tokens: NodeTokens, io: Io): number {
  const rows = tokens
    .list()
    .map(({ name, role, addedAt }) => [name, role, new Date(addedAt).toISOString().slice(0, 10)]);
  const columns = ["name", "role", "since"].map((title) => ({ title }));
  io.stdout.write(rows.length === 0 ? "no tokens\n" : layOut(columns, rows));
  return 0;
}
