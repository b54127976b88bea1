/** Server-sent events read from bytes that are cut anywhere. */
import { expect, test } from "vitest";
import { readEvents } from "../../../../hosts/postanalytics/api/event-stream.ts";

async function eventsIn(chunks: readonly Uint8Array[]): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, data } of readEvents(streamOf(chunks))) found.push(`${name}:${data}`);
  return found;
}

const TEXT =
  'event: record\ndata: {"a":"ä"}\n\n: a comment\n\ndata: one\ndata: two\n\nevent: summary\ndata:\n\nevent: cut';

test("events are the same wherever the bytes are cut", async () => {
  const bytes = Buffer.from(TEXT);
  const whole = ['record:{"a":"ä"}', "message:one\ntwo", "summary:"];
  expect(await eventsIn([bytes])).toEqual(whole);
  for (let at = 1; at < bytes.length; at++) {
    expect(await eventsIn([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
  }
});

test("a message without an end is no reason to fill the memory", async () => {
  const chunk = Buffer.alloc(1 << 19, "x");
  await expect(eventsIn([chunk, chunk, chunk])).rejects.toThrow(/without an end/);
});

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}
