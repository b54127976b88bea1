/** Lines become records on the disk, or are counted as none; a disk that takes nothing is an error of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Engine } from "../../../../hosts/core/engine.ts";
import { RecordIntake } from "../../../../hosts/dataplane/agent/record-intake.ts";
import { readyPolicy } from "../../../../hosts/policy/apply.ts";
import { defaultPolicy } from "../../../../hosts/policy/schema.ts";
import { policyFacts } from "../../../../hosts/records/policy-facts.ts";
import { Recorder } from "../../../../hosts/records/recorder.ts";
import { lineOf } from "./lines.ts";

test("records are in the spool, and what is none is counted and told of once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "merlon-intake-"));
  const engine = Engine.load();
  const ruleset = { id: "1", sha256: engine.sha256 };
  const node = { id: "a", kind: "wasm", version: "1", ruleset, env: {} } as const;
  const ready = readyPolicy(defaultPolicy);
  const policy = policyFacts("merlon.yaml", () => ready);
  const recorder = await Recorder.open({ folder, node, policy });
  onTestFinished(async () => {
    await recorder.close(0);
    rmSync(folder, { recursive: true });
  });
  const said: string[] = [];
  const { signatures } = engine;
  const intake = new RecordIntake({ recorder, node, policy, signatures, say: (line) => void said.push(line) });
  for (const line of [lineOf(1), "nonsense", lineOf(2), "{}"]) intake.take(line);
  await intake.settle();
  expect(intake.counters).toEqual({ records: 2, invalid: 2, strange: 0 });
  expect(recorder.spool.hasRecords).toBe(true);
  expect(said.length).toBe(1);
});
