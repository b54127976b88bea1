/** `merlon evaluate` on files, through the real core. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ATTACK, makeFolder, rawRequest, run } from "./stage.ts";

function row(label: string, raw: string, more: object = {}): string {
  return JSON.stringify({ label, raw_b64: Buffer.from(raw, "latin1").toString("base64"), ...more });
}

const CLIMB = rawRequest(`/?${ATTACK}`);
const QUIET = rawRequest("/?page=2");
const ROWS = [
  row("attack", CLIMB, { class: "pathtraver", family: "climb" }),
  row("attack", QUIET, { class: "nothing to see", family: "quiet", id: "miss-1" }),
  row("benign", QUIET, { family: "shop" }),
  row("benign", CLIMB, { family: "docs", id: "flag-1" }),
  row("attack", CLIMB, { weak: true }),
  row("benign", CLIMB, { weak: true }),
];

function write(name: string, rows: readonly string[] = ROWS): string {
  const path = join(makeFolder(), name);
  const text = `${rows.join("\n")}\n`;
  writeFileSync(path, name.endsWith(".gz") ? gzipSync(text) : text);
  return path;
}

describe("evaluate", () => {
  test("prints JSON and nothing else on stdout", async () => {
    const { code, stdout, stderr } = await run(["evaluate", "--json", write("mine.jsonl.gz")]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { sets } = JSON.parse(stdout);
    expect(sets).toEqual([
      {
        set: "mine",
        attacks: 2,
        caught: 1,
        benign: 2,
        flagged: 1,
        byClass: { "nothing to see": { attacks: 1, caught: 0 }, ptrav: { attacks: 1, caught: 1 } },
        cpuMicros: { mean: expect.any(Number), p99: expect.any(Number) },
        megabytesPerSecond: expect.any(Number),
        weak: { attacks: 1, caught: 1, benign: 1, flagged: 1 },
        families: { attacks: 2, caught: 1, partly: 0 },
      },
    ]);
    expect(sets[0].cpuMicros.mean).toBeGreaterThan(0);
    expect(sets[0].megabytesPerSecond).toBeGreaterThan(0);
  });

  test("prints tables for people, weak labels apart", async () => {
    const { code, stdout, stderr } = await run(["evaluate", write("mine.jsonl")]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^set +attacks +caught +TPR +families +benign +flagged +FPR/);
    expect(stdout).toMatch(/^mine +2 +1 +50\.00 % +1\/2 +2 +1 +50\.000 %/m);
    expect(stdout).toMatch(/^ {2}ptrav +1 +1 +100\.00 %$/m);
    expect(stdout).toMatch(/^ {2}mine: 1 of 1 attacks caught, 1 of 1 harmless flagged$/m);
    expect(stdout).not.toContain("miss-1");
  });

  test("shows samples where asked, on stderr beside JSON", async () => {
    const flags = ["--misses", "5", "--false-positives", "5"];
    const tables = await run(["evaluate", write("mine.jsonl"), ...flags]);
    expect(tables.stdout).toMatch(/missed of mine\n {2}nothing to see {2}mine:2 miss-1 {2}GET \/\?page=2 HTTP\/1\.1\n/);
    expect(tables.stdout).toMatch(/flagged of mine, by \S+ 1.*\n {2}mine:4 flag-1 .*\n +block /);
    const json = await run(["evaluate", write("mine.jsonl"), "--json", ...flags]);
    expect(() => JSON.parse(json.stdout)).not.toThrow();
    expect(json.stderr).toContain("miss-1");
  });

  test("takes several files, and several sets in a file, in the order of their first request", async () => {
    const mixed = ["b", "a", "b", "a"].map((set) => row("benign", QUIET, { set }));
    const { stdout } = await run([
      "evaluate",
      "--json",
      write("mixed.jsonl", mixed),
      write("c.jsonl", [row("benign", QUIET)]),
    ]);
    const { sets } = JSON.parse(stdout);
    expect(sets.map(({ set, benign }: { set: string; benign: number }) => [set, benign])).toEqual([
      ["b", 2],
      ["a", 2],
      ["c", 1],
    ]);
  });

  test("rewrites hosts in targets and bodies before the core sees them", async () => {
    const form = ["Content-Type: application/x-www-form-urlencoded"];
    const file = write("mine.jsonl", [row("attack", CLIMB), row("attack", rawRequest("/", form, ATTACK, "POST"))]);
    const caught = async (...flags: string[]): Promise<number> =>
      JSON.parse((await run(["evaluate", "--json", file, ...flags])).stdout).sets[0].caught;
    expect(await caught()).toBe(2);
    const names = ["..=shop", "etc=pages", "passwd=index.html"].flatMap((name) => ["--rewrite-host", name]);
    expect(await caught(...names)).toBe(0);
    expect(await caught("--rewrite-host", "..=--", "--rewrite-host", "--=..")).toBe(2);
  });

  test("counts where someone watches, and leaves the line empty", async () => {
    const many = Array.from({ length: 1500 }, () => row("benign", QUIET));
    const { stderr } = await run(["evaluate", "--json", write("mine.jsonl", many)], "", true);
    expect(stderr).toContain("1,000 requests, mine");
    expect(stderr.endsWith("\r\u001b[K")).toBe(true);
  });

  test.each([
    { name: "a line that is no request", rows: [...ROWS, "{}"], says: "mine.jsonl:7:" },
    {
      name: "too many sets",
      rows: Array.from({ length: 201 }, (_, n) => row("benign", QUIET, { set: `s${n}` })),
      says: "too many sets",
    },
  ])("$name ends it with code 1 and no result", async ({ rows, says }) => {
    const { code, stdout, stderr } = await run(["evaluate", write("mine.jsonl", rows)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(says);
  });
});
