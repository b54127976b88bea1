/** Reads server-sent events from a response, for programs that send a token, which EventSource cannot. */

/** One event. */
export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

/** A message is never longer: the server tells lines of a list. */
const MESSAGE_CHARS_MAX = 1 << 20;

/**
 * @returns events until the stream ends; comments and fields other than `event` and `data` are left out
 * @throws Error where a message has no end
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const messages = rest.split("\n\n");
    rest = messages.pop() ?? "";
    if (rest.length > MESSAGE_CHARS_MAX) throw new Error("the stream sends a message without an end");
    for (const message of messages) {
      const event = eventOf(message);
      if (event !== null) yield event;
    }
  }
}

function eventOf(message: string): StreamEvent | null {
  let name = "message";
  const lines: string[] = [];
  for (const line of message.split("\n")) {
    const [, field = "", value = ""] = /^(\w+):? ?(.*)$/s.exec(line) ?? [];
    if (field === "event") name = value;
    if (field === "data") lines.push(value);
  }
  return lines.length === 0 ? null : { name, data: lines.join("\n") };
}
