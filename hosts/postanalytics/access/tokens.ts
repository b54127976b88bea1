/**
 * Tokens for programs: of people for the API, and of nodes for sending records. A token carries its own number, so that
 * one row is looked up and one hash compared; the secret behind it is shown once and kept as a hash.
 */
import { randomBytes } from "node:crypto";
import type { Role } from "../api/operations.ts";
import type { Database, Row } from "../store/database.ts";
import { hashSecret, newSecret, sameText } from "./secret.ts";
import { numberOf, numberOrNull, tenantsOf, tenantsText, textOf } from "./tables.ts";
import { roleOf } from "./users.ts";

/** What a token is for: the API, or the intake of records. */
export type TokenKind = "api" | "node";

/** A token as it is kept. Times are milliseconds since 1970. */
export interface TokenInfo {
  readonly id: string;
  /** For people; the node's name for a node's. */
  readonly name: string;
  /** Who made it; an API token can do no more than this user. */
  readonly user: string;
  readonly role: Role;
  readonly tenants: readonly string[] | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
}

/** A token to be. */
export interface TokenTerms extends Pick<TokenInfo, "name" | "user" | "role" | "tenants"> {
  /** Null for ever. */
  readonly lifeMs: number | null;
}

/** Secret scanners find tokens by it. */
const PREFIX = "mrl";
const ID_BYTES = 9;
const TOKEN = /^mrl(?:api|node)_([A-Za-z0-9_-]{12})([A-Za-z0-9_-]{32})$/;
const NOTE_MS = 60_000;
const TOKENS_OF_USER_MAX = 50;
const NODE_TOKENS_MAX = 10_000;

/** The tokens of a database, of one kind. */
export class Tokens {
  readonly #database: Database;
  readonly #kind: TokenKind;
  readonly #now: () => number;

  constructor(database: Database, kind: TokenKind, now: () => number = Date.now) {
    this.#database = database;
    this.#kind = kind;
    this.#now = now;
  }

  /** @param user only those of this user; all where null */
  async list(user: string | null): Promise<readonly TokenInfo[]> {
    const [where, values] = user === null ? ["", []] : [" AND user_name = ?", [user]];
    const rows = await this.#database.query(
      `SELECT * FROM console_tokens WHERE kind = ?${where} ORDER BY created_at DESC, id`,
      [this.#kind, ...values],
    );
    return rows.map(infoOf);
  }

  /** @returns the token, shown this once, or null where there are too many */
  async add(terms: TokenTerms): Promise<{ readonly token: string; readonly info: TokenInfo } | null> {
    const now = this.#now();
    await this.#database.query("DELETE FROM console_tokens WHERE expires_at <= ?", [now]);
    const others = await this.list(this.#kind === "api" ? terms.user : null);
    if (others.length >= (this.#kind === "api" ? TOKENS_OF_USER_MAX : NODE_TOKENS_MAX)) return null;
    const { lifeMs, ...rest } = terms;
    const id = randomBytes(ID_BYTES).toString("base64url");
    const secret = newSecret();
    const expiresAt = lifeMs === null ? null : now + lifeMs;
    const tenants = tenantsText(terms.tenants);
    await this.#database.query(
      `INSERT INTO console_tokens (id, hash, kind, name, user_name, role, tenants, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [id, hashSecret(secret), this.#kind, terms.name, terms.user, terms.role, tenants, now, expiresAt],
    );
    const info = { ...rest, id, createdAt: now, expiresAt, lastUsedAt: null };
    return { token: `${PREFIX}${this.#kind}_${id}${secret}`, info };
  }

  /** @returns what is known of a token that somebody shows; null where it is none, or of another kind, or expired */
  async find(token: string): Promise<TokenInfo | null> {
    const [, id = "", secret = ""] = TOKEN.exec(token) ?? [];
    if (id === "" || !token.startsWith(`${PREFIX}${this.#kind}_`)) return null;
    const sql = "SELECT * FROM console_tokens WHERE id = ? AND kind = ?";
    const [row] = await this.#database.query(sql, [id, this.#kind]);
    if (row === undefined || !sameText(textOf(row, "hash"), hashSecret(secret))) return null;
    const info = infoOf(row);
    const now = this.#now();
    if (info.expiresAt !== null && info.expiresAt <= now) return null;
    if (now - (info.lastUsedAt ?? 0) >= NOTE_MS) {
      await this.#database.query("UPDATE console_tokens SET last_used_at = ? WHERE id = ?", [now, id]);
    }
    return info;
  }

  /**
   * @param user whose it must be; anybody's where null. @returns what was removed, null where there is no such token
   */
  async remove(id: string, user: string | null): Promise<TokenInfo | null> {
    const [where, values] = user === null ? ["", []] : [" AND user_name = ?", [user]];
    const rows = await this.#database.query(
      `DELETE FROM console_tokens WHERE id = ? AND kind = ?${where} RETURNING *`,
      [id, this.#kind, ...values],
    );
    return rows[0] === undefined ? null : infoOf(rows[0]);
  }
}

function infoOf(row: Row): TokenInfo {
  return {
    id: textOf(row, "id"),
    name: textOf(row, "name"),
    user: textOf(row, "user_name"),
    role: roleOf(row),
    tenants: tenantsOf(row),
    createdAt: numberOf(row, "created_at"),
    expiresAt: numberOrNull(row, "expires_at"),
    lastUsedAt: numberOrNull(row, "last_used_at"),
  };
}
