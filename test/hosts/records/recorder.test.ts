/** Records of one host: exact counts, one owner, and a node that is killed while it works. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { createUlidSource, refOf } from "../../../hosts/core/ulid.ts";
import type { Match } from "../../../hosts/core/verdict.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";
import { HttpSink } from "../../../hosts/records/http-sink.ts";
import { policyFacts } from "../../../hosts/records/policy-facts.ts";
import { Recorder, type RecorderOptions } from "../../../hosts/records/recorder.ts";
import { type Component, requireOrSkip } from "../../tools/component.ts";
import { eventOf } from "../demo/stage.ts";
import { killOften } from "./killing.ts";
import { Receiver } from "./receiver.ts";
import { randomBy } from "./spool/simulated-disk.ts";

const NODE = {
  id: "node-1",
  kind: "sidecar",
  version: "0.1.0",
  ruleset: { id: "0.1.0", sha256: "0".repeat(64) },
  env: {},
} as const;
const MATCH: Match = {
  type: "sqli",
  stamp: "sqli-union",
  cwe: [],
  severity: 5,
  point: "query.id",
  reason: "because",
  counts: true,
  exception: 0,
  layers: [{ as: "raw", span: [0, 1], excerpt: Buffer.from("x"), excerptAt: 0 }],
};
const nextId = createUlidSource();

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "merlon-recorder-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function attackEvent(path = "/") {
  const id = nextId();
  return eventOf({ id, ref: refOf(id), path }, { matches: [MATCH], action: "block", wouldAction: "block" });
}

async function open(folder: string, fields: Partial<RecorderOptions> = {}): Promise<Recorder> {
  return await Recorder.open({ folder, node: NODE, policy: policyFacts("built-in", () => defaultPolicy), ...fields });
}

async function startReceiver(): Promise<{ receiver: Receiver; sink: HttpSink; port: number }> {
  const receiver = new Receiver();
  const port = await receiver.listen();
  const sink = new HttpSink({ url: `http://127.0.0.1:${port}`, nodeId: NODE.id });
  onTestFinished(async () => {
    await receiver.close();
    expect(receiver.faults).toEqual([]);
  });
  return { receiver, sink, port };
}

test("what matched reaches the store, and the counts add up to what came in", async () => {
  const { receiver, sink } = await startReceiver();
  const recorder = await open(makeFolder(), { sink });
  for (let i = 0; i < 100; i++) recorder.add(attackEvent(i % 4 === 0 ? "/a" : "/b"));
  recorder.add(eventOf());
  await recorder.close(30_000);
  expect(receiver.total).toBe(100);
  expect(receiver.records.size).toBe(12);
  expect(recorder.counters).toMatchObject({ detected: 100, sampledOut: 90 });
});

test("a store that is away costs nothing but time", async () => {
  const { receiver, sink, port } = await startReceiver();
  await receiver.close();
  const events: string[] = [];
  const recorder = await open(makeFolder(), { sink, onNotice: ({ event }) => events.push(event) });
  for (let i = 0; i < 10; i++) recorder.add(attackEvent(`/${"abcdefghij"[i]}`));
  await vi.waitFor(() => expect(events).toEqual(["records_delayed"]), { timeout: 20_000 });
  await receiver.listen(port);
  await vi.waitFor(() => expect(receiver.total).toBe(10), { timeout: 40_000 });
  await recorder.close(1000);
});

test("without anywhere to send them to, records stay for whoever reads the spool", async () => {
  const folder = makeFolder();
  const recorder = await open(folder);
  recorder.add(attackEvent());
  await recorder.spool.flush();
  await expect(open(folder)).rejects.toThrow(`is in use — process ${process.pid} is working there`);
  expect((await recorder.spool.read(10, 1 << 20))?.records).toHaveLength(1);
  await recorder.close(0);
  const next = await open(folder);
  expect((await next.spool.read(10, 1 << 20))?.records).toHaveLength(1);
  await next.close(0);
});

test("a folder that cannot be made is an error that names it", async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, "file"), "");
  await expect(open(join(folder, "file"))).rejects.toThrow(/file.spool cannot be used — ENOTDIR; choose a folder/);
});

/** A disk of 300 KiB. */
function smallDisk(): Component<string> {
  const folder = join(makeFolder(), "small");
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=300k", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return { missing: "a small disk cannot be mounted here: it takes the rights to mount" };
  }
  onTestFinished(() => void execFileSync("umount", [folder], { stdio: "ignore" }));
  return { found: folder };
}

test("a disk that is full stops nothing, is told once, and what was left out is counted", async (context) => {
  const folder = requireOrSkip(context, smallDisk());
  const events: string[] = [];
  const recorder = await open(folder, {
    limits: { retryMs: 5, queueBytes: 100_000, segmentBytes: 65_536 },
    onNotice: ({ event }) => events.push(event),
  });
  const filler = join(folder, "filler");
  writeFileSync(filler, Buffer.alloc(200_000));
  for (let i = 0; i < 2000; i++) {
    recorder.add(attackEvent(`/${[...String(i)].map((digit) => "abcdefghij"[Number(digit)]).join("")}`));
    if (i % 100 === 0) await recorder.spool.flush();
  }
  await recorder.spool.flush();
  expect(events.filter((event) => event === "spool_failing")).toHaveLength(1);
  rmSync(filler);
  await vi.waitFor(() => expect(events).toContain("spool_well"), { timeout: 40_000 });
  const { detected, stored, dropped } = recorder.counters.spool;
  expect(dropped.disk).toBeGreaterThan(0);
  expect(detected).toBe(2000);
  expect(stored + dropped.disk + dropped.full).toBe(detected);
  let read = 0;
  for (let batch = await recorder.spool.read(500, 1 << 20); batch !== null; ) {
    read += batch.records.length;
    await recorder.spool.acknowledge(batch);
    batch = await recorder.spool.read(500, 1 << 20);
  }
  expect(read).toBe(stored);
  await recorder.close(0);
});

test("a node that is killed again and again loses nothing that it had on disk", { timeout: 300_000 }, async () => {
  const seed = Number(process.env["MERLON_FUZZ_SEED"] ?? 3);
  const killed = await killOften(randomBy(seed), 6, makeFolder());
  expect({ seed, lost: killed.lost, faults: killed.faults }).toEqual({ seed, lost: [], faults: [] });
  expect(killed.promised).toBeGreaterThan(20);
});
