/** The stage of exports: a receiver on loopback that keeps what it gets, and a guard that lets it be reached. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import { onTestFinished } from "vitest";
import { AddressGuard } from "../../../../hosts/postanalytics/export/guarded-address.ts";

/** A guard that allows loopback, where tests listen. */
export const LOOPBACK = new AddressGuard(["127.0.0.0/8"]);

/** One request that arrived. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver. */
export interface Receiver {
  readonly url: URL;
  readonly received: Received[];
  /** What it answers from now on. */
  answer: { status: number; body: string; headers?: Record<string, string> };
}

/** Starts a receiver; it ends with the test. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      received.push({ path: request.url ?? "", headers: request.headers, body });
      response.writeHead(receiver.answer.status, receiver.answer.headers).end(receiver.answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const receiver: Receiver = {
    url: new URL(`http://127.0.0.1:${port}/in`),
    received,
    answer: { status: 200, body: "{}" },
  };
  return receiver;
}
