/** Lines of the filter's log for tests of those who read it. */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A line as the filter writes it, with its end; each is a group of its own, so that all are kept whole. */
export function lineOf(number: number): string {
  const id = `01JD3Z8K6Q4T${[...String(number).padStart(14, "0")].map((digit) => ALPHABET[Number(digit)]).join("")}`;
  const record = {
    ...{ v: 1, id, ref: id.slice(0, 16), ts: "2026-11-21T10:00:00.000Z", mode: "block", action: "blocked" },
    ...{
      would_action: "block",
      source: "inline",
      app: { name: null, id: 0 },
      client: { ip: "192.0.2.1", list: "deny" },
    },
    request: {
      ...{ id: "", scheme: "http", method: "GET", host: "a", path: `/p${ALPHABET[number % 32]}${number}x` },
      body: { size: 0, inspected: 0, truncated: false },
    },
    ...{ hits: [], limits: { reached: [], parser_anomaly: [], matches_dropped: 0 }, incident: false },
  };
  return `${JSON.stringify({ record, response: { status: 403, size: 1, time_ms: 0 } })}\n`;
}
