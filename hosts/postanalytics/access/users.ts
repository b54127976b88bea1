/** Users: names, roles, the applications they may see, and what is kept of their passwords. */
import { ROLES, type Role } from "../api/operations.ts";
import type { Database, Queryable, Row } from "../store/database.ts";
import { hashPassword, isPassword } from "./password.ts";
import { newPassword } from "./secret.ts";
import { numberOf, numberOrNull, tenantsOf, tenantsText, textOf, textOrNull } from "./tables.ts";

/** A user. Times are milliseconds since 1970. */
export interface User {
  readonly name: string;
  readonly role: Role;
  /** Null for all applications. */
  readonly tenants: readonly string[] | null;
  /** Who vouches: a password of ours, or an identity provider. */
  readonly by: "password" | "oidc";
  readonly locked: boolean;
  readonly mustChangePassword: boolean;
  readonly createdAt: number;
  readonly lastLoginAt: number | null;
}

/** What is to change of a user; what is absent stays. */
export interface UserChange {
  readonly role?: Role | undefined;
  readonly tenants?: readonly string[] | null | undefined;
  readonly locked?: boolean | undefined;
}

/** Why a change of users is refused. */
export type UserRefusal = "exists" | "unknown" | "last admin" | "too many" | "no password";

/** Nobody needs more, and lists stay short. */
const USERS_MAX = 5000;

/** The users of a database. */
export class Users {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number = Date.now) {
    this.#database = database;
    this.#now = now;
  }

  /** All of them, by name. */
  async list(): Promise<readonly User[]> {
    return (await this.#database.query("SELECT * FROM console_users ORDER BY name")).map(userOf);
  }

  async find(name: string): Promise<User | null> {
    const [row] = await this.#database.query("SELECT * FROM console_users WHERE name = ?", [name]);
    return row === undefined ? null : userOf(row);
  }

  /** Whether there is none yet: this is the first start. */
  async isEmpty(): Promise<boolean> {
    return (await this.#database.query("SELECT name FROM console_users LIMIT 1")).length === 0;
  }

  /**
   * Adds a user who must change the password at first.
   * @returns the password, which nobody can ask for again
   */
  async add(
    name: string,
    role: Role,
    tenants: readonly string[] | null,
    mustChange = true,
  ): Promise<{ readonly password: string } | UserRefusal> {
    const [counted] = await this.#database.query("SELECT COUNT(*) AS users FROM console_users");
    if (numberOf(counted, "users") >= USERS_MAX) return "too many";
    const password = newPassword();
    const values = [name, role, tenantsText(tenants), await hashPassword(password), mustChange ? 1 : 0, this.#now()];
    const added = await this.#database.query(
      `INSERT INTO console_users (name, role, tenants, password, by_way, locked, must_change, created_at)
       VALUES (?, ?, ?, ?, 'password', 0, ?, ?) ON CONFLICT (name) DO NOTHING RETURNING name`,
      values,
    );
    return added.length === 0 ? "exists" : { password };
  }

  /** Notes what an identity provider says of somebody. @returns null where the name has a password of ours */
  async vouch(name: string, role: Role, tenants: readonly string[] | null): Promise<User | null> {
    const rows = await this.#database.query(
      `INSERT INTO console_users (name, role, tenants, by_way, locked, must_change, created_at)
       VALUES (?, ?, ?, 'oidc', 0, 0, ?)
       ON CONFLICT (name) DO UPDATE SET role = excluded.role, tenants = excluded.tenants
       WHERE console_users.by_way = 'oidc' RETURNING *`,
      [name, role, tenantsText(tenants), this.#now()],
    );
    return rows[0] === undefined ? null : userOf(rows[0]);
  }

  /** @returns the user if the password is right and the user is not locked; takes as long for names that are none */
  async signIn(name: string, password: string): Promise<User | null> {
    const [row] = await this.#database.query("SELECT * FROM console_users WHERE name = ?", [name]);
    const right = await isPassword(password, textOrNull(row, "password"));
    if (row === undefined || !right || numberOf(row, "locked") !== 0) return null;
    await this.noteLogin(name);
    return userOf(row);
  }

  async noteLogin(name: string): Promise<void> {
    await this.#database.query("UPDATE console_users SET last_login_at = ? WHERE name = ?", [this.#now(), name]);
  }

  /** @returns the user before and after */
  async change(name: string, change: UserChange): Promise<{ before: User; after: User } | UserRefusal> {
    return await this.#database.transaction(async (inside) => {
      const before = await findInside(inside, name);
      if (before === null) return "unknown";
      const { role = before.role, tenants = before.tenants, locked = before.locked } = change;
      const after: User = { ...before, role, tenants, locked };
      if (rules(before) && !rules(after) && (await othersWhoRule(inside, name)) === 0) return "last admin";
      const values = [role, tenantsText(tenants), locked ? 1 : 0, name];
      await inside.query("UPDATE console_users SET role = ?, tenants = ?, locked = ? WHERE name = ?", values);
      return { before, after };
    });
  }

  async remove(name: string): Promise<User | UserRefusal> {
    return await this.#database.transaction(async (inside) => {
      const user = await findInside(inside, name);
      if (user === null) return "unknown";
      if (rules(user) && (await othersWhoRule(inside, name)) === 0) return "last admin";
      await inside.query("DELETE FROM console_sessions WHERE user_name = ?", [name]);
      await inside.query("DELETE FROM console_tokens WHERE kind = 'api' AND user_name = ?", [name]);
      await inside.query("DELETE FROM console_users WHERE name = ?", [name]);
      return user;
    });
  }

  /** Makes a new password for somebody, who must change it. */
  async resetPassword(name: string): Promise<{ readonly password: string } | UserRefusal> {
    const user = await this.find(name);
    if (user === null) return "unknown";
    if (user.by !== "password") return "no password";
    const password = newPassword();
    await this.#keep(name, password, 1);
    return { password };
  }

  /** Changes one's own password. @returns false where the current one is wrong */
  async changePassword(name: string, current: string, next: string): Promise<boolean> {
    const [row] = await this.#database.query("SELECT password FROM console_users WHERE name = ?", [name]);
    if (!(await isPassword(current, textOrNull(row, "password")))) return false;
    await this.#keep(name, next, 0);
    return true;
  }

  async #keep(name: string, password: string, mustChange: number): Promise<void> {
    const hash = await hashPassword(password);
    await this.#database.query("UPDATE console_users SET password = ?, must_change = ? WHERE name = ?", [
      hash,
      mustChange,
      name,
    ]);
  }
}

