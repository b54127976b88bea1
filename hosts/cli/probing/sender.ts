/**
 * Sends probes to one address and reads the verdict from the answer: the status of the block page, or, where a
 * deployment only monitors, the header that it adds for probes. Nothing goes anywhere else: no redirect is followed.
 */
import * as http from "node:http";
import * as https from "node:https";
import { MerlonError } from "../../core/error.ts";
import { type ProbeRequest, targetOf } from "./placement.ts";

/** What became of a probe; `failed` where there was no answer. */
export type Outcome = "blocked" | "passed" | "failed";

/** How probes are sent. */
export interface SenderOptions {
  /** `http` or `https`; the path is the base of every probe. */
  readonly url: URL;
  readonly blockStatus: number;
  /** Accept any certificate. */
  readonly insecure: boolean;
  /** Connections, hence requests in progress. */
  readonly concurrency: number;
  readonly timeoutMs: number;
}

/** A deployment that monitors says here what it would have done. */
const ACTION_HEADER = "x-merlon-action";
const PROBE_HEADERS = { "x-merlon-probe": "1", accept: "*/*" };
const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/** A connection pool to one address. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #agent: http.Agent;

  constructor(options: SenderOptions) {
    this.#options = options;
    const settings = { keepAlive: true, maxSockets: options.concurrency };
    this.#agent =
      options.url.protocol === "https:"
        ? new https.Agent({ ...settings, rejectUnauthorized: !options.insecure })
        : new http.Agent(settings);
  }

  /** Sends one request; never throws for what the other side does. */
  async send(probe: ProbeRequest): Promise<Outcome> {
    try {
      return await this.#exchange(probe);
    } catch {
      return "failed";
    }
  }

  /**
   * Sends a request that must be answered.
   * @throws MerlonError MERLON_UPSTREAM when it is not
   */
  async sendFirst(probe: ProbeRequest): Promise<Outcome> {
    try {
      return await this.#exchange(probe);
    } catch (cause) {
      const { origin } = this.#options.url;
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no valid HTTP";
      const fix = "check the address and that something listens there";
      throw new MerlonError("MERLON_UPSTREAM", `${origin} does not answer — ${code}; ${fix}`, { cause });
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange(probe: ProbeRequest): Promise<Outcome> {
    const { url, timeoutMs } = this.#options;
    const body = Buffer.from(probe.body, "latin1");
    const length = body.length === 0 ? {} : { "content-length": String(body.length) };
    const { request } = url.protocol === "https:" ? https : http;
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          agent: this.#agent,
          host: url.hostname.replace(/^\[|\]$/g, ""),
          port: url.port,
          method: probe.method,
          path: targetOf(url.pathname, probe),
          headers: { host: url.host, "user-agent": AGENT, ...PROBE_HEADERS, ...length, ...probe.headers },
          timeout: timeoutMs,
        },
        (response) => {
          resolve(this.#outcomeOf(response));
          // The verdict stands in the head; the body is read for the connection's sake alone.
          response.on("error", () => {});
          response.resume();
        },
      );
      sent.on("timeout", () => sent.destroy(new Error("timeout")));
      sent.on("error", reject);
      sent.end(body);
    });
  }

  #outcomeOf({ statusCode, headers }: http.IncomingMessage): Outcome {
    const action = headers[ACTION_HEADER];
    if (statusCode === this.#options.blockStatus) return "blocked";
    return typeof action === "string" && /\bblock(?:ed)?\b/i.test(action.replaceAll("_", " ")) ? "blocked" : "passed";
  }
}
