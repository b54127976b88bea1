/** The live page's samples: each is a request of its own, and those that are no attack pass. */
import { describe, expect, test } from "vitest";
import { sendSample } from "../../../hosts/demo/live.ts";
import { SAMPLES } from "../../../hosts/demo/samples.ts";
import { startStage } from "./stage.ts";

test("ids are unique, and every sample says what it shows", () => {
  expect(new Set(SAMPLES.map(({ id }) => id)).size).toBe(SAMPLES.length);
  for (const { label, about } of SAMPLES) expect([label, about]).not.toContain("");
  expect(new Set(SAMPLES.map(({ harmless }) => harmless))).toEqual(new Set([true, false]));
});

describe("where attacks are blocked", () => {
  test.each(SAMPLES.filter(({ harmless }) => harmless))("$label passes", async (sample) => {
    const { proxyPort } = await startStage({ mode: "block" });
    expect(await sendSample(sample, proxyPort)).toBe(200);
  });
});
