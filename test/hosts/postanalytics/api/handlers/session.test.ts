/** Signing in, over a real socket: passwords, the one-time link, cookies, foreign pages, and guessing. */
import { describe, expect, test } from "vitest";
import { answerOf, Browser, startConsole } from "../../stage.ts";

const TIMEOUT = { timeout: 60_000 };

describe("the first start", TIMEOUT, () => {
  test("makes an admin whose password is shown once and kept as a hash", async () => {
    const { console: made, database, origin } = await startConsole();
    const password = made.firstPassword ?? "";
    expect(password).toMatch(/^[a-z2-9-]{24}$/);
    const [row] = await database.query("select password from console_users where name = 'admin'");
    expect(String(row?.["password"])).toMatch(/^scrypt\$15\$/);
    const browser = new Browser(origin);
    const { status, body } = await answerOf(await browser.login("admin", password));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: "admin",
      role: "admin",
      tenants: null,
      by: "password",
      mustChangePassword: true,
    });
  });

  test("asks for a password of one's own before anything else", async () => {
    const { console: made, origin } = await startConsole();
    const browser = new Browser(origin);
    await browser.login("admin", made.firstPassword ?? "");
    expect(await answerOf(await browser.send("/api/v1/users"))).toMatchObject({
      status: 403,
      body: { code: "PASSWORD_CHANGE" },
    });
    const change = { current: made.firstPassword, next: "four words are enough" };
    const before = browser.cookies.get("merlon");
    const response = await browser.send("/api/v1/session/password", { method: "PUT", json: change });
    expect(response.status).toBe(200);
    expect(browser.cookies.get("merlon")).not.toBe(before);
    expect((await browser.send("/api/v1/users")).status).toBe(200);
    const old = new Browser(origin);
    old.cookies.set("merlon", before ?? "");
    expect((await old.send("/api/v1/session")).status).toBe(401);
  });
});

