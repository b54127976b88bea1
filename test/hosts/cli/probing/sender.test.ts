/** Sending probes over real sockets: verdicts from status and header, and answers that are none. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { buildRequest } from "../../../../hosts/cli/probing/placement.ts";
import { Sender, type SenderOptions } from "../../../../hosts/cli/probing/sender.ts";

const PROBE = buildRequest("url-param", "plain", "x", "p1");
const servers: Server[] = [];
const senders: Sender[] = [];

afterEach(() => {
  for (const sender of senders.splice(0)) sender.close();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function listen(server: Server): Promise<URL> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return new URL(`http://127.0.0.1:${address.port}/`);
}

function senderTo(url: URL, options: Partial<SenderOptions> = {}): Sender {
  const sender = new Sender({ url, blockStatus: 403, insecure: false, concurrency: 2, timeoutMs: 5000, ...options });
  senders.push(sender);
  return sender;
}

describe("an answer", () => {
  test.each([
    { status: 200, headers: {}, outcome: "passed" },
    { status: 404, headers: {}, outcome: "passed" },
    { status: 500, headers: {}, outcome: "passed" },
    { status: 403, headers: {}, outcome: "blocked" },
    { status: 302, headers: { location: "http://192.0.2.1/" }, outcome: "passed" },
    { status: 200, headers: { "x-merlon-action": "would_block" }, outcome: "blocked" },
    { status: 200, headers: { "x-merlon-action": "block" }, outcome: "blocked" },
    { status: 200, headers: { "x-merlon-action": "pass" }, outcome: "passed" },
    { status: 200, headers: { "x-merlon-action": "unblockable" }, outcome: "passed" },
  ])("$status $headers is $outcome", async ({ status, headers, outcome }) => {
    let seen: unknown;
    const url = await listen(
      createServer((request, response) => {
        seen = request.headers["x-merlon-probe"];
        response.writeHead(status, headers).end("x".repeat(100_000));
      }),
    );
    expect(await senderTo(url).send(PROBE)).toBe(outcome);
    expect(seen).toBe("1");
  });

  test("of another block status is told by that", async () => {
    const url = await listen(createServer((_, response) => response.writeHead(406).end()));
    expect(await senderTo(url).send(PROBE)).toBe("passed");
    expect(await senderTo(url, { blockStatus: 406 }).send(PROBE)).toBe("blocked");
  });

  test("that breaks off, is no HTTP or does not come is no verdict", async () => {
    const broken = await listen(createServer((request) => request.socket.destroy()));
    expect(await senderTo(broken).send(PROBE)).toBe("failed");
    const garbage = await listen(createServer((request) => void request.socket.end("hello\r\n\r\n")));
    expect(await senderTo(garbage).send(PROBE)).toBe("failed");
    const silent = await listen(createServer(() => {}));
    expect(await senderTo(silent, { timeoutMs: 50 }).send(PROBE)).toBe("failed");
  });
});

test("the first request must be answered, and the error says what to do", async () => {
  const server = createServer();
  const url = await listen(server);
  server.close();
  await expect(senderTo(url).sendFirst(PROBE)).rejects.toMatchObject({
    code: "MERLON_UPSTREAM",
    message: `${url.origin} does not answer — ECONNREFUSED; check the address and that something listens there`,
  });
});

test("no more connections are open than asked for, and they are used again", async () => {
  let open = 0;
  let most = 0;
  const server = createServer((_, response) => setTimeout(() => response.end(), 5));
  server.on("connection", (socket) => {
    open++;
    most = Math.max(most, open);
    socket.on("close", () => open--);
  });
  const sender = senderTo(await listen(server), { concurrency: 3 });
  const outcomes = await Promise.all(Array.from({ length: 30 }, () => sender.send(PROBE)));
  expect(new Set(outcomes)).toEqual(new Set(["passed"]));
  expect(most).toBe(3);
});
