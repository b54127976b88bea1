/** Which port the demo takes: the wanted one, the next free one, or none, said clearly. */
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { MerlonError } from "../../../hosts/core/error.ts";
import { freePortNear, listenNear } from "../../../hosts/demo/ports.ts";
import { listen } from "../dataplane/sidecar/stage.ts";

/** Where this many ports in a row can be counted up. */
const BASE = 21_000 + (process.pid % 8000);

async function listenAndEnd(wanted: number): Promise<number> {
  const server = createServer();
  onTestFinished(() => void server.close());
  return await listenNear(server, wanted);
}

/** Takes a port for the test, if nobody has it already. */
async function occupy(port: number): Promise<void> {
  const server = createTcpServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.once("error", () => resolve()).listen(port, "127.0.0.1", resolve));
}

test("0 is any free port, and the answer says which", async () => {
  expect(await listenAndEnd(0)).toBeGreaterThan(0);
});

test("a busy port makes way for one of the next", async () => {
  const busy = await listen(createTcpServer());
  const port = await listenAndEnd(busy);
  expect(port).toBeGreaterThan(busy);
  expect(port).toBeLessThan(busy + 20);
});

test("a port that was found is free again", async () => {
  const port = await freePortNear(0);
  expect(await listenAndEnd(port)).toBe(port);
});

test("where 20 in a row are busy, the error names them and what to do", async () => {
  for (let port = BASE; port < BASE + 20; port++) await occupy(port);
  const error = await listenAndEnd(BASE).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(MerlonError);
  expect(error).toMatchObject({
    code: "MERLON_LISTEN",
    message: `no port from ${BASE} to ${BASE + 19} is free on 127.0.0.1: stop what uses them`,
  });
});

test("a number that is no port is an error of the same kind", async () => {
  await expect(listenAndEnd(70_000)).rejects.toMatchObject({ code: "MERLON_LISTEN" });
});
