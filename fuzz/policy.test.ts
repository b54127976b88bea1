/**
 * Compiled, loaded and decided by the core, a policy means what a plain reading of it means: random policies and
 * requests over small alphabets, so that scopes meet, against an interpreter that knows no tables. And images that
 * nobody compiled are refused or harmless.
 */
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MODES, type Mode } from "../hosts/core/verdict.ts";
import { compilePolicy } from "../hosts/policy/image.ts";
import { Core } from "../test/assembly/core.ts";
import { type ExceptionSettings, NOW, policyOf, type ScopeSettings } from "../test/assembly/policy-image.ts";
import { ATTACK, ask } from "../test/assembly/requests.ts";
import { check } from "./property.ts";

const RUNS = 1500;
const REQUESTS = 4;
const core = new Core("checked");

interface Request {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly name: string;
  readonly attacks: boolean;
}

const segment = fc.constantFrom("a", "b", "c");
const match = fc
  .record({
    host: fc.option(fc.constantFrom("a.x", "b.x", "*.x", "*.a.x", "a.a.x"), { nil: undefined }),
    method: fc.option(fc.constantFrom("GET", "POST"), { nil: undefined }),
    path: fc.option(
      fc
        .tuple(fc.array(fc.oneof(segment, fc.constant("*")), { maxLength: 3 }), fc.constantFrom("", "/**"))
        .map(([segments, end]) => `/${segments.join("/")}`.replace(/^\/$/, end === "" ? "/" : "") + end),
      { nil: undefined },
    ),
  })
  .map(({ host, method, path }) => ({
    ...(host === undefined ? {} : { host }),
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path }),
  }));
const mode = fc.constantFrom<Mode>(...MODES);
const scopes = fc
  .uniqueArray(fc.tuple(match, mode), { maxLength: 8, selector: ([one]) => JSON.stringify(one) })
  .map((list) =>
    list.flatMap(([one, said]): ScopeSettings[] => (Object.keys(one).length === 0 ? [] : [{ match: one, mode: said }])),
  );
const ignore = fc.constantFrom<ExceptionSettings["ignore"]>(
  { types: ["ptrav"] },
  { types: ["xss"] },
  { stamps: ["sqli-union"] },
);
const exceptions = fc.array(
  fc.record({ match: fc.tuple(match, fc.constantFrom(undefined, "query.n", "query.*", "header.**")), ignore }).map(
    ({ match: [one, point], ignore: what }): ExceptionSettings => ({
      match: { ...one, ...(point === undefined ? {} : { point }) },
      ignore: what,
    }),
  ),
  { maxLength: 4 },
);
const request: fc.Arbitrary<Request> = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT"),
  host: fc.constantFrom("a.x", "b.x", "x", "a.a.x", "c.a.x"),
  path: fc.array(fc.constantFrom("a", "b", "c", "d", ""), { maxLength: 4 }).map((segments) => `/${segments.join("/")}`),
  name: fc.constantFrom("n", "m"),
  attacks: fc.boolean(),
});

/** Whether a host pattern, a method or a template fits, as docs/policy.md says it; for readers, not for speed. */
function fits(one: ScopeSettings["match"], { method, host, path }: Request): boolean {
  if (one.method !== undefined && one.method !== method) return false;
  if (one.host?.startsWith("*.") === true ? !host.endsWith(one.host.slice(1)) : host !== (one.host ?? host))
    return false;
  if (one.path === undefined) return true;
  const written = one.path
    .replace(/\/\*\*$/, "")
    .split("/")
    .slice(1);
  const segments = path.split("/").slice(1);
  const open = one.path.endsWith("/**");
  if (open ? segments.length < written.length : segments.length !== written.length) return false;
  return written.every((step, at) => (step === "*" ? segments[at] !== "" : step === segments[at]));
}