describe("a session", TIMEOUT, () => {
  test("lies in a cookie that scripts and other sites do not get", async () => {
    const { console: made, origin } = await startConsole();
    const response = await new Browser(origin).login("admin", made.firstPassword ?? "");
    expect(response.headers.getSetCookie()).toHaveLength(1);
    expect(response.headers.getSetCookie()[0]).toMatch(
      /^merlon=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/,
    );
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("is Secure and bound to the host where the console is reached over TLS", async () => {
    const { console: made, origin } = await startConsole({ secure: true });
    const headers = { origin: origin.replace("http:", "https:") };
    const json = { name: "admin", password: made.firstPassword };
    const response = await new Browser(origin).send("/api/v1/session", { method: "POST", json, headers });
    expect(response.headers.getSetCookie()[0]).toMatch(/^__Host-merlon=[\w-]{32}; .*; Secure$/);
    expect(response.headers.get("strict-transport-security")).toMatch(/max-age=\d+/);
  });

  test("is never one that somebody else has chosen, and ends when the browser opens another", async () => {
    const { console: made, origin } = await startConsole();
    const browser = new Browser(origin);
    browser.cookies.set("merlon", "planted");
    await browser.login("admin", made.firstPassword ?? "");
    const first = browser.cookies.get("merlon") ?? "";
    expect(first).not.toBe("planted");
    await browser.login("admin", made.firstPassword ?? "");
    const other = new Browser(origin);
    other.cookies.set("merlon", first);
    expect((await other.send("/api/v1/session")).status).toBe(401);
    expect((await browser.send("/api/v1/session")).status).toBe(200);
  });

  test("ends at sign-out, here and in the database", async () => {
    const { console: made, database, origin } = await startConsole();
    const browser = new Browser(origin);
    await browser.login("admin", made.firstPassword ?? "");
    expect((await browser.send("/api/v1/session", { method: "DELETE" })).status).toBe(200);
    expect(browser.cookies.size).toBe(0);
    expect(await database.query("select * from console_sessions")).toEqual([]);
  });

  test("ends at once when its user is locked", async () => {
    const { console: made, origin } = await startConsole();
    const added = await made.parts.users.add("bob", "viewer", null, false);
    if (typeof added === "string") throw new Error(added);
    const browser = new Browser(origin);
    await browser.login("bob", added.password);
    expect((await browser.send("/api/v1/records")).status).toBe(200);
    await made.parts.users.change("bob", { locked: true });
    expect((await browser.send("/api/v1/records")).status).toBe(401);
    expect((await browser.login("bob", added.password)).status).toBe(401);
  });
});

describe("a page of somebody else", TIMEOUT, () => {
  const foreign: readonly [string, Record<string, string>][] = [
    ["another origin", { origin: "http://evil.example" }],
    ["no origin that can be told", { origin: "null" }],
    ["another port of this machine", { origin: "http://127.0.0.1:1" }],
    ["a browser that says so", { "sec-fetch-site": "cross-site" }],
    ["a page of a sister name", { "sec-fetch-site": "same-site" }],
  ];

  test.for(foreign)("changes nothing: %s", async ([, headers]) => {
    const { console: made, origin } = await startConsole();
    const browser = new Browser(origin);
    await browser.send("/api/v1/session/link", {
      method: "POST",
      json: { key: made.parts.link?.address("").slice(4) },
    });
    const json = { name: "eve", role: "admin" };
    const answer = await answerOf(await browser.send("/api/v1/users", { method: "POST", json, headers }));
    expect(answer).toMatchObject({ status: 403, body: { code: "FOREIGN_PAGE" } });
    expect(await made.parts.users.find("eve")).toBe(null);
    expect((await browser.send("/api/v1/users", { method: "POST", json })).status).toBe(200);
  });

  test("cannot send a form: the header is missing", async () => {
    const { console: made, origin } = await startConsole();
    const form = await fetch(`${origin}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "text/plain", origin },
      body: JSON.stringify({ name: "admin", password: made.firstPassword }),
    });
    expect(form.status).toBe(403);
  });

  test("does not reach us under a name of its own", async () => {
    const { listening } = await startConsole({ names: ["console.example"] });
    const { request } = await import("node:http");
    const statusFor = (host: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = { host };
        request({ host: "127.0.0.1", port: listening.port, path: "/api/v1/session/methods", headers }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
          .on("error", reject)
          .end();
      });
    expect(await statusFor(`evil.example:${listening.port}`)).toBe(421);
    expect(await statusFor("console.example")).toBe(200);
    expect(await statusFor(`127.0.0.1:${listening.port}`)).toBe(200);
  });
});

describe("the one-time link", TIMEOUT, () => {
  test("opens one session as the first user, without a password to change", async () => {
    const { console: made, origin } = await startConsole();
    const key = made.parts.link?.address("").slice(4) ?? "";
    const browser = new Browser(origin);
    const send = (): Promise<Response> => browser.send("/api/v1/session/link", { method: "POST", json: { key } });
    expect(await answerOf(await send())).toMatchObject({
      status: 200,
      body: { name: "admin", by: "link", mustChangePassword: false },
    });
    expect((await browser.send("/api/v1/users")).status).toBe(200);
    expect(await answerOf(await send())).toMatchObject({ status: 401, body: { code: "LOGIN_FAILED" } });
  });
});

describe("guessing", TIMEOUT, () => {
  test("is slowed down after a few tries, says for how long, and is in the audit log", async () => {
    const { console: made, origin } = await startConsole();
    const browser = new Browser(origin);
    const statuses: number[] = [];
    for (let i = 0; i < 7; i++) statuses.push((await browser.login("admin", `guess ${i}`)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const refused = await browser.login("admin", made.firstPassword ?? "");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    const { items } = await made.parts.audit.list({ limit: 20, action: "login" });
    expect(items.length).toBeGreaterThanOrEqual(5);
    expect(items[0]).toMatchObject({ who: "nobody", object: "admin", outcome: "refused", from: "127.0.0.1" });
  });

  test("does not tell which names there are, and logs no password typed into the wrong field", async () => {
    const { console: made, origin } = await startConsole();
    const browser = new Browser(origin);
    const known = await answerOf(await browser.login("admin", "x"));
    const unknown = await answerOf(await browser.login("my secret pass phrase!", "x"));
    expect(unknown).toEqual(known);
    const log = JSON.stringify(await made.parts.audit.list({ limit: 20 }));
    expect(log).not.toContain("secret pass");
  });
});

test("what can be signed in with is told to anyone", TIMEOUT, async () => {
  const { origin } = await startConsole();
  expect(await answerOf(await new Browser(origin).send("/api/v1/session/methods"))).toEqual({
    status: 200,
    body: { password: true, oidc: null },
  });
  expect((await new Browser(origin).send("/api/v1/session/oidc")).status).toBe(404);
  expect((await new Browser(origin).send("/api/v1/session/oidc/return?code=1&state=2")).status).toBe(404);
});
