/** What the live page shows stays bounded, and its numbers are right. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Feed, type FeedEvent } from "../../../hosts/demo/feed.ts";
import { eventOf, matchOf } from "./stage.ts";

const NOON = Date.UTC(2025, 0, 2, 12, 0, 0);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOON });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the feed", () => {
  test("keeps the last 200 verdicts, newest first", () => {
    const feed = new Feed();
    for (let i = 0; i < 250; i++) feed.add(eventOf({ id: `id-${i}` }));
    expect(feed.events).toHaveLength(200);
    expect(feed.events[0]?.id).toBe("id-249");
    expect(feed.events.at(-1)?.id).toBe("id-50");
    expect(feed.summary().requests).toBe(250);
  });

  test("cuts what a client may make long", () => {
    const long = "x".repeat(100_000);
    const { method, host } = new Feed().add(eventOf({ method: long, host: long }));
    expect([method.length, host.length]).toEqual([32, 128]);
  });

  test("hands on excerpts as base64, byte by byte", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const shown = new Feed().add(eventOf({}, { matches: [matchOf(bytes)] }));
    expect(Buffer.from(shown.matches[0]?.layers[0]?.excerpt ?? "", "base64")).toEqual(Buffer.from(bytes));
  });

  test.each([
    { what: "a visit", action: "pass", wouldAction: "pass", counted: { requests: 1, attacks: 0, blocked: 0 } },
    {
      what: "a watched attack",
      action: "pass",
      wouldAction: "block",
      counted: { requests: 1, attacks: 1, blocked: 0 },
    },
    { what: "a blocked one", action: "block", wouldAction: "block", counted: { requests: 1, attacks: 1, blocked: 1 } },
  ] as const)("counts $what", ({ action, wouldAction, counted }) => {
    const feed = new Feed();
    feed.add(eventOf({}, { action, wouldAction }));
    expect(feed.summary()).toMatchObject(counted);
  });

  test("tells the middle and the 99th percentile of the last 2048 times", () => {
    const feed = new Feed();
    expect(feed.summary()).toMatchObject({ addedP50: 0, addedP99: 0 });
    for (let i = 0; i < 5000; i++) feed.add(eventOf({ addedMicros: 1_000_000 }));
    for (let i = 1; i <= 2048; i++) feed.add(eventOf({ addedMicros: i }));
    expect(feed.summary()).toMatchObject({ addedP50: 1025, addedP99: 2028 });
  });

  test("counts requests of the last 60 seconds, oldest first", () => {
    const feed = new Feed();
    feed.add(eventOf());
    vi.setSystemTime(NOON + 59_000);
    feed.add(eventOf());
    feed.add(eventOf());
    const { perSecond } = feed.summary();
    expect([perSecond.length, perSecond[0], perSecond[1], perSecond[59]]).toEqual([60, 1, 0, 2]);
    vi.setSystemTime(NOON + 60_000);
    expect(feed.summary().perSecond[0]).toBe(0);
  });

  test("tells every listener until it ends, and refuses the seventeenth", () => {
    const feed = new Feed();
    const heard: FeedEvent[] = [];
    const ends = Array.from({ length: 16 }, () => feed.listen((event) => heard.push(event)));
    expect(feed.listen(() => {})).toBeNull();
    feed.add(eventOf());
    expect(heard).toHaveLength(16);
    ends[0]?.();
    feed.add(eventOf());
    expect(heard).toHaveLength(31);
    expect(feed.listen(() => {})).not.toBeNull();
  });
});
