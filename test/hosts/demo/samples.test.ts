/** The live page's samples: each is a request of its own, attacks are stopped as what they are, and the others pass. */
import { describe, expect, test } from "vitest";
import type { FeedEvent } from "../../../hosts/demo/feed.ts";
import { sendSample } from "../../../hosts/demo/live.ts";
import { SAMPLES } from "../../../hosts/demo/samples.ts";
import { greeting } from "../../../hosts/demo/terminal.ts";
import { send } from "../dataplane/sidecar/stage.ts";
import { call, type DemoStage, openSession, startStage } from "./stage.ts";

test("ids are unique, and every sample says what it shows", () => {
  expect(new Set(SAMPLES.map(({ id }) => id)).size).toBe(SAMPLES.length);
  for (const { label, about } of SAMPLES) expect([label, about]).not.toContain("");
  expect(new Set(SAMPLES.map(({ harmless }) => harmless))).toEqual(new Set([true, false]));
});

/** What is found first in each hostile sample; its id is the type where nothing else is said. */
const TYPES: Readonly<Record<string, string>> = { nested: "xss" };

describe("where attacks are blocked", () => {
  test.each(SAMPLES.filter(({ harmless }) => harmless))("$label passes, and nothing is found in it", async (sample) => {
    const stage = await startStage({ mode: "block" });
    expect(await sendSample(sample, stage.proxyPort)).toBe(200);
    expect(await lastEvent(stage)).toMatchObject({ wouldAction: "pass", matches: [], limits: [] });
  });

  test.each(SAMPLES.filter(({ harmless }) => !harmless))("$label is stopped as what it is", async (sample) => {
    const stage = await startStage({ mode: "block" });
    expect(await sendSample(sample, stage.proxyPort)).toBe(403);
    const { action, matches, limits } = await lastEvent(stage);
    expect([action, matches[0]?.type, limits]).toEqual(["block", TYPES[sample.id] ?? sample.id, []]);
  });

  test("what the first lines in the terminal tell people to try is stopped", async () => {
    const { demo, proxyPort } = await startStage({ mode: "block" });
    const text = greeting({ shop: demo.shop, proxy: demo.proxy, link: demo.link(), mode: "block" }, false);
    const [, address = ""] = /curl '([^']*)'/.exec(text) ?? [];
    expect(address.startsWith(demo.proxy)).toBe(true);
    expect((await send(proxyPort, { path: address.slice(demo.proxy.length) })).status).toBe(403);
  });
});

async function lastEvent(stage: DemoStage): Promise<FeedEvent> {
  const { body } = await call(stage.livePort, "events", await openSession(stage));
  const [event] = body as unknown as FeedEvent[];
  if (event === undefined) throw new Error("no request was seen");
  return event;
}