/** Scopes that fit one request in the order of docs/policy.md: host, path from its begin, method. */
function closeness({ host, path, method }: ScopeSettings["match"]): string {
  const hostPart = host === undefined ? "0" : host.startsWith("*.") ? `1${host.split(".").length}` : "2";
  const steps =
    path
      ?.replace(/\/\*\*$/, "")
      .split("/")
      .slice(1) ?? [];
  const end = path === undefined ? "1" : path.endsWith("/**") ? (path === "/**" ? "2" : "1") : "3";
  const ranks = steps.map((step) => (step === "*" ? "4" : "5")).join("");
  return `${hostPart}/${ranks}${end}/${method === undefined ? 0 : 1}`;
}

function modeFor(list: readonly ScopeSettings[], local: Mode, asked: Request): Mode {
  const readings = readingsOf(asked).map((one) => {
    const fitting = list.filter((scope) => fits(scope.match, one));
    fitting.sort((a, b) => (closeness(a.match) < closeness(b.match) ? -1 : 1));
    return MODES.indexOf(fitting.at(-1)?.mode ?? local);
  });
  return MODES[Math.max(...readings)] ?? local;
}

/** A path with empty segments is read as it stands and without them. */
function readingsOf(asked: Request): Request[] {
  if (!/\/\//.test(asked.path)) return [asked];
  return [asked, { ...asked, path: asked.path.replace(/\/+/g, "/") }];
}

function isExcepted(list: readonly ExceptionSettings[], asked: Request): boolean {
  return list.some(({ match: { point, ...one } = {}, ignore: what }) => {
    if (what.types?.includes("ptrav") !== true) return false;
    if (point !== undefined && point !== "query.*" && point !== `query.${asked.name}`) return false;
    // Where servers would not agree on the path, an exception that is for some requests only is none.
    return Object.keys(one).length === 0 || (readingsOf(asked).length === 1 && fits(one, asked));
  });
}

test("a policy decides as a plain reading of it", () => {
  const requests = fc.array(request, { minLength: REQUESTS, maxLength: REQUESTS });
  check(
    fc.property(scopes, exceptions, mode, requests, (scoped, excepted, local, asked) => {
      const image = compilePolicy(policyOf({ mode: local }, { scopes: scoped, exceptions: excepted }));
      expect(core.loadPolicy("active", image)).toBe(0);
      for (const one of asked) {
        const target = `${one.path}?${one.name}=${one.attacks ? ATTACK : "x"}`;
        const { record } = ask(core, { method: one.method, authority: one.host, target, now: NOW });
        const expected = modeFor(scoped, local, one);
        const counts = one.attacks && expected !== "off" && !isExcepted(excepted, one);
        expect({
          mode: MODES[record.readUInt32LE(core.number("RESULT_MODE"))],
          would: record.readUInt32LE(core.number("RESULT_WOULD")),
          action: record.readUInt32LE(core.number("RESULT_ACTION")),
        }).toEqual({ mode: expected, would: counts ? 1 : 0, action: counts && expected === "block" ? 1 : 0 });
      }
    }),
    RUNS,
  );
});

test("an image with changed bytes and a good checksum is refused or harmless", () => {
  const image = Buffer.from(
    compilePolicy(
      policyOf(
        { mode: "block", mask: ["a"] },
        {
          scopes: [
            { match: { host: "*.x", path: "/a/*/**" }, mode: "monitoring", mask: ["n"], blockPage: { html: "<p>x" } },
            { match: { method: "POST", path: "/b" }, parsers: { disable: ["json"] } },
          ],
          exceptions: [{ match: { path: "/a/**", point: "query.**" }, ignore: { types: ["xss"] } }],
        },
      ),
    ),
  );
  const change = fc.tuple(fc.nat(image.length - 17), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 255)));
  check(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), request, (changes, one) => {
      const damaged = Buffer.from(image);
      for (const [at, byte] of changes) damaged[16 + at] = byte;
      damaged.writeUInt32LE(crc32(damaged.subarray(16)), 12);
      // The checked build traps on any access beyond what a request or an image owns.
      expect([0, 20]).toContain(core.loadPolicy("active", damaged));
      ask(core, { method: one.method, authority: one.host, target: `${one.path}?n=${ATTACK}`, now: NOW });
    }),
    RUNS,
  );
});
