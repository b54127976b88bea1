/** Numbers of several workers: asked for by the first process, and added up. */

import { readdirSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { askWorkers, workersReady } from "../../../../hosts/cli/protection/worker-metrics.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import { freePort } from "../../../tools/free-port.ts";
import { makeFolder, start } from "../stage.ts";

/** Several processes have to start, on a machine that may be busy. */
const PATIENT = { timeout: 180_000 };

test("a process without workers has none to ask, and is not ready", async () => {
  expect(await askWorkers()).toEqual([]);
  expect(workersReady()).toBe("no worker is running");
});

test("the first process of several answers for all of them, each with a folder of its own", PATIENT, async () => {
  const folder = makeFolder();
  const listen = `127.0.0.1:${await freePort()}`;
  const flags = ["--workers", "2", "--metrics", "127.0.0.1:0", "--data", folder];
  const { saw, child, ended } = start(["extproc", "--listen", listen, ...flags]);
  const [, url = ""] = await saw(/^metrics +(\S+)$/m);
  await saw(/^listening/m);
  // Each worker says 1 for where its policy comes from; the memory of two is twice that of one.
  const one = Engine.load().usage.memoryBytes;
  await vi.waitFor(
    async () => {
      const text = await (await fetch(url)).text();
      expect(text).toMatch(/^waf_policy_source\{kind="builtin"\} 1$/m);
      expect(Number(/^waf_engine_memory_bytes (\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(2 * one);
    },
    { timeout: 120_000 },
  );
  expect((await fetch(url.replace("/metrics", "/readyz"))).status).toBe(200);
  expect(readdirSync(folder).sort()).toEqual(["worker-1", "worker-2"]);
  child.kill("SIGTERM");
  expect(await ended()).toBe(0);
});
