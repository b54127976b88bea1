/**
 * Exports against the programs that people run: rsyslog over TLS, and an OpenTelemetry Collector. Records with
 * everything in them that could break a line or a field arrive whole and are told apart. Prometheus is
 * monitoring.test.ts's.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { AddressGuard } from "../../hosts/postanalytics/export/guarded-address.ts";
import { otlpSink } from "../../hosts/postanalytics/export/otlp-sink.ts";
import { syslogSink } from "../../hosts/postanalytics/export/syslog-sink.ts";
import type { AttackRecord } from "../../hosts/records/record.ts";
import { makeFolder } from "../hosts/cli/stage.ts";
import { makeCertificate } from "../hosts/dataplane/sidecar/certificates.ts";
import { sampleHit, sampleRecord } from "../hosts/records/sample.ts";
import { collectorProgram } from "../tools/collector.ts";
import { requireOrSkip } from "../tools/component.ts";
import { rsyslogProgram } from "../tools/debian.ts";
import { freePort } from "../tools/free-port.ts";

const WAIT = { timeout: 60_000, interval: 100 };
/** The name in the certificate is IPv6 on some machines. */
const LOOPBACK = new AddressGuard(["127.0.0.0/8"], async () => [{ address: "127.0.0.1", family: 4 }]);
const EVIL = 'a"]\\\n<13>1 - - - - - - forged\r\n\0\u001b[31m\u2028\u202e=cmd|<script>alert(1)</script>';

/** Plain ones, one whose every text could break something, and one as large as records get. */
function records(): readonly AttackRecord[] {
  const { request } = sampleRecord();
  const evil = sampleRecord({
    hits: [sampleHit({ type: EVIL.slice(0, 40), point_s: EVIL, payload: EVIL })],
    node: { id: "n[1] \u202e", kind: "sidecar", version: "1" },
    request: { ...request, path: `/${EVIL}`, query: EVIL, method: "GET\n", host: EVIL, headers: [[EVIL, EVIL]] },
  });
  const headers: [string, string][] = Array.from({ length: 28 }, (_, at) => [`x-${at}`, "v".repeat(1000)]);
  const large = sampleRecord({ request: { ...request, headers } });
  return [sampleRecord(), evil, large, ...Array.from({ length: 97 }, () => sampleRecord())];
}

function startProgram(file: string, args: readonly string[]): ChildProcess {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  return child;
}

interface SyslogLine {
  readonly msg: string;
  readonly syslogseverity: string;
  readonly programname: string;
  readonly "structured-data": string;
}

test("rsyslog over TLS gets every record whole, and none is torn", async (context) => {
  const program = requireOrSkip(context, await rsyslogProgram());
  const folder = makeFolder();
  const { certFile, keyFile } = makeCertificate(folder, "localhost");
  const file = (name: string): string => join(folder, name);
  const driver = `defaultNetstreamDriverCAFile="${certFile}" defaultNetstreamDriverCertFile="${certFile}"`;
  const configuration = [
    // A record has up to 32 KiB; rsyslog takes 8 unless told otherwise.
    `global(workDirectory="${folder}" maxMessageSize="64k" defaultNetstreamDriver="ossl" ${driver}`,
    ` defaultNetstreamDriverKeyFile="${keyFile}")`,
    'module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")',
    `input(type="imtcp" port="0" address="127.0.0.1" listenPortFileName="${file("port")}")`,
    'template(name="whole" type="list") { property(name="jsonmesg") constant(value="\\n") }',
    `action(type="omfile" file="${file("out")}" template="whole")`,
  ];
  writeFileSync(file("rsyslog.conf"), `${configuration.join("\n")}\n`);
  startProgram(program, ["-n", "-f", file("rsyslog.conf"), "-i", file("pid")]);
  await vi.waitFor(() => expect(existsSync(file("port")) && readFileSync(file("port"), "utf8")).toMatch(/^\d+/), WAIT);
  const port = Number(readFileSync(file("port"), "utf8").trim());

  const stranger = syslogSink(LOOPBACK, { host: "localhost", port, tls: true });
  await expect(stranger.deliver([sampleRecord()])).rejects.toThrow();
  const sink = syslogSink(LOOPBACK, { host: "localhost", port, tls: true, ca: readFileSync(certFile, "utf8") });
  onTestFinished(() => sink.close());
  const sent = records();
  await sink.deliver(sent.slice(0, 50));
  await sink.deliver(sent.slice(50));
  const lines = (): string[] => readFileSync(file("out"), "utf8").trimEnd().split("\n");
  await vi.waitFor(() => expect(existsSync(file("out")) && lines().length).toBe(sent.length), WAIT);
  const read: SyslogLine[] = lines().map((line) => JSON.parse(line));
  expect(read.map(({ msg }) => JSON.parse(msg.replace(/^\ufeff/, "")))).toEqual(sent);
  expect(new Set(read.map(({ programname }) => programname))).toEqual(new Set(["merlon"]));
  expect(read[0]?.["structured-data"]).toMatch(/^\[merlon@32473 type="sqli" action="blocked" client=/);
  expect(read[0]?.syslogseverity).toBe("4");
});

test("a collector takes every record as a log, and reads its fields", { timeout: 900_000 }, async (context) => {
  const program = requireOrSkip(context, await collectorProgram());
  const folder = makeFolder();
  const port = await freePort();
  const configuration = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { debug: { verbosity: "detailed" } },
    service: {
      pipelines: { logs: { receivers: ["otlp"], exporters: ["debug"] } },
      telemetry: { metrics: { level: "none" }, logs: { level: "info" } },
    },
  };
  writeFileSync(join(folder, "collector.yaml"), JSON.stringify(configuration));
  const child = startProgram(program, ["--config", `file:${join(folder, "collector.yaml")}`]);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
    });
  }
  await vi.waitFor(() => expect(said).toContain("Everything is ready"), WAIT);
  const sink = otlpSink(LOOPBACK, new URL(`http://127.0.0.1:${port}/v1/logs`), "t0ken");
  const sent = records();
  await sink.deliver(sent);
  await vi.waitFor(() => expect(said.match(/merlon\.record\.id: Str\(/g)?.length).toBe(sent.length), WAIT);
  for (const { id } of sent) expect(said).toContain(`merlon.record.id: Str(${id})`);
  expect(said).toContain("http.response.status_code: Int(403)");
  expect(said).toContain("service.name: Str(merlon)");
  expect(said).toContain("SeverityText: ERROR");
  const wrong = otlpSink(LOOPBACK, new URL(`http://127.0.0.1:${port}/v1/nothing`), undefined);
  await expect(wrong.deliver(sent)).rejects.toThrow(/answered 404/);
});
