/**
 * Every case through the core in Node: raw and as head and body, whole, at every split, byte by byte and at random
 * splits, in the released and in the checked build. A trap in the checked build is an access to memory that nobody gave
 * it. A failure prints the cuts, which replay it.
 */
import { describe, expect, test } from "vitest";
import { Engine } from "../../hosts/core/engine.ts";
import { type Build, Core } from "../assembly/core.ts";
import { answerOf } from "./answer.ts";
import { type Case, readCases } from "./case-file.ts";
import { type Cuts, cutsOf, deliverParts, deliverRaw, type Outcome } from "./delivery.ts";
import { type Message, readMessage } from "./message.ts";

const SEED = 20_250_601;
const CASES = readCases();
const BUILDS: readonly Build[] = ["release", "checked"];

test("there are cases, each with a name of its own", () => {
  expect(CASES.length).toBeGreaterThanOrEqual(60);
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
});

describe.each(BUILDS)("in the %s build", (build) => {
  const core = new Core(build);

  test.each(CASES)("$name", (one) => {
    const { line, notes } = answerOf(core, one);
    expect({ line, notes }).toEqual({ line: one.line, notes: one.notes });
    const landmark = one.raw.indexOf("\r\n\r\n") + 4;
    expectSame(one.raw.length, [landmark], (cuts) => deliverRaw(core, one.raw, cuts));
    const message = partsOf(one);
    if (message === undefined) return;
    expect(deliverParts(core, message, []).line).toBe(one.line);
    expectSame(message.body.length, [0], (cuts) => deliverParts(core, message, cuts));
  });

  test("nothing is left behind", () => {
    expect([core.call("open_count")(), core.call("blocks_used")()]).toEqual([0, 0]);
  });
});

test.each(CASES)("the engine answers the same: $name", (one) => {
  const engine = Engine.load();
  const transaction = engine.begin("203.0.113.7", 0);
  transaction.raw(one.raw);
  transaction.end();
  expect(transaction.line()).toBe(one.line);
  const verdict = transaction.verdict();
  expect(verdict.wouldAction).toBe(one.line.startsWith("block") ? "block" : "pass");
  transaction.free();
  expect(engine.usage).toMatchObject({ open: 0, blocks: 0 });
});

function partsOf({ raw, rawOnly, name }: Case): Message | undefined {
  const message = readMessage(raw);
  if (rawOnly === undefined && typeof message === "string") throw new Error(`${name}: the request ${message}`);
  if (rawOnly !== undefined && typeof message !== "string") throw new Error(`${name}: not raw only, it parses`);
  return typeof message === "string" ? undefined : message;
}

/** Compares whole records, so that spans, excerpts and limits are the same too. */
function expectSame(size: number, landmarks: readonly number[], deliver: (cuts: Cuts) => Outcome): void {
  const whole = deliver([]);
  for (const cuts of cutsOf(size, SEED, landmarks)) {
    const { line, record } = deliver(cuts);
    if (line === whole.line && record.equals(whole.record)) continue;
    expect.fail(`cut at ${cuts.join(",").slice(0, 200)}: ${difference(whole, { line, record })}`);
  }
}

function difference(whole: Outcome, cut: Outcome): string {
  if (cut.line !== whole.line) return `line "${cut.line}" instead of "${whole.line}"`;
  const at = whole.record.findIndex((byte, index) => byte !== cut.record[index]);
  return `the records differ from byte ${at} on (${whole.record[at]} became ${cut.record[at]})`;
}
