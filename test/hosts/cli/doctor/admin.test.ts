/** An admin interface that is none, or says no: one clear error. Real ones: checks.test.ts. */
import { createServer, type RequestListener } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { examine } from "../../../../hosts/cli/doctor/admin.ts";
import { listen } from "../../dataplane/sidecar/stage.ts";

const INFO = JSON.stringify({ version: "abc/1.40.0/Clean/RELEASE/BoringSSL" });

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  onTestFinished(() => void server.close());
  return new URL(`http://127.0.0.1:${await listen(server)}/ignored`);
}

test.each([
  ["another server", "hello", "{}", "is no admin interface"],
  ["a dump that is none", INFO, "[]", "cannot be examined"],
  ["a dump that is no JSON", INFO, "<html>", "cannot be examined"],
])("%s", async (_, info, dump, words) => {
  const url = await serve(({ url: path }, response) => response.end(path === "/server_info" ? info : dump));
  await expect(examine(url)).rejects.toThrow(words);
});

test("a refusal, a redirect, and nobody", async () => {
  const refusing = await serve((_, response) => response.writeHead(403).end());
  await expect(examine(refusing)).rejects.toThrow("it says 403");
  const leading = await serve((_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end());
  await expect(examine(leading)).rejects.toThrow("does not answer");
  await expect(examine(new URL("http://127.0.0.1:1"))).rejects.toThrow("does not answer");
});

test("counters and the version are read", async () => {
  const url = await serve(({ url: path }, response) =>
    response.end(path === "/server_info" ? INFO : path === "/stats" ? "a.b: 3\nc: P0(1)\n" : '{"configs":[]}'),
  );
  const { version, stats } = await examine(url);
  expect([version, [...stats]]).toEqual(["1.40.0", [["a.b", 3]]]);
});
