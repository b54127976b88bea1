/** The server as a whole: it starts with what it is given or says why not, and ends once. */
import { expect, test } from "vitest";
import { startExtProc } from "../../../../hosts/dataplane/extproc/extproc.ts";
import { WordInspector } from "../sidecar/word-inspector.ts";
import { body, head, MODE, responseHead, startStage } from "./stage.ts";

test("says where it listens and judges what comes there", async () => {
  const { call, server, inspector } = await startStage();
  expect(server).toMatchObject({ address: "127.0.0.1" });
  const stream = call().send(head("/a", [], { end: true }));
  expect(await stream.next()).toMatchObject({ field: 1 });
  expect(inspector.heads[0]).toMatchObject({ target: "/a", authority: "site.test" });
  stream.reset();
});

test("ends once, however often it is asked", async () => {
  const { server } = await startStage();
  await Promise.all([server.close(0), server.close(0)]);
});

test("names a certificate that cannot be used", async () => {
  const tls = { certFile: "/nowhere.pem", keyFile: "/nowhere.key" };
  const start = startExtProc({ inspectorFor: () => new WordInspector(), tls });
  await expect(start).rejects.toMatchObject({ code: "MERLON_TLS" });
});

test("shows an inventory the requests that it asks for, with their bodies", async () => {
  const seen: string[] = [];
  const sample = ({ target }: { readonly target: string }) => ({
    body: (chunk: Uint8Array) => void seen.push(Buffer.from(chunk).toString()),
    end: ({ status }: { readonly status: number }) => void seen.push(`${target} ${status}`),
  });
  const { call } = await startStage({ sample });
  const stream = call().send(
    ...[head("/a", [["content-type", "text/plain"]], { mode: MODE.STREAMED }), body("well", true)],
    ...[responseHead([], true)],
  );
  stream.stream.end();
  expect(await stream.closed()).toBe("0");
  expect(seen).toEqual(["well", "/a 200"]);
});
