/** Probes: the real core must find the text at the point that was asked for. */
import { describe, expect, test } from "vitest";
import { Engine } from "../../../../hosts/core/engine.ts";
import { fitsPoint } from "../../../../hosts/policy/coverage.ts";
import { probeRequest } from "../../../../hosts/postanalytics/policy/probe-request.ts";

const ENGINE = Engine.load();
const ATTACK = "1' UNION SELECT password FROM users -- ";

function pointsOf(raw: Buffer): string[] {
  const transaction = ENGINE.begin("203.0.113.9", 1_764_000_000);
  transaction.raw(raw);
  transaction.end();
  const { matches } = transaction.verdict();
  transaction.free();
  return matches.map(({ point }) => point);
}

describe("a text is found where it was put", () => {
  test.each([
    ...["query.id", "query.a\\.b", "query.*", "post", "post.form_urlencoded.text", "post.form_urlencoded.*"],
    ...["post.json_doc", "post.json_doc.hash.a.hash.b", "post.json_doc.array", "post.json_doc.hash.list.array.hash.x"],
    ...["post.json_doc.hash.a\\.b", "post.multipart.f", "post.xml.xml_tag.a.xml_tag.b", "post.**"],
    ...["header.X-FOO", "header.COOKIE.cookie.sid", "header.REFERER.query.q", "path"],
  ])("%s", (point) => {
    const raw = probeRequest({ point, path: point === "path" ? "/a/*" : "/a" }, ATTACK);
    expect(raw).not.toBe(null);
    expect(pointsOf(raw ?? Buffer.alloc(0)).filter((found) => fitsPoint(point, found))).not.toEqual([]);
  });

  test("with nothing said, in the query", () =>
    expect(pointsOf(probeRequest({}, ATTACK) ?? Buffer.alloc(0))).toContain("query.x"));
});

test("the request is the one that the scope fits", () => {
  const place = { method: "PUT", host: "*.shop.example", path: "/a/*/b/**", point: "query.id" };
  const raw = probeRequest(place, "x y")?.toString() ?? "";
  expect(raw.split("\r\n").slice(0, 2)).toEqual(["PUT /a/1/b?id=x%20y HTTP/1.1", "host: probe.shop.example"]);
});

test.each([
  ["path", "/fixed"],
  ["query.id.base64", undefined],
  ["header.X-FOO.base64", undefined],
  ["post.gql.user.id", undefined],
  ["post.json_doc.other.x", undefined],
  ["response.body", undefined],
])("where nothing can be put there is no request: %s", (point, path) => {
  expect(probeRequest({ point, path }, ATTACK)).toBe(null);
});

test("a text with line breaks never makes a header of its own", () => {
  expect(probeRequest({ point: "header.X-FOO" }, "a\r\nevil: 1")).toBe(null);
  expect(probeRequest({ point: "header.COOKIE.cookie.a" }, "a\r\nevil: 1")?.toString()).not.toContain("\nevil");
  expect(probeRequest({ point: "header.A\r\nB" }, "x")).toBe(null);
});
