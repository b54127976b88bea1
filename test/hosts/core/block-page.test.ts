/** Our own answers: who gets which form, and that nothing of a request is in any of them. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type AnswerContext, type AnswerKind, buildAnswer, grpcTrailers } from "../../../hosts/core/block-page.ts";
import type { BlockPage } from "../../../hosts/core/host-policy.ts";

const context: AnswerContext = {
  ref: "01JD3ABCDEFGHJKM",
  nowMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  accept: "",
  mediaType: "",
  detail: "",
};
const KINDS: AnswerKind[] = [
  "blocked",
  "limited",
  "bad_request",
  "method_not_allowed",
  "too_slow",
  "too_large",
  "expectation_failed",
  "head_too_large",
  "version_not_supported",
  "upstream_down",
  "upstream_timeout",
  "overloaded",
  "uninspected",
];

function headersOf(flat: readonly string[]): Record<string, string> {
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ""]] : [])));
}

test.each([
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true],
  ["text/html;q=0.1", true],
  ["application/json, text/html;q=0.9", false],
  ["application/json, text/html", true],
  ["text/html;q=0", false],
  ["*/*", false],
  ["", false],
  ["application/json", false],
  ["TEXT/HTML ; Q=1", true],
  [`${"a/b,".repeat(5000)}text/html`, false],
])("Accept %j gets a page: %s", (accept, page) => {
  const { headers, status } = buildAnswer("blocked", { ...context, accept });
  expect(status).toBe(403);
  expect(headersOf(headers)["content-type"]).toBe(page ? "text/html; charset=utf-8" : "application/problem+json");
});

describe("a client that asked too often", () => {
  const refusal = { name: "login", status: 503, retryAfter: 42, quota: 10, windowSeconds: 60 };

  test("is told when to come again, as the policy says", () => {
    const { status, headers, body } = buildAnswer("limited", { ...context, refusal });
    expect(status).toBe(503);
    expect(headersOf(headers)).toMatchObject({
      "retry-after": "42",
      "ratelimit-policy": '"login";q=10;w=60',
      ratelimit: '"login";r=0;t=42',
    });
    expect(JSON.parse(body)).toMatchObject({ title: "Too many requests", status: 503 });
  });

  test("of gRPC is told so in its status", () => {
    const { status, headers } = buildAnswer("limited", { ...context, refusal, mediaType: "application/grpc" });
    expect(status).toBe(200);
    expect(headersOf(headers)).toMatchObject({ "grpc-status": "8", "retry-after": "42" });
  });
});

test("the page shows reference and time, loads nothing, runs nothing, and may not be framed or stored", () => {
  const { headers, body } = buildAnswer("blocked", { ...context, accept: "text/html" });
  const fields = headersOf(headers);
  expect(body).toContain("<dd>01JD3ABCDEFGHJKM</dd>");
  expect(body).toContain("<dd>2026-01-02T03:04:05.000Z</dd>");
  expect(body).toContain("user-select:all");
  expect(body).toContain("prefers-color-scheme:dark");
  expect(body).not.toMatch(/<script|<link|<img|src=|href=|@import|url\(|\son\w+=/i);
  expect(fields).toMatchObject({ "x-merlon-ref": context.ref, "cache-control": "no-store", vary: "accept" });
  const policy = fields["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  const style = /<style>([^<]*)<\/style>/.exec(body)?.[1] ?? "";
  expect(policy).toContain(`'sha256-${createHash("sha256").update(style).digest("base64")}'`);
  expect(fields["content-length"]).toBe(String(Buffer.byteLength(body)));
});

/** A page as policies have it where they say nothing. */
const PAGE = { statusCode: 403, json: true, types: ["attack"] } satisfies BlockPage;

test("a policy's own page is shown with its references filled in, and nothing of it runs", () => {
  const html = "<h1>Stop</h1><p>{{reference}} {{time}} {{reference}}</p>";
  const { headers, body } = buildAnswer("blocked", { ...context, accept: "text/html" }, { ...PAGE, html });
  expect(body).toBe(`<h1>Stop</h1><p>${context.ref} 2026-01-02T03:04:05.000Z ${context.ref}</p>`);
  const policy = headers[headers.indexOf("content-security-policy") + 1];
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("script");
  // Programs still get what they can read, unless the policy has nothing but the page.
  const json = { ...context, accept: "application/json" };
  expect(buildAnswer("blocked", json, { ...PAGE, html }).body).toContain('"reference"');
  expect(buildAnswer("blocked", json, { ...PAGE, html, json: false }).body).toContain("<h1>Stop</h1>");
});

test("a redirect leads browsers away, and programs get their answer", () => {
  const page = { ...PAGE, redirect: "https://status.example/blocked" };
  const browser = buildAnswer("blocked", { ...context, accept: "text/html" }, page);
  expect(browser).toMatchObject({ status: 302, body: "" });
  expect(browser.headers).toContain("https://status.example/blocked");
  expect(buildAnswer("blocked", { ...context, accept: "*/*" }, page).status).toBe(403);
});

test("programs get problem details", () => {
  const { headers, body } = buildAnswer(
    "blocked",
    { ...context, accept: "application/json" },
    { ...PAGE, statusCode: 406 },
  );
  expect(JSON.parse(body)).toMatchObject({
    type: "about:blank",
    status: 406,
    title: "Request blocked",
    reference: context.ref,
    time: "2026-01-02T03:04:05.000Z",
  });
  expect(headersOf(headers)["content-length"]).toBe(String(Buffer.byteLength(body)));
});

describe.each(KINDS)("%s", (kind) => {
  test("has a status, a reference and every form", () => {
    const page = buildAnswer(kind, { ...context, accept: "text/html" });
    const problem = buildAnswer(kind, context);
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(problem.body)).toMatchObject({ status: page.status, reference: context.ref });
    expect(page.body).toContain(context.ref);
  });

  test("is a status for gRPC, in headers and in trailers", () => {
    const answer = buildAnswer(kind, { ...context, mediaType: "application/grpc+proto", accept: "text/html" });
    const fields = headersOf(answer.headers);
    expect(answer).toMatchObject({ status: 200, body: "" });
    expect(fields).toMatchObject({ "content-type": "application/grpc", "merlon-ref": context.ref });
    expect(fields["grpc-status"]).toBe(headersOf(grpcTrailers(kind, "r"))["grpc-status"]);
    expect(Number(fields["grpc-status"])).toBeGreaterThan(0);
  });
});

test("a blocked gRPC call is permission denied, a dead service is unavailable", () => {
  expect(grpcTrailers("blocked", "r")).toEqual([
    "grpc-status",
    "7",
    "grpc-message",
    "Request blocked",
    "merlon-ref",
    "r",
  ]);
  expect(headersOf(grpcTrailers("upstream_down", "r"))["grpc-status"]).toBe("14");
});

test("gRPC-Web keeps its own type", () => {
  const { headers } = buildAnswer("blocked", { ...context, mediaType: "application/grpc-web-text" });
  expect(headersOf(headers)["content-type"]).toBe("application/grpc-web+proto");
});

test("a detail is shown as text", () => {
  const detail = `<script>alert(1)</script>&"'`;
  expect(buildAnswer("upstream_down", { ...context, accept: "text/html", detail }).body).toContain(
    "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;",
  );
  expect(JSON.parse(buildAnswer("upstream_down", { ...context, detail }).body).detail).toContain(detail);
});

test("who should come back is told when", () => {
  expect(headersOf(buildAnswer("overloaded", context).headers)["retry-after"]).toBe("2");
  expect(headersOf(buildAnswer("blocked", context).headers)["retry-after"]).toBeUndefined();
});
