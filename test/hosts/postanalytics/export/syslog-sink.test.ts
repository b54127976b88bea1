/** Syslog: read by a strict reader of RFC 5424 and RFC 6587 over a real socket, plain and with TLS. */

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { AddressGuard } from "../../../../hosts/postanalytics/export/guarded-address.ts";
import { syslogFrame, syslogSink } from "../../../../hosts/postanalytics/export/syslog-sink.ts";
import type { AttackRecord } from "../../../../hosts/records/record.ts";
import { makeCertificate } from "../../dataplane/sidecar/certificates.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { temporaryFolder } from "../store/stage.ts";
import { LOOPBACK } from "./stage.ts";

/** RFC 5424 §6: header, one element of structured data, the message with its byte order mark. */
const MESSAGE = new RegExp(
  [
    /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z)/,
    / ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32})/,
    / \[([!-~]{1,32})((?: [!-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\] \ufeff(.*)$/,
  ]
    .map(({ source }) => source)
    .join(""),
  "su",
);

function readMessages(bytes: Buffer): string[] {
  const messages: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const length = /^[1-9]\d{0,6}$/.exec(bytes.toString("latin1", at, space))?.[0];
    if (length === undefined) throw new Error(`no length at ${at}`);
    at = space + 1 + Number(length);
    if (at > bytes.length) throw new Error("a message is cut");
    messages.push(bytes.toString("utf8", space + 1, at));
  }
  return messages;
}

async function listenOn(server: Server): Promise<{ port: number; bytes: () => Buffer }> {
  const chunks: Buffer[] = [];
  server.on(server.listenerCount("secureConnection") > 0 ? "secureConnection" : "connection", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  onTestFinished(() => void server.close());
  const address = server.address();
  const take = (socket: NodeJS.ReadableStream): void => void socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  server.on("merlon-socket", take);
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    bytes: () => Buffer.concat(chunks),
  };
}

/** The name in the certificate, which is IPv6 on some machines. */
const V4 = new AddressGuard(["127.0.0.0/8"], async () => [{ address: "127.0.0.1", family: 4 }]);

const evil = sampleRecord({
  hits: [sampleHit({ type: 'a"]\\\n<13>1 - - - - - - forged', payload: "\u009b31m\u2028\r\n\0" })],
  client: { ip: "203.0.113.7", list: "none" },
  node: { id: "n[1] \u202e", kind: "sidecar", version: "1" },
});

describe("a message", () => {
  test.each<[string, AttackRecord]>([
    ["plain", sampleRecord()],
    ["with everything that could break one", evil],
    ["that was not stopped", sampleRecord({ action: "monitored" })],
  ])("%s", (_what, record) => {
    const [message = "", ...more] = readMessages(syslogFrame(record));
    expect(more).toEqual([]);
    const parts = MESSAGE.exec(message);
    expect(parts).not.toBe(null);
    const [, priority, time, , app, , msgid, id, , text = ""] = parts ?? [];
    expect([priority, time, app, msgid, id]).toEqual([
      ...[record.action === "blocked" ? "132" : "133", record.ts, "merlon", "attack", "merlon@32473"],
    ]);
    expect(JSON.parse(text)).toEqual(record);
    expect(message).not.toMatch(/[\r\n\0\u007f-\u009f\u2028\u2029]/);
  });
});

describe("a receiver", { timeout: 60_000 }, () => {
  test("gets every message whole, on one connection", async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      server.emit("merlon-socket", socket);
    });
    const { port, bytes } = await listenOn(server);
    const sink = syslogSink(LOOPBACK, { host: "127.0.0.1", port, tls: false });
    const records = Array.from({ length: 30 }, () => sampleRecord());
    for (let at = 0; at < 30; at += 10) await sink.deliver(records.slice(at, at + 10));
    const wanted = Buffer.concat(records.map(syslogFrame)).length;
    await expect.poll(() => bytes().length, { timeout: 10_000 }).toBe(wanted);
    expect(readMessages(bytes())).toHaveLength(30);
    expect(connections).toBe(1);
    await sink.close();
  });

  test("over TLS shows a certificate that is believed, or gets nothing", async () => {
    const { certFile, keyFile } = makeCertificate(temporaryFolder(), "localhost");
    const cert = readFileSync(certFile, "utf8");
    const server = createTlsServer({ cert, key: readFileSync(keyFile) }, (socket) =>
      server.emit("merlon-socket", socket),
    );
    const { port, bytes } = await listenOn(server);
    const target = { host: "localhost", port, tls: true };
    await expect(syslogSink(V4, target).deliver([sampleRecord()])).rejects.toThrow();
    expect(bytes()).toHaveLength(0);
    const sink = syslogSink(V4, { ...target, ca: cert });
    await sink.deliver([sampleRecord()]);
    await expect.poll(() => bytes().length, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(readMessages(bytes())).toHaveLength(1);
    await sink.close();
  });

  test("that is away, or not allowed, is an error", async () => {
    const target = { host: "127.0.0.1", port: 1, tls: false };
    await expect(syslogSink(LOOPBACK, target).deliver([sampleRecord()])).rejects.toThrow(/ECONNREFUSED/);
    await expect(syslogSink(new AddressGuard([]), target).deliver([sampleRecord()])).rejects.toThrow(/public Internet/);
  });
});
