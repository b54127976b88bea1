/** Messages for chats: what a client wrote mentions nobody, links nowhere and formats nothing. */
import { describe, expect, test } from "vitest";
import { type slackMessage, slackSink, slackText } from "../../../../hosts/postanalytics/export/slack-sink.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { LOOPBACK, startReceiver } from "./stage.ts";

describe("text", () => {
  test.each([
    ["<!channel>", "&lt;!channel&gt;"],
    ["<https://evil.example|click>", "&lt;https:\u200b//evil.example|\u200bclick&gt;"],
    ["*bold* _it_ ~no~ `code`", "*\u200bbold*\u200b _\u200bit_\u200b ~\u200bno~\u200b `\u200bcode`\u200b"],
    ["@here #general", "@\u200bhere #\u200bgeneral"],
    ["a\nb\u202ec", "a?b?c"],
    ["&lt;", "&amp;lt;"],
  ])("%j is written %j", (text, shown) => expect(slackText(text)).toBe(shown));

  test("is short", () => expect(slackText("x".repeat(5000)).length).toBeLessThanOrEqual(120));
});

test("a message has a line for each of the first records, and counts the rest", async () => {
  const receiver = await startReceiver();
  const batch = Array.from({ length: 13 }, () => sampleRecord({ hits: [sampleHit(), sampleHit({ type: "xss" })] }));
  await slackSink(LOOPBACK, receiver.url).deliver(batch);
  const { text, mrkdwn }: ReturnType<typeof slackMessage> = JSON.parse(receiver.received[0]?.body ?? "{}");
  expect(mrkdwn).toBe(false);
  const lines = text.split("\n");
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([12, "Merlon: 13 records", "… and 3 more"]);
  expect(lines[1]).toBe(`• sqli, xss blocked GET shop.example/articles/7 from 203.0.113.7 (${batch[0]?.ref})`);
});
