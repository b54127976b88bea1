/** One POST to a receiver: to the address that was judged, never redirected, its answer read and not shown. */
import { Agent, request } from "undici";
import type { AddressGuard } from "./guarded-address.ts";
import { SinkError } from "./sink.ts";

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * @returns the answer's text, bounded
 * @throws SinkError where the target is not allowed or does not take it
 */
export async function post(
  guard: AddressGuard,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): Promise<string> {
  const { address, family } = await guard.pick(url.hostname);
  const agent = new Agent({
    connections: 1,
    connect: {
      timeout: TIMEOUT_MS,
      // The name stays for TLS and the Host header; where the connection goes was decided above.
      lookup: (_host, options, done) => {
        if (options.all === true) done(null, [{ address, family }]);
        else done(null, address, family);
      },
    },
  });
  try {
    const response = await request(url, {
      method: "POST",
      headers: { "user-agent": "merlon", ...headers },
      body,
      dispatcher: agent,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      signal: AbortSignal.timeout(2 * TIMEOUT_MS),
    });
    let text = "";
    for await (const chunk of response.body) if (text.length < ANSWER_BYTES_MAX) text += String(chunk);
    if (response.statusCode >= 200 && response.statusCode < 300) return text;
    throw new SinkError(`the receiver answered ${response.statusCode}`);
  } finally {
    await agent.destroy();
  }
}
