/** A log that is written, cut, renamed and left alone in every order: each whole line comes once, in its order. */
import { appendFileSync, mkdtempSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LINE_BYTES_MAX, LogFollower } from "../../../../hosts/dataplane/agent/log-follower.ts";
import { createRandom, pick } from "../../../bench/random.ts";

const SEED = 17;

interface Place {
  readonly log: string;
  readonly position: string;
}

function makePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), "merlon-agent-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { log: join(folder, "records.jsonl"), position: join(folder, "agent.json") };
}

async function open({ log, position }: Place): Promise<LogFollower> {
  const follower = await LogFollower.open(log, position);
  onTestFinished(() => follower.close());
  return follower;
}

/** All that there is now, kept after each piece. */
async function takeAll(follower: LogFollower): Promise<string[]> {
  const lines: string[] = [];
  for (let found = await follower.read(); found !== null; found = await follower.read()) {
    lines.push(...found.lines);
    await follower.keep(found.position);
  }
  return lines;
}

test("a log that is not there yet, and lines that come in parts", async () => {
  const place = makePlace();
  const follower = await open(place);
  expect(await takeAll(follower)).toEqual([]);
  writeFileSync(place.log, "one\ntw");
  expect(await takeAll(follower)).toEqual(["one"]);
  appendFileSync(place.log, "o\n\nthree\n");
  expect(await takeAll(follower)).toEqual(["two", "three"]);
});

test("a restart goes on where the last position was kept, in the middle of a line too", async () => {
  const place = makePlace();
  writeFileSync(place.log, "one\ntwo\nthr");
  const first = await open(place);
  expect(await takeAll(first)).toEqual(["one", "two"]);
  appendFileSync(place.log, "ee\nfour\n");
  // Read, and not kept: it comes again.
  expect((await first.read())?.lines).toEqual(["three", "four"]);
  const second = await open(place);
  expect(await takeAll(second)).toEqual(["three", "four"]);
});

test("rotation by name: the old file is read to its end, also what comes late", async () => {
  const place = makePlace();
  writeFileSync(place.log, "one\n");
  const follower = await open(place);
  expect(await takeAll(follower)).toEqual(["one"]);
  renameSync(place.log, `${place.log}.1`);
  appendFileSync(`${place.log}.1`, "two\n");
  expect(await takeAll(follower)).toEqual(["two"]);
  // The new file is there, and the writer has not gone to it yet.
  writeFileSync(place.log, "");
  appendFileSync(`${place.log}.1`, "three\n");
  expect(await takeAll(follower)).toEqual(["three"]);
  appendFileSync(`${place.log}.1`, "four\nnever ended");
  appendFileSync(place.log, "five\n");
  expect(await takeAll(follower)).toEqual(["four", "five"]);
  expect(follower.counters.rotated).toBe(1);
});

test("files that were rotated while nobody read are read in their order, others and packed ones are not", async () => {
  const place = makePlace();
  writeFileSync(`${place.log}.gz`, "packed\n");
  writeFileSync(`${place.log}-other`, "other\n");
  writeFileSync(place.log, "one\n");
  const first = await open(place);
  expect(await takeAll(first)).toEqual(["one"]);
  await first.close();
  appendFileSync(place.log, "two\n");
  const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
  for (const [name, line] of [
    ["2", "three"],
    ["1", "four"],
  ]) {
    renameSync(place.log, `${place.log}.${name}`);
    await wait();
    writeFileSync(place.log, `${line}\n`);
    await wait();
  }
  expect(await takeAll(await open(place))).toEqual(["two", "three", "four"]);
});

test("rotation by truncation: what is in the file then is new", async () => {
  const place = makePlace();
  writeFileSync(place.log, "one\ntwo\n");
  const follower = await open(place);
  expect(await takeAll(follower)).toEqual(["one", "two"]);
  truncateSync(place.log, 0);
  appendFileSync(place.log, "three\n");
  expect(await takeAll(follower)).toEqual(["three"]);
  expect(follower.counters.truncated).toBe(1);
});

test("a line without end takes no memory and no other line with it", async () => {
  const place = makePlace();
  writeFileSync(place.log, `one\n${"a".repeat(LINE_BYTES_MAX + 1)}\ntwo\n`);
  const follower = await open(place);
  expect(await takeAll(follower)).toEqual(["one", "two"]);
  appendFileSync(place.log, "b".repeat(5 << 20));
  expect(await takeAll(follower)).toEqual([]);
  expect(await follower.lag()).toBe(0);
  appendFileSync(place.log, `${"b".repeat(100)}\nthree\n`);
  expect(await takeAll(follower)).toEqual(["three"]);
  expect(follower.counters.tooLong).toBe(2);
});

test("whatever happens in whatever order, each line comes once", async () => {
  const random = createRandom(SEED);
  for (let round = 0; round < 8; round++) {
    const place = makePlace();
    writeFileSync(place.log, "");
    let follower = await open(place);
    expect(await takeAll(follower)).toEqual([]);
    const [written, read]: [string[], string[]] = [[], []];
    let writing = place.log;
    let rest = "";
    for (let step = 0; step < 120; step++) {
      const what = pick(random, ["line", "line", "line", "part", "read", "read", "rotate", "follow", "restart"]);
      if (what === "line" || what === "part") {
        const line = `${round}-${step}-${"x".repeat(random(2000))}`;
        const bytes = `${line}\n`;
        const cut = what === "part" ? random(bytes.length) : bytes.length;
        appendFileSync(writing, rest + bytes.slice(0, cut));
        rest = bytes.slice(cut);
        written.push(line);
      } else if (what === "read") read.push(...(await takeAll(follower)));
      else if (what === "rotate" && writing === place.log && statSync(place.log).size > 0) {
        // File systems tell times apart by some milliseconds.
        await new Promise((resolve) => setTimeout(resolve, 15));
        renameSync(place.log, `${place.log}.${step}`);
        writing = `${place.log}.${step}`;
      } else if (what === "follow" && writing !== place.log) {
        // The writer ends its line in the old file, as Envoy does.
        appendFileSync(writing, rest);
        rest = "";
        writing = place.log;
        await new Promise((resolve) => setTimeout(resolve, 15));
        writeFileSync(writing, "");
      } else if (what === "restart") {
        await follower.close();
        follower = await open(place);
      }
    }
    appendFileSync(writing, rest);
    await new Promise((resolve) => setTimeout(resolve, 15));
    if (writing !== place.log) writeFileSync(place.log, "last\n");
    else appendFileSync(place.log, "last\n");
    read.push(...(await takeAll(follower)));
    const short = (lines: readonly string[]): string[] => lines.map((line) => `${line.slice(0, 8)}… ${line.length}`);
    expect(short(read), `seed ${SEED}, round ${round}`).toEqual(short([...written, "last"]));
  }
});
