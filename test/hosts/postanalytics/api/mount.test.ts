/**
 * S7: every operation × everybody who could ask, generated from the table of operations and sent over a real socket. A
 * cell says whether the door opens; what is behind it has its own tests.
 */
import { describe, expect, test } from "vitest";
import { addressOf } from "../../../../hosts/postanalytics/api/client.ts";
import { changesSomething } from "../../../../hosts/postanalytics/api/context.ts";
import { BODY_BYTES_MAX } from "../../../../hosts/postanalytics/api/mount.ts";
import { operationNames } from "../../../../hosts/postanalytics/api/openapi.ts";
import {
  CSRF_HEADER,
  OPERATIONS,
  type Operation,
  type OperationName,
  ROLES,
} from "../../../../hosts/postanalytics/api/operations.ts";
import { answerOf, Browser, type Stage, startConsole } from "../stage.ts";

const TIMEOUT = { timeout: 120_000 };
/** All there is for people who are not signed in. Written out: a new one is a decision. */
const FOR_ANYONE = ["loginMethods", "login", "openLink", "oidcStart", "oidcReturn"];
const FOR_ANY_USER = ["session", "logout", "changePassword", "tokens", "addToken", "removeToken"];

/** Everybody who could ask. */
const ASKERS = [
  "nobody",
  "a wrong token",
  "a node's token",
  ...ROLES,
  ...ROLES.map((role) => `${role} of one application` as const),
];

function mayAsk(name: OperationName, asker: string): boolean {
  const { access, wholeSite }: Operation = OPERATIONS[name];
  if (access === "anyone") return true;
  const role = ROLES.find((one) => asker.startsWith(one));
  if (role === undefined) return false;
  if (wholeSite === true && asker.endsWith("of one application")) return false;
  return access === "user" || ROLES.indexOf(role) >= ROLES.indexOf(access);
}

async function tokenOf(stage: Stage, asker: string): Promise<string | null> {
  if (asker === "nobody") return null;
  if (asker === "a wrong token") return `mrlapi_${"A".repeat(44)}`;
  if (asker === "a node's token") {
    const terms = { name: "node-1", user: "admin", role: "admin", tenants: null, lifeMs: null } as const;
    return (await stage.console.parts.nodeTokens.add(terms))?.token ?? "";
  }
  const role = ROLES.find((one) => asker.startsWith(one)) ?? "viewer";
  return (await stage.as(role, asker.endsWith("of one application") ? ["other"] : null)).token;
}

/** What is sent: nothing that does harm, since the same console answers all cells. */
const ODD = { id: "01K9ZZZZZZAAAAAA", name: "nobody-here" };
const REFUSED = new Set(["UNAUTHENTICATED", "FORBIDDEN", "PASSWORD_CHANGE", "FOREIGN_PAGE"]);

async function ask(stage: Stage, name: OperationName, token: string | null): Promise<string> {
  const { method }: Operation = OPERATIONS[name];
  const headers: Record<string, string> = { [CSRF_HEADER]: "1", "content-type": "application/json" };
  if (token !== null) headers["authorization"] = `Bearer ${token}`;
  const ends = new AbortController();
  const init = { method, headers, redirect: "manual", signal: ends.signal } as const;
  const response = await fetch(
    `${stage.origin}${addressOf(name, ODD)}`,
    method === "GET" ? init : { ...init, body: "{}" },
  );
  const isStream = response.headers.get("content-type") === "text/event-stream";
  const text = isStream ? "{}" : await response.text();
  ends.abort();
  if (response.ok) return "answered";
  const body: unknown = response.headers.get("content-type")?.includes("json") === true ? JSON.parse(text) : {};
  return typeof body === "object" && body !== null && "code" in body ? String(body.code) : "answered";
}

describe("the matrix", TIMEOUT, () => {
  test.for(ASKERS)("%s", TIMEOUT, async (asker) => {
    const stage = await startConsole();
    const token = await tokenOf(stage, asker);
    const cells: Record<string, string> = {};
    const expected: Record<string, string> = {};
    for (const name of operationNames()) {
      const code = await ask(stage, name, token);
      const isClosed = REFUSED.has(code);
      cells[name] = isClosed ? code : "open";
      const isKnown = ROLES.some((role) => asker.startsWith(role));
      expected[name] = mayAsk(name, asker) ? "open" : isKnown ? "FORBIDDEN" : "UNAUTHENTICATED";
    }
    expect(cells).toEqual(expected);
  });

  test("opens to anyone what is written here, and nothing else", () => {
    const open = (access: string): string[] => operationNames().filter((name) => OPERATIONS[name].access === access);
    expect(open("anyone")).toEqual(FOR_ANYONE);
    expect(open("user")).toEqual(FOR_ANY_USER);
  });

  test("tells whole-site operations from those of an application by their data", () => {
    const ofAll = operationNames().filter((name) => "wholeSite" in OPERATIONS[name]);
    const perApplication = operationNames().filter((name) => !ofAll.includes(name) && !FOR_ANYONE.includes(name));
    expect(perApplication).toEqual([
      ...["session", "logout", "changePassword", "attacks", "records", "countRecords", "exportRecords", "record"],
      ...["labelRecord", "checkSearch", "statistics", "live", "applications"],
      ...["endpoints", "endpoint", "exportInventory", "readiness", "exceptions", "proposeExceptions"],
      ...["previewException", "applyException", "removeException", "policyState", "tokens", "addToken", "removeToken"],
    ]);
  });
});

