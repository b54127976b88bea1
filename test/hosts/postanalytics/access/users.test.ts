/** Users on both databases: passwords, locks, and that somebody always rules. */
import { describe, expect, test } from "vitest";
import { Sessions } from "../../../../hosts/postanalytics/access/sessions.ts";
import { Tokens } from "../../../../hosts/postanalytics/access/tokens.ts";
import { roleOf, Users } from "../../../../hosts/postanalytics/access/users.ts";
import { DIALECTS } from "../store/stage.ts";
import { Clock, consoleDatabase } from "./stage.ts";

function passwordOf(added: object | string): string {
  if (typeof added === "object" && "password" in added) return String(added.password);
  throw new Error(`not added: ${JSON.stringify(added)}`);
}

describe.for(DIALECTS)("users on %s", { timeout: 120_000 }, (dialect) => {
  test("sign in with their password alone, and not when they are locked", async (context) => {
    const clock = new Clock();
    const users = new Users(await consoleDatabase(context, dialect), clock.now);
    expect(await users.isEmpty()).toBe(true);
    const password = passwordOf(await users.add("ada", "admin", null));
    expect(await users.isEmpty()).toBe(false);
    passwordOf(await users.add("bob", "viewer", ["shop"]));
    expect(await users.add("bob", "admin", null)).toBe("exists");
    expect(await users.signIn("ada", `${password}x`)).toBe(null);
    expect(await users.signIn("eve", password)).toBe(null);
    expect(await users.signIn("ada", password)).toMatchObject({ name: "ada", role: "admin", mustChangePassword: true });
    expect(await users.find("ada")).toMatchObject({ lastLoginAt: clock.ms });
    expect(await users.changePassword("ada", "wrong", "a long new password")).toBe(false);
    expect(await users.changePassword("ada", password, "a long new password")).toBe(true);
    expect(await users.signIn("ada", password)).toBe(null);
    expect(await users.signIn("ada", "a long new password")).toMatchObject({ mustChangePassword: false });
    const reset = passwordOf(await users.resetPassword("bob"));
    expect(await users.change("bob", { locked: true })).toMatchObject({ after: { locked: true, tenants: ["shop"] } });
    expect(await users.signIn("bob", reset)).toBe(null);
    expect((await users.list()).map(({ name }) => name)).toEqual(["ada", "bob"]);
  });

  test("always have somebody who rules", async (context) => {
    const users = new Users(await consoleDatabase(context, dialect));
    await users.add("ada", "admin", null);
    await users.add("bob", "admin", ["shop"]);
    expect(await users.change("ada", { role: "editor" })).toBe("last admin");
    expect(await users.change("ada", { tenants: [] })).toBe("last admin");
    expect(await users.change("ada", { locked: true })).toBe("last admin");
    expect(await users.remove("ada")).toBe("last admin");
    expect(await users.change("bob", { tenants: null })).toMatchObject({ before: { tenants: ["shop"] } });
    expect(await users.remove("ada")).toMatchObject({ name: "ada" });
    expect(await users.remove("ada")).toBe("unknown");
    expect(await users.change("ada", {})).toBe("unknown");
    expect(await users.resetPassword("ada")).toBe("unknown");
  });

  test("take their sessions and tokens with them", async (context) => {
    const database = await consoleDatabase(context, dialect);
    const users = new Users(database);
    await users.add("ada", "admin", null);
    await users.add("bob", "viewer", null);
    const { token } = await new Sessions(database).open("bob", "password");
    const terms = { name: "ci", user: "bob", role: "viewer", tenants: null, lifeMs: null } as const;
    const added = await new Tokens(database, "api").add(terms);
    await users.remove("bob");
    expect(await new Sessions(database).find(token)).toBe(null);
    expect(await new Tokens(database, "api").find(added?.token ?? "")).toBe(null);
  });

  test("that an identity provider vouches for never take over a name with a password", async (context) => {
    const users = new Users(await consoleDatabase(context, dialect));
    await users.add("ada", "admin", null);
    expect(await users.vouch("ada", "admin", null)).toBe(null);
    expect(await users.vouch("eve@example.com", "viewer", ["shop"])).toMatchObject({ by: "oidc", role: "viewer" });
    expect(await users.vouch("eve@example.com", "editor", null)).toMatchObject({ role: "editor", tenants: null });
    expect(await users.signIn("eve@example.com", "")).toBe(null);
    expect(await users.resetPassword("eve@example.com")).toBe("no password");
    await users.change("eve@example.com", { locked: true });
    expect(await users.vouch("eve@example.com", "editor", null)).toMatchObject({ locked: true });
  });
});

test("a role that nobody knows is the weakest", () => {
  expect(roleOf({ role: "root" })).toBe("viewer");
  expect(roleOf({ role: "admin" })).toBe("admin");
});
