/**
 * `merlon console`: records of all nodes, users and pages on one port. Nodes send their records here; what they do is
 * decided by their own policy, which this command only shows.
 */
import { Engine } from "../core/engine.ts";
import { MerlonError } from "../core/error.ts";
import { startStatusServer } from "../core/status-server.ts";
import { parseNetwork } from "../policy/network.ts";
import { readPolicyFile } from "../policy/policy-file.ts";
import { defaultPolicy } from "../policy/schema.ts";
import { readOidcFile } from "../postanalytics/access/oidc.ts";
import { FIRST_USER } from "../postanalytics/console.ts";
import { openDataFolder } from "../postanalytics/data-folder.ts";
import type { BasePolicy } from "../postanalytics/policy/embedded-door.ts";
import { type ConsolePolicy, openPostanalytics, servePostanalytics } from "../postanalytics/postanalytics.ts";
import { readSuite } from "./attack-suite.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { consoleFiles } from "./console/console-files.ts";
import { parseListen, urlOf } from "./protection/listen-address.ts";
import { drain, untilSignal } from "./protection/running.ts";
import { SERVICE_OPTIONS, serviceAddressOf } from "./protection/service-address.ts";
import { certificateOf } from "./protection/serving.ts";
import { showWord } from "./text.ts";

const LISTEN = "127.0.0.1:9090";
const DATA = "merlon-data";
const GRACE_MS = 5000;
const READ_ONLY = "no node takes its policy from this console — copy it as YAML into the policy file of your nodes";