describe("what is sent", TIMEOUT, () => {
  test.for<[string, string, RequestInit, number, object]>([
    [
      "an unknown field",
      "/api/v1/users",
      { method: "POST", body: '{"name":"eve","role":"viewer","admin":true}' },
      400,
      { field: "body.admin" },
    ],
    [
      "a wrong type",
      "/api/v1/users",
      { method: "POST", body: '{"name":5,"role":"viewer"}' },
      400,
      { field: "body.name" },
    ],
    ["a missing field", "/api/v1/users", { method: "POST", body: '{"name":"eve"}' }, 400, { field: "body.role" }],
    ["no JSON", "/api/v1/users", { method: "POST", body: "{" }, 400, { field: "body" }],
    [
      "bytes that are no UTF-8",
      "/api/v1/users",
      { method: "POST", body: new Uint8Array([0x7b, 0xff, 0x7d]) },
      400,
      { field: "body" },
    ],
    ["too much", "/api/v1/users", { method: "POST", body: " ".repeat(BODY_BYTES_MAX + 1) }, 413, { code: "TOO_LARGE" }],
    [
      "a form",
      "/api/v1/users",
      { method: "POST", body: "a=b", headers: { "content-type": "application/x-www-form-urlencoded" } },
      415,
      { code: "MEDIA_TYPE" },
    ],
    ["a number out of range", "/api/v1/records?limit=501", {}, 400, { field: "query.limit" }],
    ["a number that is none", "/api/v1/records?limit=ten", {}, 400, { field: "query.limit" }],
    ["an unknown parameter", "/api/v1/records?offset=1", {}, 400, { field: "query.offset" }],
    ["a parameter twice", "/api/v1/records?limit=1&limit=2", {}, 400, { field: "query" }],
    ["a parameter called __proto__", "/api/v1/records?__proto__=1", {}, 400, {}],
    ["a parameter where none is taken", "/api/v1/users?a=1", {}, 400, { field: "query" }],
    ["a window that ends before it begins", "/api/v1/records?from=5&to=5", {}, 400, { field: "query.from" }],
    ["an unknown group", "/api/v1/attacks?groupBy=type,colour", {}, 400, { field: "query.groupBy.1" }],
    ["a search that cannot be read", "/api/v1/records?where=(((", {}, 400, { field: "query.where" }],
    ["an unknown call", "/api/v1/nothing", {}, 404, { code: "NOT_FOUND" }],
    ["another method", "/api/v1/records", { method: "PUT" }, 405, { code: "METHOD" }],
    ["a path that climbs", "/api/v1/records/..%2f..%2fusers", {}, 400, { field: "path.id" }],
    ["no page", "/../../etc/passwd", {}, 404, {}],
  ])("%s is told by its name", async ([, path, init, status, body]) => {
    const stage = await startConsole();
    const { token } = await stage.as("admin");
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", ...init.headers };
    const response = await fetch(`${stage.origin}${path}`, { ...init, headers });
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const answer = await answerOf(response);
    expect(answer).toMatchObject({ status, body: { status, ...body } });
  });
});

describe("every answer", TIMEOUT, () => {
  test.for(["/", "/api/v1/session", "/api/openapi.json", "/api/nothing", "/livez"])(
    "forbids what our pages do not need: %s",
    async (path) => {
      const { origin } = await startConsole();
      const { headers } = await fetch(`${origin}${path}`);
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("access-control-allow-origin")).toBe(null);
    },
  );

  test("that has not changed is not sent again", async () => {
    const stage = await startConsole();
    const { token } = await stage.as("viewer");
    const headers = { authorization: `Bearer ${token}` };
    const first = await fetch(`${stage.origin}/api/v1/policy`, { headers });
    const tag = first.headers.get("etag") ?? "";
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    const again = await fetch(`${stage.origin}/api/v1/policy`, { headers: { ...headers, "if-none-match": tag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    const changed = await fetch(`${stage.origin}/api/v1/policy`, { headers: { ...headers, "if-none-match": '"x"' } });
    expect(changed.status).toBe(200);
  });
});

test("a token in a cookie and a session in a header are none", TIMEOUT, async () => {
  const stage = await startConsole();
  const { token } = await stage.as("admin");
  const browser = new Browser(stage.origin);
  browser.cookies.set("merlon", token);
  expect((await browser.send("/api/v1/users")).status).toBe(401);
  const { token: session } = await stage.console.parts.sessions.open("admin", "password");
  const headers = { authorization: `Bearer ${session}` };
  expect((await fetch(`${stage.origin}/api/v1/users`, { headers })).status).toBe(401);
});

test("every change is in the audit log, refused ones too, and what only weighs is not", TIMEOUT, async () => {
  const stage = await startConsole();
  const viewer = await stage.as("viewer");
  const changing = operationNames().filter((name) => {
    return changesSomething(OPERATIONS[name]) && !mayAsk(name, "viewer");
  });
  for (const name of operationNames()) await ask(stage, name, viewer.token);
  const { items } = await stage.console.parts.audit.list({ limit: 200 });
  const refused = items.filter(({ outcome, who }) => outcome === "refused" && who.startsWith("viewer-"));
  expect(refused.map(({ action }) => action).reverse()).toEqual(expect.arrayContaining(changing));
  expect(items.filter(({ action }) => action.startsWith("preview") || action.startsWith("propose"))).toEqual([]);
});
