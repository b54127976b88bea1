/** Tokens as libraries write them: header and payload are documents. */
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { lookedAt } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

function part(content: object): string {
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

function hmac(header: object, payload: object): string {
  const text = `${part({ alg: "HS256", typ: "JWT", ...header })}.${part(payload)}`;
  return `${text}.${createHmac("sha256", "secret").update(text).digest("base64url")}`;
}

function elliptic(header: object, payload: object): string {
  const text = `${part({ alg: "ES256", ...header })}.${part(payload)}`;
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

const WAYS: readonly (readonly [where: string, asked: (token: string) => Parameters<typeof ask>[1], point: string])[] =
  [
    ["Authorization", (token) => ({ fields: [["authorization", `Bearer ${token}`]] }), "header.AUTHORIZATION"],
    ["another header", (token) => ({ fields: [["x-token", `bearer ${token}`]] }), "header.X-TOKEN"],
    ["a cookie", (token) => ({ fields: [["cookie", `a=b; s=${token}`]] }), "header.COOKIE.cookie.s"],
    ["a parameter", (token) => ({ target: `/?t=${token}` }), "query.t"],
    [
      "a form",
      (token) => ({ type: "application/x-www-form-urlencoded", body: `t=${token}` }),
      "post.form_urlencoded.t",
    ],
    ["JSON", (token) => ({ type: "application/json", body: JSON.stringify({ t: token }) }), "post.json_doc.hash.t"],
  ];

test.each(WAYS)("in %s", (_where, asked, point) => {
  for (const write of [hmac, elliptic]) {
    expect(ask(core, asked(write({}, { sub: ATTACK }))).points).toEqual([`${point}.jwt.payload.json_doc.hash.sub`]);
    expect(ask(core, asked(write({ kid: ATTACK }, { sub: "a" }))).points).toEqual([
      `${point}.jwt.header.json_doc.hash.kid`,
    ]);
    expect(ask(core, asked(write({ kid: "key-1" }, { sub: "alice", roles: ["admin"] }))).points).toEqual([]);
  }
});

test("a session that is signed like a token shows its document", () => {
  const session = `${part({ user: ATTACK })}.ZrXyZw.c2lnbmF0dXJlc2lnbmF0dXJl`;
  expect(ask(core, { fields: [["cookie", `session=${session}`]] }).points).toEqual([
    "header.COOKIE.cookie.session.jwt.header.json_doc.hash.user",
  ]);
});

test.each([
  "eyJ",
  "eyJ.",
  "eyJ.eyJ",
  "eyJhIjoxfQ",
  "eyJhIjoxfQ.",
  "eyJ!!!.eyJ!!!.",
  "Bearer eyJ",
  `Bearer ${"eyJ.".repeat(9)}`,
])("%j is no trap", (value) => {
  expect(ask(core, { target: `/?t=${encodeURIComponent(value)}` }).points).toEqual([]);
});

test("spans count from the part's begin in the value", () => {
  const token = hmac({}, { sub: "alice in 'wonderland'" });
  const looked = lookedAt({ target: `/?t=${token}` }).filter(({ point }) => point.startsWith("query.t.jwt.payload"));
  expect(looked.map(({ point, text }) => `${point}=${text}`)).toContain(
    "query.t.jwt.payload.json_doc.hash.sub=alice in 'wonderland'",
  );
});
