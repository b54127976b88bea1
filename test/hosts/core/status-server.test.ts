/** The port for those who look after a host: its pages, and nothing else. */
import { request } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { plain, startStatusServer } from "../../../hosts/core/status-server.ts";

async function start() {
  const server = await startStatusServer(
    { host: "127.0.0.1", port: 0 },
    {
      "/livez": () => plain(200, "ok"),
      "/echo": (query) => plain(200, query.get("a") ?? ""),
      "/broken": () => Promise.reject(new Error("secret")),
    },
  );
  onTestFinished(() => server.close());
  return { server, url: `http://127.0.0.1:${server.port}` };
}

test.each([
  ["GET", "/livez", 200, "ok\n"],
  ["GET", "/echo?a=b", 200, "b\n"],
  ["HEAD", "/livez", 200, ""],
  ["POST", "/livez", 405, "only GET and HEAD\n"],
  ["GET", "/broken", 500, "it failed\n"],
  ["GET", "/__proto__", 404, "there is no such page; there are /livez, /echo, /broken\n"],
  ["GET", "/", 404, "there is no such page; there are /livez, /echo, /broken\n"],
])("%s %s is answered %i", async (method, path, status, body) => {
  const { url } = await start();
  const response = await fetch(`${url}${path}`, { method });
  expect([response.status, await response.text()]).toEqual([status, body]);
  expect(response.headers.get("cache-control")).toBe("no-store");
});

test("a target that is no path is answered, too", async () => {
  const { server } = await start();
  const status = await new Promise((resolve, reject) => {
    const sent = request({ port: server.port, host: "127.0.0.1", path: "*", method: "GET" }, ({ statusCode }) =>
      resolve(statusCode),
    );
    sent.on("error", reject).end();
  });
  expect(status).toBe(404);
});

test("a port that is taken is an error that says what to do", async () => {
  const { server } = await start();
  const again = startStatusServer({ host: "127.0.0.1", port: server.port }, {});
  await expect(again).rejects.toThrow(/cannot listen on 127.0.0.1:\d+: another program listens there/);
});
