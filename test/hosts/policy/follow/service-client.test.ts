/** The client of a policy service against real servers: bounded, timed, and with errors that say where to look. */
import { createServer, type RequestListener } from "node:http";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { hashOf } from "../../../../hosts/policy/bundle.ts";
import { parseAnswer, ServiceClient } from "../../../../hosts/policy/follow/service-client.ts";

async function clientOf(listener: RequestListener, token?: () => string): Promise<ServiceClient> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = bound !== null && typeof bound === "object" ? bound.port : 0;
  const client = new ServiceClient({ url: `http://127.0.0.1:${port}`, ...(token === undefined ? {} : { token }) });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

test.each(["ftp://a", "policy.example:9443", "https://a/path", "https://user:pw@a", "https://a?b"])(
  "%s is no address",
  (url) => {
    expect(() => new ServiceClient({ url })).toThrowError(/write https:\/\/host:9443/);
  },
);

test("the token goes with every request, as it is then", async () => {
  let token = "first";
  const client = await clientOf(
    (request, response) => response.end(request.headers.authorization),
    () => token,
  );
  const first = await client.ask("/");
  token = "second";
  expect([first.bytes.toString(), (await client.ask("/")).bytes.toString()]).toEqual(["Bearer first", "Bearer second"]);
});

test("what a service refuses is told, and cannot move the terminal", async () => {
  const client = await clientOf((_request, response) => {
    response.statusCode = 403;
    response.end(JSON.stringify({ code: "X", message: "no\u001b[2J\nway" }));
  });
  await expect(client.ask("/")).rejects.toThrowError("the policy service refuses: no?[2J?way");
});

test("a part is unpacked within its size, and held against its name", async () => {
  const part = Buffer.alloc(100_000, "policy");
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const client = await clientOf((request, response) => {
    response.setHeader("content-encoding", "gzip");
    response.end(request.url?.endsWith(hashOf(part)) ? gzipSync(part) : bomb);
  });
  expect(await client.part({ hash: hashOf(part), size: part.length })).toEqual(part);
  await expect(client.part({ hash: hashOf(part), size: part.length - 1 })).rejects.toThrowError("damaged part");
  await expect(client.part({ hash: "0".repeat(64), size: 100 })).rejects.toThrowError("does not unpack");
});

test("an answer that does not come is an error after its time", async () => {
  const client = await clientOf(() => {});
  await expect(client.ask("/", { answerMs: 50 })).rejects.toThrowError(/does not answer — .*UND_ERR_HEADERS_TIMEOUT/);
});

test("answers of another shape name the field", () => {
  expect(() => parseAnswer(z.object({ a: z.number() }), Buffer.from('{"a":"1"}'))).toThrowError("a is not as expected");
  expect(() => parseAnswer(z.object({}), Buffer.from("<"))).toThrowError("answer is not as expected");
});
