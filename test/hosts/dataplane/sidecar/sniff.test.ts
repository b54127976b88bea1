/** The first bytes of a connection: every protocol, however slowly its first bytes come. */
import * as net from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type Protocol, sniff } from "../../../../hosts/dataplane/sidecar/sniff.ts";
import { listen } from "./stage.ts";

interface Result {
  protocol: Protocol | "closed";
  client: string | null;
  rest: string;
}

/** Sends the pieces one after the other, each when the one before has been read. */
async function sniffed(pieces: readonly string[], awaitsProxy: boolean): Promise<Result> {
  const server = net.createServer({ allowHalfOpen: true });
  const result = new Promise<Result>((resolve) => {
    server.on("connection", (socket) => {
      socket.on("close", () => resolve({ protocol: "closed", client: null, rest: "" }));
      sniff(socket, awaitsProxy, (protocol, client) => {
        let rest = "";
        socket.on("data", (chunk: Buffer) => {
          rest += chunk.toString("latin1");
        });
        socket.on("end", () => resolve({ protocol, client, rest }));
      });
    });
  });
  const port = await listen(server);
  const socket = net.connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  socket.on("error", () => {});
  onTestFinished(() => {
    socket.destroy();
  });
  for (const piece of pieces) {
    await new Promise<void>((resolve) => {
      socket.write(Buffer.from(piece, "latin1"), () => setImmediate(resolve));
    });
  }
  socket.end();
  return await result;
}

const HTTP1 = "GET / HTTP/1.1\r\n\r\n";
const HTTP2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nframes";
const PROXY = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n";

test.each<[string, string, boolean, Protocol, string | null, string]>([
  ["HTTP/1", HTTP1, false, "http1", null, HTTP1],
  ["POST, which begins like PRI", "POST / HTTP/1.1\r\n\r\n", false, "http1", null, "POST / HTTP/1.1\r\n\r\n"],
  ["PROPFIND, which begins like PROXY", "PROPFIND / HTTP/1.1\r\n", false, "http1", null, "PROPFIND / HTTP/1.1\r\n"],
  ["HTTP/2", HTTP2, false, "http2", null, HTTP2],
  ["TLS", "\x16\x03\x01\x02", false, "tls", null, "\x16\x03\x01\x02"],
  ["anything else", "\0\x01hello", false, "http1", null, "\0\x01hello"],
  ["PROXY and HTTP/1", PROXY + HTTP1, true, "http1", "192.0.2.1", HTTP1],
  ["PROXY and HTTP/2", PROXY + HTTP2, true, "http2", "192.0.2.1", HTTP2],
  ["PROXY and TLS", `${PROXY}\x16\x03`, true, "tls", "192.0.2.1", "\x16\x03"],
  ["a second PROXY header", PROXY + PROXY, true, "none", "192.0.2.1", PROXY],
  ["PROXY where none is expected", PROXY + HTTP1, false, "none", null, PROXY + HTTP1],
  ["no PROXY where one is expected", HTTP1, true, "none", null, HTTP1],
  ["a broken PROXY header", "PROXY TCP4 x\r\n", true, "none", null, "PROXY TCP4 x\r\n"],
])("%s", async (_name, bytes, awaitsProxy, protocol, client, rest) => {
  expect(await sniffed([bytes], awaitsProxy)).toEqual({ protocol, client, rest });
  expect(await sniffed([...bytes], awaitsProxy)).toEqual({ protocol, client, rest });
});

test.each([[""], ["PRI * HT"], ["PROX"]])("a connection that ends after %j is closed", async (bytes) => {
  expect((await sniffed(bytes === "" ? [] : [bytes], false)).protocol).toBe("closed");
});

test("a PROXY header that does not end is not read for ever", async () => {
  const bytes = `PROXY TCP4 ${"1".repeat(2000)}`;
  expect((await sniffed([bytes], true)).protocol).toBe("none");
});
