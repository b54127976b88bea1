/**
 * Who may use the live page's API. The link that the terminal prints carries a key that opens one session; the session
 * is a bearer token that the page keeps. No cookie: cookies are shared by all ports of a host. The Host header must be
 * one of our own names, so that a foreign page cannot reach us under a name of its own (DNS rebinding).
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

const SESSIONS_MAX = 16;

function newSecret(): string {
  return randomBytes(18).toString("base64url");
}

function same(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The key of the next session and the tokens of the last SESSIONS_MAX; the oldest of them ends when one more opens. */
export class Access {
  #key = newSecret();
  #sessions: string[] = [];

  /** The key of the next session; used once. */
  get key(): string {
    return this.#key;
  }

  /** Opens a session with the key, which is spent by that. @returns the session's token, or null for a wrong key */
  open(key: string): string | null {
    if (!same(key, this.#key)) return null;
    this.#key = newSecret();
    const token = newSecret();
    this.#sessions = [token, ...this.#sessions].slice(0, SESSIONS_MAX);
    return token;
  }

  /** Whether the request carries an open session's token. */
  allows(request: Pick<IncomingMessage, "headers">): boolean {
    const header = request.headers.authorization ?? "";
    return header.startsWith("Bearer ") && this.#sessions.some((token) => same(header.slice(7), token));
  }
}

/** Whether the request was sent to one of our own names, as its Host header says; one without it was not. */
export function isOwnHost(request: IncomingMessage, port: number): boolean {
  const host = request.headers.host ?? "";
  return [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`].includes(host);
}
