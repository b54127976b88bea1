/** The console's socket: TLS, a port that is taken, and an end that does not wait for streams. */
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { expect, test } from "vitest";
import { serveConsole } from "../../../hosts/postanalytics/console-server.ts";
import { makeCertificate } from "../dataplane/sidecar/certificates.ts";
import { startConsole } from "./stage.ts";
import { temporaryFolder } from "./store/stage.ts";

test("speaks TLS with the certificate that it was given", { timeout: 60_000 }, async () => {
  const tls = makeCertificate(temporaryFolder(), "console.example");
  const { listening, origin } = await startConsole({ tls, secure: true, names: ["console.example"] });
  expect(origin).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const status = await new Promise<number>((resolve, reject) => {
    const options = { host: "127.0.0.1", port: listening.port, path: "/livez", ca: readFileSync(tls.certFile) };
    request({ ...options, servername: "console.example" }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
  expect(status).toBe(200);
});

test("a port that is taken is an error that says so", { timeout: 60_000 }, async () => {
  const { listening, console: made } = await startConsole();
  const again = serveConsole(made.app, { host: "127.0.0.1", port: listening.port });
  await expect(again).rejects.toThrow(/cannot listen on 127\.0\.0\.1:\d+: another program listens there/);
});

test("ends while somebody watches", { timeout: 60_000 }, async () => {
  const stage = await startConsole();
  await (await stage.as("viewer")).open("live");
  stage.console.close();
  await stage.listening.close(10_000);
  await expect(fetch(`${stage.origin}/livez`)).rejects.toThrow();
});
