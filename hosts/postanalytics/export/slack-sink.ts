/**
 * Messages in Slack's format, which other chats take as well: a line for each of the first records, the rest counted.
 */
import type { AttackRecord } from "../../records/record.ts";
import type { AddressGuard } from "./guarded-address.ts";
import { post } from "./http-delivery.ts";
import type { Sink } from "./sink.ts";

const LINES_MAX = 10;
const TEXT_CHARS_MAX = 120;

/** What a client wrote as text that mentions nobody, links nowhere and formats nothing. */
export function slackText(text: string): string {
  const line = text.replace(/[\p{C}\u2028\u2029]/gu, "?").slice(0, TEXT_CHARS_MAX);
  // A zero-width space breaks what Slack would read as a mark of its own or as a link.
  const plain = line.replace(/[*_~`@#|]|:\/\//g, (mark) => `${mark[0]}\u200b${mark.slice(1)}`);
  return plain.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** @returns the message of a batch */
export function slackMessage(batch: readonly AttackRecord[]): { readonly text: string; readonly mrkdwn: false } {
  const lines = batch.slice(0, LINES_MAX).map(({ hits, request, client, action, ref }) => {
    const types = [...new Set(hits.map(({ type }) => type))].join(", ");
    const target = `${slackText(request.method)} ${slackText(request.host + request.path)}`;
    return `• ${slackText(types)} ${action} ${target} from ${slackText(client.ip)} (${ref})`;
  });
  const more = batch.length > LINES_MAX ? [`… and ${batch.length - LINES_MAX} more`] : [];
  const title = batch.length === 1 ? "Merlon: 1 record" : `Merlon: ${batch.length} records`;
  return { text: [title, ...lines, ...more].join("\n"), mrkdwn: false };
}

/** @returns a sink that writes messages */
export function slackSink(guard: AddressGuard, url: URL): Sink {
  return {
    deliver: async (batch) => {
      await post(guard, url, { "content-type": "application/json" }, JSON.stringify(slackMessage(batch)));
    },
    close: async () => {},
  };
}