/** Whether somebody can mend everything: somebody must. */
function rules(user: User): boolean {
  return user.role === "admin" && user.tenants === null && !user.locked;
}

async function findInside(inside: Queryable, name: string): Promise<User | null> {
  const [row] = await inside.query("SELECT * FROM console_users WHERE name = ?", [name]);
  return row === undefined ? null : userOf(row);
}

async function othersWhoRule(inside: Queryable, name: string): Promise<number> {
  const [row] = await inside.query(
    `SELECT COUNT(*) AS others FROM console_users
     WHERE role = 'admin' AND tenants IS NULL AND locked = 0 AND name <> ?`,
    [name],
  );
  return numberOf(row, "others");
}

/** @returns the role of a column; the weakest for what is none */
export function roleOf(row: Row | undefined): Role {
  const written = textOf(row, "role");
  return ROLES.find((role) => role === written) ?? "viewer";
}

function userOf(row: Row): User {
  return {
    name: textOf(row, "name"),
    role: roleOf(row),
    tenants: tenantsOf(row),
    by: textOf(row, "by_way") === "oidc" ? "oidc" : "password",
    locked: numberOf(row, "locked") !== 0,
    mustChangePassword: numberOf(row, "must_change") !== 0,
    createdAt: numberOf(row, "created_at"),
    lastLoginAt: numberOrNull(row, "last_login_at"),
  };
}
