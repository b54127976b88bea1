/** Requests and answers of the service, over a real socket: bounded bodies, and problems without our insides. */
import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { MerlonError } from "../../../../hosts/core/error.ts";
import { answerError, answerJson, Refusal, readJson } from "../../../../hosts/policy/service/answering.ts";

async function start(fail?: unknown): Promise<string> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      if (fail !== undefined) throw fail;
      answerJson(response, 200, await readJson(request, z.strictObject({ a: z.number() }), 100));
    };
    answer().catch((error: unknown) => answerError(response, error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const bound = server.address();
  return `http://127.0.0.1:${bound !== null && typeof bound === "object" ? bound.port : 0}`;
}

test.each([
  ['{"a":1}', "application/json", 200],
  ['{"a":1}', "application/json; charset=utf-8", 200],
  ['{"a":1}', "text/plain", 415],
  ['{"a":"1"}', "application/json", 400],
  ['{"a":1,"b":2}', "application/json", 400],
  ["{", "application/json", 400],
  [JSON.stringify({ a: 1, b: "x".repeat(200) }), "application/json", 413],
])("%s as %s", async (body, type, status) => {
  const answer = await fetch(await start(), { method: "POST", body, headers: { "content-type": type } });
  expect(answer.status).toBe(status);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  if (status !== 200) expect((await answer.json()).message).toMatch(/ — .*; /);
});

test.each([
  [new Refusal(404, "gone"), 404, "gone"],
  [new MerlonError("MERLON_POLICY", "bad line"), 422, "bad line"],
  [new MerlonError("MERLON_INPUT", "disk full"), 503, "disk full"],
  [new Error("secret inside"), 500, "its own mistake"],
])("%s becomes %i", async (error, status, says) => {
  const answer = await fetch(await start(error));
  expect([answer.status, (await answer.json()).message]).toEqual([status, expect.stringContaining(says)]);
});
