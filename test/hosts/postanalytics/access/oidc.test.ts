/**
 * Login with an identity provider: a small real one on loopback (discovery, authorization, token endpoint with PKCE,
 * signed tokens, keys) stands in for the products that people use.
 */
import { createHash, createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Oidc, type OidcSettings, readOidcFile, vouchedBy } from "../../../../hosts/postanalytics/access/oidc.ts";
import { answerOf, Browser, startConsole } from "../stage.ts";
import { temporaryFolder } from "../store/stage.ts";
import { Clock, consoleDatabase } from "./stage.ts";

const TIMEOUT = { timeout: 60_000 };
const CLIENT = { id: "merlon", secret: "s3cret-of-the-client" };
type Claims = Record<string, unknown>;

interface Provider {
  readonly issuer: string;
  /** What the next token says, beside what every token says. */
  claims: Claims;
}

function base64(value: object | Buffer): string {
  return (Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value))).toString("base64url");
}

/** A provider that signs in whoever comes. */
async function startProvider(): Promise<Provider> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const codes = new Map<string, { challenge: string; nonce: string; redirect: string }>();
  const provider = { issuer: "", claims: {} as Claims };
  const tokenFor = (nonce: string): string => {
    const now = Math.floor(Date.now() / 1000);
    const own = { iss: provider.issuer, sub: "1", aud: CLIENT.id, iat: now, exp: now + 60, nonce };
    const head = `${base64({ alg: "RS256", kid: "1" })}.${base64({ ...own, ...provider.claims })}`;
    return `${head}.${base64(createSign("RSA-SHA256").update(head).sign(privateKey))}`;
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", provider.issuer);
    const send = (status: number, value: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    if (url.pathname === "/.well-known/openid-configuration") {
      const at = (path: string): string => `${provider.issuer}${path}`;
      return send(200, {
        ...{ issuer: provider.issuer, authorization_endpoint: at("/authorize"), token_endpoint: at("/token") },
        ...{ jwks_uri: at("/keys"), response_types_supported: ["code"], subject_types_supported: ["public"] },
        id_token_signing_alg_values_supported: ["RS256"],
      });
    }
    if (url.pathname === "/keys")
      return send(200, { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256" }] });
    if (url.pathname === "/authorize") {
      const asked = (name: string): string => url.searchParams.get(name) ?? "";
      const code = randomUUID();
      codes.set(code, { challenge: asked("code_challenge"), nonce: asked("nonce"), redirect: asked("redirect_uri") });
      const back = new URL(asked("redirect_uri"));
      back.search = new URLSearchParams({ code, state: asked("state") }).toString();
      return void response.writeHead(302, { location: back.href }).end();
    }
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      const form = new URLSearchParams(body);
      const code = codes.get(form.get("code") ?? "");
      codes.delete(form.get("code") ?? "");
      const challenge = createHash("sha256")
        .update(form.get("code_verifier") ?? "")
        .digest("base64url");
      const [, basic = ""] = /^Basic (.*)$/.exec(request.headers.authorization ?? "") ?? [];
      // RFC 6749 §2.3.1: both are form-encoded first.
      const shown = Buffer.from(basic, "base64").toString().split(":").map(decodeURIComponent);
      const isRight = shown.join(":") === `${CLIENT.id}:${CLIENT.secret}` && code?.challenge === challenge;
      if (!isRight || code.redirect !== form.get("redirect_uri")) return send(400, { error: "invalid_grant" });
      send(200, { access_token: "a", token_type: "Bearer", id_token: tokenFor(code.nonce) });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  provider.issuer = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  return provider;
}

function settingsFor(issuer: string): OidcSettings {
  return {
    ...{
      issuer,
      clientId: CLIENT.id,
      label: "Company login",
      scopes: ["openid"],
      nameClaim: "email",
      groupsClaim: "groups",
    },
    roles: [
      { group: "sec", role: "analyst", applications: null },
      { group: "shop", role: "editor", applications: ["shop"] },
      { group: "blog", role: "editor", applications: ["blog"] },
    ],
  };
}

/** Walks the whole way as a browser does. @returns the console's last answer */
async function walk(browser: Browser, origin: string): Promise<Response> {
  const start = await browser.send("/api/v1/session/oidc");
  expect(start.status).toBe(302);
  const there = await fetch(start.headers.get("location") ?? "", { redirect: "manual" });
  const back = new URL(there.headers.get("location") ?? "");
  expect(back.origin).toBe(origin);
  return await browser.send(`${back.pathname}${back.search}`);
}

describe("a person of the company", TIMEOUT, () => {
  test("signs in with the role of the groups, anew at each login", async () => {
    const provider = await startProvider();
    const stage = await startConsole({ oidc: { settings: settingsFor(provider.issuer), secret: CLIENT.secret } });
    const browser = new Browser(stage.origin);
    expect(await answerOf(await browser.send("/api/v1/session/methods"))).toMatchObject({
      body: { oidc: { label: "Company login" } },
    });
    provider.claims = { email: "eve@example.com", groups: ["shop", "blog", "other"] };
    const landed = await walk(browser, stage.origin);
    expect([landed.status, landed.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(await landed.text()).toContain('http-equiv="refresh" content="0;url=/"');
    expect(await answerOf(await browser.send("/api/v1/session"))).toMatchObject({
      body: { name: "eve@example.com", role: "editor", tenants: ["shop", "blog"], by: "oidc" },
    });
    provider.claims = { email: "eve@example.com", groups: ["sec"] };
    await walk(browser, stage.origin);
    expect(await answerOf(await browser.send("/api/v1/session"))).toMatchObject({
      body: { role: "analyst", tenants: null },
    });
    const { items } = await stage.console.parts.audit.list({ limit: 1 });
    expect(items).toMatchObject([{ action: "oidcReturn", who: "eve@example.com", outcome: "done" }]);
  });

  test.for<[string, Claims, RegExp]>([
    ["in no group that has a role", { email: "eve@example.com", groups: ["other"] }, /none of your groups/],
    ["without groups", { email: "eve@example.com" }, /none of your groups/],
    ["without a name", { groups: ["sec"] }, /no usable name/],
    ["with a name that would break a line", { email: "a\nb", groups: ["sec"] }, /no usable name/],
    [
      "with an address that nobody has verified",
      { email: "eve@example.com", email_verified: false, groups: ["sec"] },
      /not verified/,
    ],
    ["with the name of somebody who has a password", { email: "admin", groups: ["sec"] }, /user with a password/],
    ["with a token for somebody else", { email: "eve@example.com", groups: ["sec"], aud: "other" }, /did not confirm/],
    [
      "with a token of another provider",
      { email: "eve@example.com", groups: ["sec"], iss: "https://evil.example" },
      /did not confirm/,
    ],
    ["with an old nonce", { email: "eve@example.com", groups: ["sec"], nonce: "old" }, /did not confirm/],
    ["with a token that has expired", { email: "eve@example.com", groups: ["sec"], exp: 1 }, /did not confirm/],
  ])("stays outside %s", async ([, claims, words]) => {
    const provider = await startProvider();
    const stage = await startConsole({ oidc: { settings: settingsFor(provider.issuer), secret: CLIENT.secret } });
    provider.claims = claims;
    const browser = new Browser(stage.origin);
    const landed = await walk(browser, stage.origin);
    expect(landed.status).toBe(403);
    expect(await landed.text()).toMatch(words);
    expect((await browser.send("/api/v1/session")).status).toBe(401);
  });

  test("comes back in the browser that left, once, and in time", async () => {
    const provider = await startProvider();
    provider.claims = { email: "eve@example.com", groups: ["sec"] };
    const stage = await startConsole({ oidc: { settings: settingsFor(provider.issuer), secret: CLIENT.secret } });
    const [browser, other] = [new Browser(stage.origin), new Browser(stage.origin)];
    const start = await browser.send("/api/v1/session/oidc");
    const there = await fetch(start.headers.get("location") ?? "", { redirect: "manual" });
    const back = new URL(there.headers.get("location") ?? "");
    expect((await other.send(`${back.pathname}${back.search}`)).status).toBe(403);
    expect((await browser.send(`${back.pathname}${back.search}`)).status).toBe(200);
    expect((await browser.send(`${back.pathname}${back.search}`)).status).toBe(403);
  });
});

describe("a login that was begun", TIMEOUT, () => {
  test("is forgotten after ten minutes", async (context) => {
    const provider = await startProvider();
    provider.claims = { email: "eve@example.com", groups: ["sec"] };
    const clock = new Clock();
    const database = await consoleDatabase(context, "sqlite");
    const oidc = new Oidc(settingsFor(provider.issuer), CLIENT.secret, database, clock.now);
    const { address, state } = await oidc.depart("http://127.0.0.1/back");
    const there = await fetch(address, { redirect: "manual" });
    clock.pass(10 * 60_000);
    expect(await oidc.arrive(new URL(there.headers.get("location") ?? ""), state)).toMatch(/taken too long/);
  });

  test("to a provider that is away is an error, and works once it is back", async (context) => {
    const database = await consoleDatabase(context, "sqlite");
    const oidc = new Oidc(settingsFor("http://127.0.0.1:1"), undefined, database);
    await expect(oidc.depart("http://127.0.0.1/back")).rejects.toThrow(/does not answer/);
  });
});

test("of several groups the strongest role counts, and its applications add up", () => {
  const settings = settingsFor("https://idp.example");
  const claims = (groups: unknown) => ({ email: "eve@example.com", groups });
  expect(vouchedBy(claims(["sec", "shop"]), settings)).toEqual({
    name: "eve@example.com",
    role: "editor",
    tenants: ["shop"],
  });
  expect(vouchedBy(claims("sec"), settings)).toMatchObject({ role: "analyst", tenants: null });
});

describe("the file of a provider", () => {
  test("is read with its secret", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "secret"), "s3cret\n");
    const text = `issuer: https://idp.example\nclientId: merlon\nclientSecretFile: ${folder}/secret\nroles: [{ group: sec, role: admin }]\n`;
    writeFileSync(join(folder, "oidc.yaml"), text);
    const { settings, secret } = await readOidcFile(join(folder, "oidc.yaml"));
    expect([settings.nameClaim, settings.roles, secret]).toEqual([
      "email",
      [{ group: "sec", role: "admin", applications: null }],
      "s3cret",
    ]);
  });

  test.each([
    ["issuer: https://idp.example\nclientId: merlon\n", /roles/],
    ["issuer: file:///x\nclientId: merlon\nroles: [{ group: a, role: admin }]\n", /issuer/],
    ["issuer: https://idp.example\nclientId: m\nroles: [{ group: a, role: root }]\n", /roles\.0\.role/],
    ["issuer: https://idp.example\nclientId: m\nextra: 1\nroles: [{ group: a, role: admin }]\n", /extra/i],
    ["{", /no YAML/],
  ])("that is wrong names its field: %j", async (text, words) => {
    const path = join(temporaryFolder(), "oidc.yaml");
    writeFileSync(path, text);
    await expect(readOidcFile(path)).rejects.toThrow(words);
  });
});
