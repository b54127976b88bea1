/** The page's calls to its server: the session from the link's key, state, stream, switch and samples. */
import type { FeedEvent, FeedSummary } from "../feed.ts";

export type { FeedEvent, FeedLayer, FeedMatch, FeedSummary } from "../feed.ts";

/** What a button needs of a sample; the request itself stays with the server. */
export interface SampleInfo {
  readonly id: string;
  readonly label: string;
  readonly about: string;
  readonly harmless: boolean;
}

/** What does not come by the stream. */
export interface State {
  readonly mode: string;
  readonly proxyPort: number;
  readonly samples: readonly SampleInfo[];
}

const TOKEN = "merlon-token";

/** Why a call failed, as the server says it. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN) ?? "";
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(`/api/${path}`, { ...init, headers });
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  const told = typeof body === "object" && body !== null && "error" in body ? String(body.error) : response.statusText;
  throw new ApiError(response.status, told);
}

async function post(path: string, body: unknown): Promise<unknown> {
  return await (await call(path, { method: "POST", body: JSON.stringify(body) })).json();
}

/** Spends the key of the page's address, if it has one, on a session. @throws ApiError 401 where it was spent before */
export async function openSession(): Promise<void> {
  const hash = new URLSearchParams(location.hash.slice(1));
  const key = hash.get("k");
  if (key === null) return;
  hash.delete("k");
  history.replaceState(null, "", hash.size > 0 ? `#${hash}` : location.pathname);
  const answer = await post("session", { key });
  if (typeof answer === "object" && answer !== null && "token" in answer) {
    sessionStorage.setItem(TOKEN, String(answer.token));
  }
}

/** Asks for mode, port and samples. @throws ApiError 401 without a session */
export async function getState(): Promise<State> {
  return (await (await call("state")).json()) as State;
}

/** Asks for the last verdicts, newest first. @throws ApiError 401 without a session */
export async function getEvents(): Promise<FeedEvent[]> {
  return (await (await call("events")).json()) as FeedEvent[];
}

/** Switches between `monitoring` and `block`. @throws ApiError 400 for any other mode */
export async function setMode(mode: string): Promise<void> {
  await post("mode", { mode });
}

/** Sends a sample through the proxy. @returns the answer's status, 0 where none came */
export async function sendSample(sample: string): Promise<number> {
  const answer = await post("send", { sample });
  return typeof answer === "object" && answer !== null && "status" in answer ? Number(answer.status) : 0;
}

/** Who is told what the stream says. */
export interface StreamHandlers {
  /** The stream has begun: no verdict from now on is missed. */
  readonly opened: () => void;
  readonly verdict: (event: FeedEvent) => void;
  readonly summary: (summary: FeedSummary & { readonly mode: string }) => void;
}

/** Follows the stream until it breaks. EventSource cannot send a token, so its format is read here. */
export async function follow(handlers: StreamHandlers): Promise<void> {
  const response = await call("stream");
  handlers.opened();
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const messages = (rest + value).split("\n\n");
    rest = messages.pop() ?? "";
    for (const message of messages) {
      const [, name = "", data = ""] = /^event: (\w+)\ndata: (.*)$/s.exec(message) ?? [];
      if (name === "verdict") handlers.verdict(JSON.parse(data) as FeedEvent);
      if (name === "summary") handlers.summary(JSON.parse(data) as FeedSummary & { mode: string });
    }
  }
}
