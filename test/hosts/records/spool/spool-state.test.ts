/** What a spool remembers: written and read, and nothing that cannot be read is believed. */
import { expect, test } from "vitest";
import { readState, writeState } from "../../../../hosts/records/spool/spool-state.ts";
import { randomBy, SimulatedDisk } from "./simulated-disk.ts";

const NEW = { cursor: { segment: 0, offset: 0 }, next: 1, dropped: 0 };

test("a state is read as it was written", async () => {
  const disk = new SimulatedDisk(randomBy(1));
  expect(await readState(disk)).toEqual(NEW);
  const state = { cursor: { segment: 3, offset: 99 }, next: 8, dropped: 2 };
  await writeState(disk, state);
  expect(await readState(disk)).toEqual(state);
});

test.each(["", "{", "null", '{"cursor":{"segment":-1,"offset":0},"next":1,"dropped":0}'])(
  "%j is no state: the spool begins as new and finds its segments",
  async (content) => {
    const disk = new SimulatedDisk(randomBy(1));
    await disk.replace("state.json", Buffer.from(content));
    expect(await readState(disk)).toEqual(NEW);
  },
);
