/** `merlon connector print envoy`: a configuration from which a bare Envoy starts, with Merlon in it. */
import { fileURLToPath } from "node:url";
import { MODES, type Mode } from "../core/verdict.ts";
import { readPolicyFile } from "../policy/policy-file.ts";
import { defaultPolicy, type Policy } from "../policy/schema.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { BODY_MODES, extProcYaml, wasmYaml } from "./connector/envoy-config.ts";
import { type ListenAddress, parseListen } from "./protection/listen-address.ts";
import { showWord } from "./text.ts";

const METHODS = ["ext_proc", "wasm"] as const;
const FAILURES = ["open", "closed"] as const;
const LISTEN = "127.0.0.1:8080";
const UPSTREAM = "127.0.0.1:3000";
const PROCESSOR = "127.0.0.1:9002";
const WASM_FILE = new URL("../../build/merlon.wasm", import.meta.url);

/** The command. */
export const connectorCommand: Command = {
  name: "connector",
  summary: "print what connects a proxy with Merlon",
  usage: "print envoy [flags]",
  least: 2,
  most: 2,
  options: {
    method: {
      type: "string",
      value: "<method>",
      about: "ext_proc (a server beside Envoy) or wasm (in Envoy); ext_proc",
    },
    upstream: { type: "string", value: "<host:port>", about: `the application; ${UPSTREAM} if not given` },
    listen: { type: "string", value: "<host:port>", about: `where Envoy listens; ${LISTEN} if not given` },
    mode: { type: "string", value: "<mode>", about: `${MODES.join(", ")}; ext_proc leaves it to the server's policy` },
    policy: { type: "string", value: "<file>", about: "wasm: policy file that is compiled into the configuration" },
    wasm: { type: "string", value: "<file>", about: "wasm: where the module lies on Envoy's machine" },
    processor: { type: "string", value: "<host:port>", about: `ext_proc: the server; ${PROCESSOR} if not given` },
    "body-mode": {
      type: "string",
      value: "<mode>",
      about: "ext_proc: NONE, STREAMED, BUFFERED, BUFFERED_PARTIAL; FULL_DUPLEX_STREAMED if not given",
    },
    failure: {
      type: "string",
      value: "<side>",
      about: "ext_proc: open or closed, where the server does not answer; open if not given",
    },
  },
  details: [
    "The configuration goes to stdout. ext_proc in mode monitoring is out of band: Envoy shows requests and waits for",
    "nothing. What each body mode can hold back is in docs/extproc.md.",
  ].join("\n"),
  examples: [
    "merlon connector print envoy --upstream 127.0.0.1:3000 > envoy.yaml",
    "merlon connector print envoy --method wasm --mode block > envoy.yaml",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [verb = "", proxy = ""] = input.positionals;
  if (verb !== "print" || proxy !== "envoy") {
    const written = showWord(`${verb} ${proxy}`);
    throw usage(`"${written}" is unknown`, "there is one connector to print", 'write "merlon connector print envoy"');
  }
  const method = input.choice("method", METHODS) ?? "ext_proc";
  refuseForeign(input, method);
  const mode = input.choice("mode", MODES) ?? null;
  const plan = {
    listen: address(input, "listen", LISTEN),
    upstream: address(input, "upstream", UPSTREAM),
  };
  if (method === "wasm") {
    const wasm = input.text("wasm") ?? fileURLToPath(WASM_FILE);
    io.stdout.write(wasmYaml({ ...plan, wasm, policy: await policyOf(input, mode) }));
    return 0;
  }
  const yaml = extProcYaml({
    ...plan,
    processor: address(input, "processor", PROCESSOR),
    bodyMode: input.choice("body-mode", BODY_MODES) ?? "FULL_DUPLEX_STREAMED",
    mode,
    observe: mode === "monitoring",
    failure: input.choice("failure", FAILURES) ?? "open",
  });
  io.stdout.write(yaml);
  return 0;
}

/** A flag that the other method has would be without effect. */
function refuseForeign(input: Input, method: (typeof METHODS)[number]): void {
  const foreign = method === "wasm" ? ["processor", "body-mode", "failure"] : ["wasm", "policy"];
  const flag = foreign.find((name) => input.text(name) !== undefined);
  if (flag === undefined) return;
  const other = method === "wasm" ? "ext_proc" : "wasm";
  throw usage(`--${flag} is for ${other}`, `the method is ${method}`, `leave it out, or write --method ${other}`);
}

function address(input: Input, flag: string, otherwise: string): ListenAddress {
  const parsed = parseListen(input.text(flag) ?? otherwise, flag);
  if (parsed.port > 0) return parsed;
  throw usage(`--${flag} has port 0`, "a configuration needs to name the port", "choose one");
}

async function policyOf(input: Input, mode: Mode | null): Promise<Policy> {
  const path = input.text("policy");
  const policy = path === undefined ? defaultPolicy : (await readPolicyFile(path)).policy;
  return mode === null ? policy : { ...policy, mode, modeAllowOverride: "off" };
}
