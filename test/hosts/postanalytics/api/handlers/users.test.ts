/** Users and tokens by the API. */
import { describe, expect, test } from "vitest";
import { createClient } from "../../../../../hosts/postanalytics/api/client.ts";
import { Browser, startConsole } from "../../stage.ts";

const TIMEOUT = { timeout: 60_000 };

describe("users", TIMEOUT, () => {
  test("are added with a password that is shown once, changed, and removed", async () => {
    const stage = await startConsole();
    const admin = await stage.as("admin");
    const { password } = await admin.call("addUser", {
      body: { name: "bob@example.com", role: "viewer", tenants: ["shop"] },
    });
    expect((await new Browser(stage.origin).login("bob@example.com", password)).status).toBe(200);
    const again = admin.call("addUser", { body: { name: "bob@example.com", role: "viewer" } });
    await expect(again).rejects.toMatchObject({ status: 409, field: "body.name" });
    const path = { name: "bob@example.com" };
    expect(await admin.call("changeUser", { path, body: { role: "editor", tenants: null } })).toMatchObject({
      role: "editor",
    });
    const reset = await admin.call("resetPassword", { path });
    expect((await new Browser(stage.origin).login("bob@example.com", password)).status).toBe(401);
    expect((await new Browser(stage.origin).login("bob@example.com", reset.password)).status).toBe(200);
    expect((await admin.call("users", {})).items.map(({ name }) => name)).toContain("bob@example.com");
    await admin.call("removeUser", { path });
    await expect(admin.call("removeUser", { path })).rejects.toMatchObject({ status: 404 });
    const log = JSON.stringify(await stage.console.parts.audit.list({ limit: 50 }));
    expect(log).not.toContain(password);
    expect(log).not.toContain(reset.password);
    expect(log).toContain('{"field":"role","before":"viewer","after":"editor"}');
  });

  test("always leave somebody who rules", async () => {
    const stage = await startConsole();
    const admin = await stage.as("admin");
    const { name } = await admin.call("session", {});
    await admin.call("removeUser", { path: { name: "admin" } });
    const leaving = admin.call("changeUser", { path: { name }, body: { locked: true } });
    await expect(leaving).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining("nobody would be left"),
    });
  });

  test.for(["", "a b", "-x", "a\nb", "x".repeat(129), "<b>"])("cannot be called %j", async (name) => {
    const stage = await startConsole();
    const admin = await stage.as("admin");
    const adding = admin.call("addUser", { body: { name, role: "viewer" } });
    await expect(adding).rejects.toMatchObject({ status: 400, field: "body.name" });
  });
});

describe("tokens", TIMEOUT, () => {
  test("can do no more than who makes them, nor make others, and follow their user down", async () => {
    const stage = await startConsole();
    const added = await stage.console.parts.users.add("bob", "editor", ["shop", "blog"], false);
    if (typeof added === "string") throw new Error(added);
    const browser = new Browser(stage.origin);
    await browser.login("bob", added.password);
    const make = (json: object) => browser.send("/api/v1/tokens", { method: "POST", json: { name: "ci", ...json } });
    expect((await make({ role: "admin", tenants: ["shop"] })).status).toBe(403);
    expect((await make({ role: "viewer" })).status).toBe(403);
    expect((await make({ role: "viewer", tenants: ["other"] })).status).toBe(403);
    const made = await make({ role: "editor", tenants: ["shop"] });
    expect(made.status).toBe(200);
    const { token = "" }: { token?: string } = await made.json();
    const client = createClient({ origin: stage.origin, token });
    expect(await client.call("session", {})).toMatchObject({
      name: "bob",
      role: "editor",
      tenants: ["shop"],
      by: "token",
    });
    const nested = client.call("addToken", { body: { name: "x", role: "viewer", tenants: ["shop"] } });
    await expect(nested).rejects.toMatchObject({ status: 403 });
    await stage.console.parts.users.change("bob", { role: "viewer", tenants: ["blog"] });
    expect(await client.call("session", {})).toMatchObject({ role: "viewer", tenants: [] });
    await stage.console.parts.users.change("bob", { locked: true });
    await expect(client.call("session", {})).rejects.toMatchObject({ status: 401 });
  });

  test("are listed and ended by their owner, and all by admins", async () => {
    const stage = await startConsole();
    const [viewer, other, admin] = [await stage.as("viewer"), await stage.as("analyst"), await stage.as("admin")];
    const own = (await viewer.call("tokens", {})).items;
    expect(own).toHaveLength(1);
    const id = own[0]?.id ?? "";
    await expect(other.call("removeToken", { path: { id } })).rejects.toMatchObject({ status: 404 });
    expect((await admin.call("tokens", {})).items).toHaveLength(3);
    await admin.call("removeToken", { path: { id } });
    await expect(viewer.call("session", {})).rejects.toMatchObject({ status: 401 });
  });
});

test("the audit log is read in parts", TIMEOUT, async () => {
  const stage = await startConsole();
  const admin = await stage.as("admin");
  for (const name of ["a1", "a2", "a3"]) await admin.call("addUser", { body: { name, role: "viewer" } });
  const first = await admin.call("audit", { query: { limit: 2, action: "addUser" } });
  const rest = await admin.call("audit", { query: { limit: 2, action: "addUser", cursor: first.next ?? "" } });
  expect([...first.items, ...rest.items].map(({ object }) => object)).toEqual(["a3", "a2", "a1"]);
  expect(rest.next).toBe(null);
});