/** The command. */
export const consoleCommand: Command = {
  name: "console",
  summary: "collect records of nodes, and show them in a browser",
  usage: "[flags]",
  least: 0,
  most: 0,
  options: {
    data: { type: "string", value: "<folder>", about: `where records and users are kept; ./${DATA} if not given` },
    database: { type: "string", value: "<url>", about: "PostgreSQL instead of a file in the folder: postgres://…" },
    listen: { type: "string", value: "<host:port>", about: `where to listen; ${LISTEN} if not given` },
    "tls-cert": { type: "string", value: "<file>", about: "certificate chain (PEM) of the port" },
    "tls-key": { type: "string", value: "<file>", about: "key of the certificate (PEM)" },
    "public-url": {
      type: "string",
      multiple: true,
      value: "<url>",
      about: "address that browsers use, if it is a name or a proxy's; may be given again",
    },
    oidc: { type: "string", value: "<file>", about: "identity provider to sign in with, see docs/console-access.md" },
    policy: { type: "string", value: "<file>", about: "policy file of the nodes, to be shown and explained" },
    ...SERVICE_OPTIONS,
    "export-allow": {
      type: "string",
      multiple: true,
      value: "<network>",
      about: "private network that exports may go to, such as 10.0.0.0/8; may be given again",
    },
    "key-file": {
      type: "string",
      value: "<file>",
      about: "key that seals settings of exports; one in the folder is made if not given",
    },
    metrics: { type: "string", value: "<host:port>", about: "serve /metrics, /livez and /readyz here" },
    "new-password": { type: "boolean", about: `make a new password for ${FIRST_USER}, show it, and end` },
  },
  details: [
    "The first start makes the user admin and shows the password once; without TLS and on loopback it also shows a",
    "link that opens one session. Nodes send records with --records-url and a token that the console makes (Nodes).",
    "With --policy-url it shows and changes the policy of a policy service, and needs an operator's token for that.",
    "Only one process has a data folder at a time. SIGINT or SIGTERM ends it.",
  ].join("\n"),
  examples: [
    "merlon console",
    "merlon console --data /var/lib/merlon --listen 0.0.0.0:9090 --tls-cert tls.crt --tls-key tls.key",
    "merlon console --policy-url https://policy.example:9443 --node-token-file op.token",
    "merlon console --database postgres://merlon@db/merlon --public-url https://merlon.example",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const folder = input.text("data") ?? DATA;
  const listen = parseListen(input.text("listen") ?? LISTEN);
  const tls = certificateOf(input, false);
  const metrics = input.text("metrics") === undefined ? null : parseListen(input.text("metrics") ?? "", "metrics");
  const urls = publicUrls(input);
  const say = (line: string): void => void io.stderr.write(`merlon: ${line}\n`);
  const oidcFile = input.text("oidc");
  const oidc = oidcFile === undefined ? null : await readOidcFile(oidcFile);
  const policy = await consolePolicy(input);
  const data = await openDataFolder(folder, input.text("database"), say);
  try {
    const engine = Engine.load();
    const isLoopback = /^(?:127\.|localhost$|::1$)/.test(listen.host);
    const opened = await openPostanalytics({
      ...{ data, policy, oidc, say, local: null, folder, exportNetworks: exportNetworks(input) },
      keyFile: input.text("key-file"),
      engine: () => engine.sibling(),
      knownAttacks: readSuite().filter(({ attack }) => attack),
      files: await consoleFiles(),
      names: urls.map(({ hostname }) => hostname),
      secure: tls !== undefined || urls.some(({ protocol }) => protocol === "https:"),
      withLink: isLoopback && tls === undefined && urls.length === 0,
    });
    if (input.flag("new-password")) return await newPassword(opened, io);
    const notify = ({ event, detail }: { event: string; detail: string }): void =>
      say(`${event.replaceAll("_", " ")}: ${detail}`);
    const served = await servePostanalytics(opened, folder, { ...listen, tls, notify });
    const status = metrics === null ? null : await startStatusServer(metrics, opened.pages);
    // Whoever reads where it listens may end it in the same moment.
    const ended = untilSignal(() => void engine.verify(), { check: async () => {} });
    greet(io, served.origin, urls[0], served.link(), opened.console.firstPassword, folder);
    if (status !== null) {
      io.stdout.write(`metrics    ${urlOf("http", { host: status.address, port: status.port })}/metrics\n`);
    }
    await ended;
    await drain(async () => await served.close(GRACE_MS));
    await status?.close();
    await opened.close();
    return 0;
  } finally {
    await data.close();
  }
}

function publicUrls(input: Input): readonly URL[] {
  return input.texts("public-url").map((written) => {
    const url = URL.canParse(written) ? new URL(written) : null;
    if (url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.username === "") return url;
    throw usage(
      `--public-url is "${showWord(written)}"`,
      "it takes an address",
      "write one such as https://merlon.example",
    );
  });
}

function exportNetworks(input: Input): readonly string[] {
  for (const written of input.texts("export-allow")) {
    const network = parseNetwork(written);
    if (typeof network === "string")
      throw usage(`--export-allow is "${showWord(written)}"`, `it ${network}`, "write another");
  }
  return input.texts("export-allow");
}

async function consolePolicy(input: Input): Promise<ConsolePolicy> {
  const service = serviceAddressOf(input);
  const path = input.text("policy");
  if (service === undefined) {
    return { host: { node: null, refusal: READ_ONLY, load: () => {} }, base: await basePolicy(path) };
  }
  if (path === undefined) return { service };
  throw usage("--policy and --policy-url are both given", "a policy has one home", "keep one of them");
}

async function basePolicy(path: string | undefined): Promise<BasePolicy> {
  if (path === undefined) {
    return { name: "built-in", origin: "builtin", text: "# the built-in policy\n", policy: defaultPolicy };
  }
  const { policy, text } = await readPolicyFile(path);
  return { name: path, origin: "file", text, policy };
}

async function newPassword(
  { console: made, close }: Awaited<ReturnType<typeof openPostanalytics>>,
  io: Io,
): Promise<number> {
  const { users, sessions, audit } = made.parts;
  const fresh = made.firstPassword;
  const reset = fresh === null ? await users.resetPassword(FIRST_USER) : { password: fresh };
  await close();
  if (typeof reset === "string") {
    const why = "it was removed, or an identity provider vouches for it";
    throw new MerlonError("MERLON_STORE", `there is no user ${FIRST_USER} with a password — ${why}`);
  }
  await sessions.endAllOf(FIRST_USER);
  await audit.add({ who: "this machine", from: "local", action: "resetPassword", object: FIRST_USER, outcome: "done" });
  io.stdout.write(
    `user       ${FIRST_USER}\npassword   ${reset.password}   (shown once; to be changed at the first login)\n`,
  );
  return 0;
}

function greet(
  io: Io,
  origin: string,
  url: URL | undefined,
  link: string | null,
  password: string | null,
  folder: string,
): void {
  const lines = [
    `console    ${link ?? url?.origin ?? origin}${link === null ? "" : "   (one-time link)"}`,
    ...(password === null ? [] : [`user       ${FIRST_USER}`, `password   ${password}   (shown once; change it)`]),
    `records    ${showWord(folder)}; nodes send theirs to ${url?.origin ?? origin} (--records-url)`,
  ];
  io.stdout.write(`${lines.join("\n")}\n`);
}
