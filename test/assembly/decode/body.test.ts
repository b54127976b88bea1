/**
 * The body's parser: chosen by type or first byte, changed where it gives up, and a second reading where both disagree.
 */
import { describe, expect, test } from "vitest";
import { Core } from "../core.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const FORM = "application/x-www-form-urlencoded";
const MARKUP = "<script>alert(1)</script>";

const BODIES: readonly (readonly [type: string | undefined, body: string, points: readonly string[], why: string])[] = [
  [undefined, `${ATTACK} `, ["post"], "no type: text"],
  [undefined, `{"a":"${ATTACK}"}`, ["post.json_doc.hash.a"], "no type, a brace: JSON"],
  ["text/plain", ` \r\n\t["${ATTACK}"]`, ["post.json_doc.array"], "white space in front"],
  ["application/octet-stream", `{${ATTACK}`, ["post"], "a brace, but no JSON"],
  [FORM, `a=${ATTACK}`, ["post.form_urlencoded.a"], "a form"],
  ["application/json", `{"a":"${ATTACK}"}`, ["post.json_doc.hash.a"], "JSON"],
  ["application/json", `a=${ATTACK}`, ["post"], "JSON by type alone: text"],
  ["multipart/form-data", `--a\r\n\r\n${ATTACK}`, ["post"], "no boundary: text"],
];

test.each(BODIES)("of type %j, %j, is looked at as %j: %s", (type, body, points) => {
  const given = ask(core, { method: "POST", ...(type === undefined ? {} : { type }), body });
  expect([...new Set(given.points)]).toEqual(points);
});

describe("a second reading", () => {
  test("of a form that begins like markup finds what pairs would cut", () => {
    const { line, anomalies } = ask(core, { type: FORM, body: "<svg onload=alert(1)&x=1>" });
    expect(line).toContain("@post raw");
    expect(anomalies).toEqual(["content_type"]);
  });

  test("of a text that begins like a pair undoes its escapes", () => {
    const { points } = ask(core, { type: "text/plain", body: "a=%3Cscript%3Ealert(1)%3C/script%3E" });
    expect(points).toContain("post.form_urlencoded.a");
  });

  test("is not made of a long body", () => {
    const long = `<p>${"x".repeat(core.number("VALUE_BYTES_MAX"))}</p>`;
    const { points, limits } = ask(core, { type: FORM, body: `${long}${MARKUP}` });
    expect(points.every((point) => point.startsWith("post.form_urlencoded"))).toBe(true);
    expect(limits).toEqual(["name"]);
  });

  test("is not made of an ordinary form", () => {
    const { points, anomalies } = ask(core, { type: FORM, body: `a=${ATTACK}` });
    expect(points).toEqual(["post.form_urlencoded.a"]);
    expect(anomalies).toEqual([]);
  });
});

test("an empty body is nothing", () => {
  for (const type of [FORM, "application/json", "text/plain", "multipart/form-data; boundary=X"]) {
    expect(ask(core, { method: "POST", type }).line).toBe("pass");
  }
});
