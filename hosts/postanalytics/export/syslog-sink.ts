/**
 * Syslog over TCP or TLS: RFC 5424 messages, each with its length in front (RFC 6587 §3.4.1, RFC 5425 §4.3). The
 * message is the record as JSON; what is searched for most stands in structured data. Syslog has no acknowledgement: a
 * batch counts as delivered when the system has taken it and the connection still stands.
 */

import { connect as connectTcp, type Socket } from "node:net";
import { hostname } from "node:os";
import { connect as connectTls } from "node:tls";
import type { AttackRecord } from "../../records/record.ts";
import { escapedJson } from "../api/record-file.ts";
import type { AddressGuard } from "./guarded-address.ts";
import { type Sink, SinkError } from "./sink.ts";

/** Facility local use 0; severities warning and notice. */
const FACILITY = 16;
const WARNING = 4;
const NOTICE = 5;
/** A number that is reserved for documentation, RFC 5612: we have none of our own. */
const SD_ID = "merlon@32473";
const TIMEOUT_MS = 10_000;

/** Where to. */
export interface SyslogTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly ca?: string | undefined;
}

/** RFC 5424 §6.3.3: three characters are escaped; control characters would break lines in the receiver's files. */
function paramValue(text: string): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029]/gu, "?");
  return line.replace(/[\\"\]]/g, "\\$&");
}

/** @returns a name of the header: printable ASCII, no spaces, or the nil value */
function headerName(text: string, charsMax: number): string {
  return text.replace(/[^!-~]/g, "-").slice(0, charsMax) || "-";
}

/** @returns one message with its length in front */
export function syslogFrame(record: AttackRecord): Buffer {
  const isBlocked = record.action === "blocked" || record.action === "partially_blocked";
  const priority = FACILITY * 8 + (isBlocked ? WARNING : NOTICE);
  const { hits, client, request, node } = record;
  const params: readonly (readonly [string, string])[] = [
    ["type", [...new Set(hits.map(({ type }) => type))].join(",")],
    ["action", record.action],
    ["client", client.ip],
    ["host", request.host],
    ["ref", record.ref],
    ["node", node.id],
  ];
  const data = params.map(([name, value]) => ` ${name}="${paramValue(value)}"`).join("");
  // Such characters are legal in JSON and would move a terminal that shows the log.
  const json = escapedJson(JSON.stringify(record));
  const time = new Date(record.ts).toISOString();
  const header = `<${priority}>1 ${time} ${headerName(hostname(), 255)} merlon ${process.pid} attack`;
  const message = Buffer.from(`${header} [${SD_ID}${data}] \ufeff${json}`);
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** @returns a sink that keeps one connection */
export function syslogSink(guard: AddressGuard, target: SyslogTarget): Sink {
  let open: Socket | null = null;
  const ready = async (): Promise<Socket> => {
    if (open !== null && !open.destroyed && open.writable) return open;
    open = await connect(guard, target);
    return open;
  };
  return {
    deliver: async (batch) => {
      const socket = await ready();
      await write(socket, Buffer.concat(batch.map(syslogFrame)));
    },
    close: async () => {
      open?.destroy();
      open = null;
    },
  };
}

async function connect(guard: AddressGuard, { host, port, tls, ca }: SyslogTarget): Promise<Socket> {
  const { address } = await guard.pick(host);
  const servername = /[a-z]/i.test(host) && !host.includes(":") ? { servername: host } : {};
  return await new Promise<Socket>((resolve, reject) => {
    const socket = tls
      ? connectTls({ host: address, port, ...servername, ...(ca === undefined ? {} : { ca }) }, () =>
          settle(() => resolve(socket)),
        )
      : connectTcp({ host: address, port }, () => settle(() => resolve(socket)));
    const settle = (done: () => void): void => {
      socket.setTimeout(0);
      socket.removeAllListeners("error");
      // Later errors show as a socket that is destroyed.
      socket.on("error", () => {});
      done();
    };
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new SinkError("no answer in time")));
    socket.on("error", (error) => settle(() => reject(error)));
    // Whatever it says is not for us, but must be read for the end to be seen.
    socket.resume();
  });
}

async function write(socket: Socket, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(), TIMEOUT_MS);
    const closed = (): void => done(new SinkError("the receiver has closed the connection"));
    const done = (error?: Error | null): void => {
      clearTimeout(timer);
      socket.off("close", closed);
      if (error == null) resolve();
      else reject(error);
    };
    socket.once("close", closed);
    socket.write(bytes, done);
  });
}
