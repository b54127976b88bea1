/** Tables of scopes: rows as large as the core reads them, and policies refused that the core could not follow. */
import { expect, test } from "vitest";
import { matchSchema } from "../../../hosts/policy/match.ts";
import {
  buildRoutes,
  checkFit,
  orderScopes,
  ROW_BYTES,
  SCOPES_FIT_MAX,
  SCOPES_KEPT_MAX,
  Texts,
} from "../../../hosts/policy/routes.ts";

const match = (path: string, host?: string) => matchSchema.parse({ path, ...(host === undefined ? {} : { host }) });

test("scopes that transactions must remember are bounded more closely", () => {
  const hosts = Array.from({ length: SCOPES_KEPT_MAX + 1 }, (_, at) => match("/a", `*${".a".repeat(at + 1)}`));
  expect(() => checkFit(hosts, SCOPES_KEPT_MAX)).toThrow(/too large/);
  expect(() => checkFit(hosts.slice(1), SCOPES_KEPT_MAX)).not.toThrow();
});

test("every table has whole rows, and texts stand once", () => {
  const texts = new Texts();
  const scopes = orderScopes([match("/a/*/c", "a.x"), match("/a/b/**", "*.x"), match("/a")]);
  expect(scopes).toHaveLength(4);
  const tables = buildRoutes(scopes, texts);
  for (const name of ["hosts", "nodes", "edges", "routes"] as const) {
    expect(tables[name].length % ROW_BYTES[name], name).toBe(0);
    expect(tables[name].length).toBeGreaterThan(0);
  }
  expect(texts.content.toString("latin1").match(/a\.x|\.x/g)).toHaveLength(2);
});

test("equal scopes are one", () => {
  expect(orderScopes([match("/a"), match("/%61"), match("/b")])).toHaveLength(3);
});

test("scopes that all fit one request are bounded; as many beside each other are not", () => {
  const wildcards = Array.from({ length: 128 }, (_, bits) =>
    match(`/${Array.from({ length: 7 }, (_none, at) => (bits & (1 << at) ? "*" : "a")).join("/")}`),
  );
  expect(() => orderScopes(wildcards)).toThrow(/too large/);
  expect(orderScopes(wildcards.slice(0, SCOPES_FIT_MAX / 2)).length).toBe(SCOPES_FIT_MAX / 2 + 1);
  const beside = Array.from({ length: 5000 }, (_, at) => match(`/a${at % 70}/b${at}/*/c`, `h${at % 500}.x`));
  expect(orderScopes(beside)).toHaveLength(5001);
});
