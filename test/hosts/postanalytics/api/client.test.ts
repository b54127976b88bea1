/** The client: addresses, and errors as the server tells them. A server of three lines stands in for the console. */
import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { addressOf, createClient } from "../../../../hosts/postanalytics/api/client.ts";
import { listen } from "../../dataplane/sidecar/stage.ts";

test.each([
  [
    addressOf("records", {}, { limit: 5, where: 'a == "b&c"', cursor: undefined }),
    "/api/v1/records?limit=5&where=a+%3D%3D+%22b%26c%22",
  ],
  [addressOf("record", { id: "../x" }), "/api/v1/records/..%2Fx"],
  [addressOf("session"), "/api/v1/session"],
])("the address is %s", (address, expected) => expect(address).toBe(expected));

async function answering(status: number, body: string): Promise<{ origin: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? "-"}`);
    response.writeHead(status, { "content-type": "application/problem+json" }).end(body);
  });
  return { origin: `http://127.0.0.1:${await listen(server)}`, seen };
}

describe("an error", () => {
  test.each([
    [404, '{"code":"NOT_FOUND","detail":"gone — look"}', { status: 404, code: "NOT_FOUND", message: "gone — look" }],
    [400, '{"code":"INVALID","detail":"x","field":"body.a"}', { field: "body.a" }],
    [502, "<html>", { status: 502, code: "UNKNOWN", message: "the server answered 502 Bad Gateway" }],
    [500, "null", { code: "UNKNOWN" }],
  ])("of status %i", async (status, body, expected) => {
    const { origin } = await answering(status, body);
    await expect(createClient({ origin }).call("session", {})).rejects.toMatchObject({ name: "ApiError", ...expected });
  });

  test("of a server that is away", async () => {
    const client = createClient({ origin: "http://127.0.0.1:1" });
    await expect(client.call("session", {})).rejects.toMatchObject({ status: 0, code: "UNREACHABLE" });
  });
});

test("a token goes in the header, of which the address knows nothing", async () => {
  const { origin, seen } = await answering(200, "{}");
  await createClient({ origin, token: "t0ken" }).call("removeUser", { path: { name: "a b" } });
  expect(seen).toEqual(["DELETE /api/v1/users/a%20b Bearer t0ken"]);
});
