/** `merlon doctor`: looks at a running Envoy and names what is broken between its clients and Merlon. */
import { type Command, type Input, type Io, usage } from "./command.ts";
import { examine } from "./doctor/admin.ts";
import { diagnose, type Finding } from "./doctor/checks.ts";
import { showWord } from "./text.ts";

const KINDS = ["envoy", "istio"] as const;
/** More proxies than this stand in front of nobody. */
const HOPS_MAX = 32;

/** The command. */
export const doctorCommand: Command = {
  name: "doctor",
  summary: "name what is broken between Envoy and Merlon",
  usage: "<envoy|istio> <admin-url> [flags]",
  least: 2,
  most: 2,
  options: {
    hops: { type: "string", value: "<number>", about: "proxies in front of Envoy that write X-Forwarded-For" },
    json: { type: "boolean", about: "print findings as JSON" },
  },
  details: [
    "Reads Envoy's admin interface and changes nothing. The exit code is 1 when something is broken. The interface of",
    "a pod of Istio's is reached by: kubectl port-forward <pod> 15000",
  ].join("\n"),
  examples: ["merlon doctor envoy http://127.0.0.1:9901", "merlon doctor istio http://127.0.0.1:15000 --hops 1"],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [kind = "", address = ""] = input.positionals;
  if (!KINDS.some((known) => known === kind)) {
    throw usage(`"${showWord(kind)}" is unknown`, `the doctor knows ${KINDS.join(" and ")}`, "write one of them");
  }
  const hops = input.text("hops") === undefined ? null : input.integer("hops", 0, HOPS_MAX, 0);
  const patient = await examine(urlOf(address));
  const findings = diagnose(patient, hops);
  if (input.flag("json")) io.stdout.write(`${JSON.stringify({ version: patient.version, findings }, null, 2)}\n`);
  else io.stdout.write(`ok      Envoy ${patient.version} answers\n${findings.map(lineOf).join("")}`);
  return findings.some(({ level }) => level === "broken") ? 1 : 0;
}

function urlOf(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw usage(`"${showWord(text)}" is no URL`, "the admin interface is asked by HTTP", "write http://127.0.0.1:9901");
}

function lineOf({ level, what, fix }: Finding): string {
  return `${level.padEnd(8)}${what}\n${fix === "" ? "" : `        fix: ${fix}\n`}`;
}
