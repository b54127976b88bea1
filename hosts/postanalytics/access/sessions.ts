/**
 * Sessions: what a browser shows with its cookie. Only a hash is kept. A session ends when it is not used for a while,
 * and in any case after a day's work; its token changes every hour, and at every login, so that one that leaked or was
 * planted is soon worth nothing.
 */
import type { Database, Row } from "../store/database.ts";
import { WAYS, type Way } from "./identity.ts";
import { hashSecret, newSecret } from "./secret.ts";
import { numberOf, textOf } from "./tables.ts";

/** How long sessions live, milliseconds. */
export interface SessionTimes {
  readonly idleMs: number;
  readonly longestMs: number;
  /** Age at which a token is replaced. */
  readonly renewMs: number;
}

/** Of people at work. */
export const SESSION_TIMES: SessionTimes = { idleMs: 3_600_000, longestMs: 43_200_000, renewMs: 3_600_000 };
/** Requests that were under way when the token changed still carry the old one. */
const GRACE_MS = 60_000;
/** Use is noted no more often, so that reading does not write. */
const NOTE_MS = 60_000;
/** Of one user; the oldest ends when one more begins. */
const SESSIONS_MAX = 20;

/** A session that was found. */
export interface Session {
  /** What is kept of its token. */
  readonly hash: string;
  readonly user: string;
  readonly by: Way;
  readonly idleUntil: number;
  readonly endsAt: number;
  /** A new token for the cookie, where it is time. */
  readonly renewed: string | null;
}

/** The sessions of a database. */
export class Sessions {
  readonly #database: Database;
  readonly #times: SessionTimes;
  readonly #now: () => number;

  constructor(database: Database, times: SessionTimes = SESSION_TIMES, now: () => number = Date.now) {
    this.#database = database;
    this.#times = times;
    this.#now = now;
  }

  /** Opens a session. @returns its token, which is kept nowhere */
  async open(user: string, by: Way): Promise<{ readonly token: string; readonly session: Session }> {
    const now = this.#now();
    const token = newSecret();
    const hash = hashSecret(token);
    const endsAt = now + this.#times.longestMs;
    await this.#database.transaction(async (inside) => {
      const idle = now - this.#times.idleMs;
      await inside.query("DELETE FROM console_sessions WHERE ends_at <= ? OR seen_at <= ?", [now, idle]);
      const own = "SELECT hash FROM console_sessions WHERE user_name = ? ORDER BY created_at DESC, hash LIMIT ?";
      await inside.query(`DELETE FROM console_sessions WHERE user_name = ? AND hash NOT IN (${own})`, [
        ...[user, user, SESSIONS_MAX - 1],
      ]);
      await inside.query(
        `INSERT INTO console_sessions
           (hash, user_name, by_way, created_at, seen_at, ends_at, renewed_at, previous, previous_until)
         VALUES (?, ?, ?, ?, ?, ?, ?, NULL, 0)`,
        [hash, user, by, now, now, endsAt, now],
      );
    });
    return { token, session: { hash, user, by, idleUntil: now + this.#times.idleMs, endsAt, renewed: null } };
  }

  /** @returns the session of a token, noted as used; null where it is none or has ended */
  async find(token: string): Promise<Session | null> {
    const now = this.#now();
    const hash = hashSecret(token);
    const [row] = await this.#database.query(
      `SELECT * FROM console_sessions
       WHERE (hash = ? OR (previous = ? AND previous_until > ?)) AND ends_at > ? AND seen_at > ?`,
      [hash, hash, now, now, now - this.#times.idleMs],
    );
    if (row === undefined) return null;
    const renewed = await this.#renew(row, hash, now);
    const current = renewed === null ? textOf(row, "hash") : hashSecret(renewed);
    if (now - numberOf(row, "seen_at") >= Math.min(NOTE_MS, this.#times.idleMs / 4)) {
      await this.#database.query("UPDATE console_sessions SET seen_at = ? WHERE hash = ?", [now, current]);
    }
    const by = WAYS.find((way) => way === row["by_way"]) ?? "password";
    const idleUntil = now + this.#times.idleMs;
    return { hash: current, user: textOf(row, "user_name"), by, idleUntil, endsAt: numberOf(row, "ends_at"), renewed };
  }

  /** Of requests at the same time only one gets the new token. */
  async #renew(row: Row, hash: string, now: number): Promise<string | null> {
    if (textOf(row, "hash") !== hash || now - numberOf(row, "renewed_at") < this.#times.renewMs) return null;
    const token = newSecret();
    const changed = await this.#database.query(
      `UPDATE console_sessions SET hash = ?, previous = ?, previous_until = ?, renewed_at = ?
       WHERE hash = ? RETURNING hash`,
      [hashSecret(token), hash, now + GRACE_MS, now, hash],
    );
    return changed.length === 0 ? null : token;
  }

  /** Ends one session. */
  async end(hash: string): Promise<void> {
    await this.#database.query("DELETE FROM console_sessions WHERE hash = ?", [hash]);
  }

  /** Ends all sessions of a user, but for one if it is named. */
  async endAllOf(user: string, but = ""): Promise<void> {
    await this.#database.query("DELETE FROM console_sessions WHERE user_name = ? AND hash <> ?", [user, but]);
  }
}
