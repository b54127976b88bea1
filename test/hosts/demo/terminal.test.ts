/** The terminal shows what clients wrote, so nothing in it may move a cursor, forge a line or flood it. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Feed } from "../../../hosts/demo/feed.ts";
import { farewell, greeting, VerdictPrinter, verdictLine } from "../../../hosts/demo/terminal.ts";
import { eventOf, matchOf } from "./stage.ts";

const ATTACK = { action: "pass", wouldAction: "block", matches: [matchOf(Buffer.from("../"))] } as const;

function lineOf(path: string, method = "GET", point = "query.name"): string {
  const matches = [matchOf(Buffer.from("../"), { point })];
  return verdictLine(new Feed().add(eventOf({ path, method }, { ...ATTACK, matches })));
}

describe("the line of an attack", () => {
  test("says when, what, where, what was done, the reference and the time it cost", () => {
    const time = new Date(eventOf().startedAt).toTimeString().slice(0, 8);
    expect(lineOf("/manual")).toBe(
      `${time}  ptrav          GET /manual  query.name  would block  01K9ZZZZZZAAAAAA  0.10 ms`,
    );
    const blocked = verdictLine(new Feed().add(eventOf({}, { ...ATTACK, action: "block" })));
    expect(blocked).toContain("  blocked  ");
  });

  test("names each type once", () => {
    const matches = ["sqli", "xss", "sqli"].map((type) => matchOf(Buffer.from("x"), { type }));
    expect(verdictLine(new Feed().add(eventOf({}, { ...ATTACK, matches })))).toContain("  sqli,xss       GET");
  });

  test.each([
    ["colours and cursor moves", "/\u001b[2J\u001b[31m", "/\\u{1b}[2J\\u{1b}[31m"],
    ["a forged line", "/\r\n12:00  ok", "/\\u{d}\\u{a}12:00  ok"],
    ["a bell and a backspace", "/\u0007\b", "/\\u{7}\\u{8}"],
    ["eight-bit controls", "/\u009b2J\u0085", "/\\u{9b}2J\\u{85}"],
    ["text that runs backwards", "/\u202efdp.exe", "/\\u{202e}fdp.exe"],
    ["letters beyond ASCII", "/é😀", "/\\u{e9}\\u{1f600}"],
    ["half a letter", "/\ud83d", "/\\u{d83d}"],
  ])("escapes %s, in every field that a client writes", (_what, hostile, escaped) => {
    expect(lineOf(hostile)).toContain(`GET ${escaped}  `);
    expect(lineOf("/", hostile)).toContain(`${escaped} /  `);
    expect(lineOf("/", "GET", hostile)).toContain(`GET /  ${escaped}  `);
    for (const line of [lineOf(hostile), lineOf("/", hostile), lineOf("/", "GET", hostile)]) {
      expect(line).toMatch(/^[ -~]*$/);
    }
  });

  test("stays short", () => {
    const long = "\u001b".repeat(100_000);
    expect(lineOf(long, long, long).length).toBeLessThan(1000);
  });
});

describe("the printer", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2025, 0, 2, 12, 0, 0) });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test("prints attacks and keeps quiet about visits", () => {
    const lines: string[] = [];
    const printer = new VerdictPrinter((line) => lines.push(line));
    printer.add(new Feed().add(eventOf()));
    expect(lines).toEqual([]);
    printer.add(new Feed().add(eventOf({}, ATTACK)));
    expect(lines).toHaveLength(1);
  });

  test("prints ten a second and then tells how many more there were", () => {
    const lines: string[] = [];
    const feed = new Feed();
    const printer = new VerdictPrinter((line) => lines.push(line));
    for (let i = 0; i < 500; i++) printer.add(feed.add(eventOf({}, ATTACK)));
    expect(lines).toHaveLength(10);
    vi.advanceTimersByTime(1000);
    printer.add(feed.add(eventOf({}, ATTACK)));
    expect(lines.slice(10)).toEqual([
      "          … and 490 more; all of them are on the live page",
      expect.stringContaining("would block"),
    ]);
    vi.advanceTimersByTime(1000);
    printer.add(feed.add(eventOf({}, ATTACK)));
    expect(lines).toHaveLength(13);
  });
});

describe("the first and the last lines", () => {
  const places = {
    shop: "http://127.0.0.1:1",
    proxy: "http://127.0.0.1:2",
    link: "http://127.0.0.1:3/#k=a",
    mode: "block",
  };

  test("say where everything is, and name keys only where there is a keyboard", () => {
    const text = greeting(places, false);
    for (const place of Object.values(places)) expect(text).toContain(place);
    expect(text).not.toContain("keys:");
    expect(greeting(places, true)).toContain("[b] toggle block");
  });

  test("sum up", () => {
    const feed = new Feed();
    feed.add(eventOf({ addedMicros: 1500 }, { ...ATTACK, action: "block" }));
    feed.add(eventOf());
    expect(farewell(feed.summary())).toContain("2 requests seen, 1 attacks, 1 blocked, p99 1.50 ms added");
  });
});
