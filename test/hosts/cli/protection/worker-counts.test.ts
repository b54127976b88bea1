/** Counts of several workers as those of one host: real processes on one port, one connection for each request. */
import { writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { countingEnvironment, workerExchange } from "../../../../hosts/cli/protection/worker-counts.ts";
import { freePort } from "../../../tools/free-port.ts";
import { type Answer, Call, head } from "../../dataplane/extproc/stage.ts";
import { makeFolder, start } from "../stage.ts";

/** Several processes have to start, on a machine that may be busy. */
const PATIENT = { timeout: 180_000 };
const PROCESS = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";
/** Far more than two workers would let pass if each counted for itself. */
const QUOTA = 6;

async function ask(port: number, path: string): Promise<Answer | null> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  const call = new Call(session.request({ ":method": "POST", ":path": PROCESS, "content-type": "application/grpc" }));
  const answer = await call.send(head(path, [], { end: true })).next();
  session.destroy();
  return answer;
}

test("a process that is alone has nobody to tell", () => {
  expect(workerExchange()).toBeNull();
  expect(Object.values(countingEnvironment("s"))).toEqual(["s"]);
});

test("two workers count one limit together", PATIENT, async () => {
  const path = join(makeFolder(), "merlon.yaml");
  const limit = `{ name: all, key: [path], limit: { requests: ${QUOTA}, per: 1d } }`;
  const spec = `{ defaults: { mode: block }, thresholds: [${limit}] }`;
  writeFileSync(path, `apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: ${spec}\n`);
  const port = await freePort();
  const flags = ["--listen", `127.0.0.1:${port}`, "--workers", "2", "--policy", path, "--metrics", "127.0.0.1:0"];
  const { saw, child, ended } = start(["extproc", ...flags]);
  const [, metrics = ""] = await saw(/^metrics +(\S+)$/m);
  await saw(/^listening/m);
  // Both workers are there, and take connections in turn.
  await vi.waitFor(
    async () => {
      expect(await (await fetch(metrics)).text()).toMatch(/^waf_policy_source\{kind="live"\} 1$/m);
      await Promise.all(Array.from({ length: 4 }, (_, at) => ask(port, `/warm-${at}`)));
      const keys = /^waf_threshold_keys\{threshold="all"\} (\d+)$/m.exec(await (await fetch(metrics)).text())?.[1];
      // Each of four keys is known to both.
      expect(Number(keys)).toBeGreaterThanOrEqual(8);
    },
    { timeout: 120_000 },
  );
  // On connections that go to both in turn: each for itself would let twice the quota pass.
  let passed = 0;
  while (passed < QUOTA * 2 && (await ask(port, "/together"))?.status !== 429) {
    passed++;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(passed).toBeGreaterThanOrEqual(QUOTA);
  expect(passed).toBeLessThan(QUOTA * 2);
  child.kill("SIGTERM");
  expect(await ended()).toBe(0);
});
