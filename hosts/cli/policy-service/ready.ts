/** `merlon policy ready`: whether what is only watched is ready to be blocked for; the console's report, as text. */
import type { Client } from "../../postanalytics/api/client.ts";
import type { Answer } from "../../postanalytics/api/routes.ts";
import { terminalJson } from "../attacks/record-words.ts";
import type { Input, Io, Option } from "../command.ts";
import { count, layOut, showWord } from "../text.ts";

type Report = Answer<"readiness">;

const DAYS = 14;
const DAYS_MAX = 90;

/** The flags. */
export const READY_OPTIONS: Readonly<Record<"app" | "host" | "path" | "days" | "json", Option>> = {
  app: { type: "string", value: "<name>", about: "ready: only this application" },
  host: { type: "string", value: "<host>", about: "ready: only this host" },
  path: { type: "string", value: "<path>", about: "ready: only this path and what is below it" },
  days: { type: "string", value: "<number>", about: `ready: how far back; ${DAYS} if not given` },
  json: { type: "boolean", about: "status, ready: print JSON, with conditions" },
};

const VERDICTS: Readonly<Record<Report["verdict"], string>> = {
  ready: "ready to block",
  not_yet: "not yet",
  too_little: "too little traffic",
  blocking: "blocking already",
};
const STANDINGS: Readonly<Record<Report["groups"][number]["standing"], string>> = {
  suspect: "LOOK: like people at work",
  false_positive: "LOOK: false positive, not excepted",
  attack: "attack by its looks",
  true_attack: "true attack",
  excepted: "excepted",
};

/** @returns 0 where it is ready or blocks already, else 1 */
export async function printReadiness(client: Client, input: Input, io: Io): Promise<number> {
  const days = input.integer("days", 1, DAYS_MAX, DAYS);
  const [app, host, path] = [input.text("app"), input.text("host"), input.text("path")];
  const scope = {
    ...(app === undefined ? {} : { app }),
    ...(host === undefined ? {} : { host: host.toLowerCase() }),
    ...(path === undefined ? {} : { path }),
  };
  const report = await client.call("readiness", { query: { ...scope, days } });
  io.stdout.write(input.flag("json") ? `${terminalJson(report)}\n` : reportText(report));
  return report.verdict === "ready" || report.verdict === "blocking" ? 0 : 1;
}

/** The report as lines. */
export function reportText(report: Report): string {
  const { verdict, toLookAt, reasons, mode, observedHours, traffic, wouldBlock, clients, groups } = report;
  const look = verdict === "not_yet" && toLookAt > 0 ? `: ${count(toLookAt)} to look at` : "";
  const facts = [
    `verdict    ${VERDICTS[verdict]}${look}`,
    ...reasons.map((reason) => `because    ${showWord(reason)}`),
    `mode       ${mode}`,
    `watched    ${observedHours} h, about ${count(traffic.calls)} requests to ${count(traffic.endpoints)} endpoints`,
    `would stop ${count(wouldBlock)} requests of ${count(clients)} clients`,
  ];
  if (groups.length === 0) return `${facts.join("\n")}\n`;
  const columns = ["type", "where", "point", "requests", "clients", "standing", "record"];
  const rows = groups.map((group) => [
    ...[showWord(group.type), `${group.method} ${showWord(group.host)}${showWord(group.path)}`, showWord(group.point)],
    ...[count(group.requests), count(group.clients), STANDINGS[group.standing], group.record.slice(0, 16)],
  ]);
  const table = layOut(
    columns.map((title, at) => ({ title, right: at === 3 || at === 4 })),
    rows,
  );
  return `${facts.join("\n")}\n\n${table}`;
}
