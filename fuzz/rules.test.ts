/**
 * Compiled, loaded and run by the core, a rule means what its expression means: random expressions over random
 * requests, against the evaluator of hosts/policy/expression, which knows no tables. However the body was cut, the
 * answer is the same; and images that nobody compiled are refused or harmless.
 */
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileExpression } from "../hosts/policy/expression/expression.ts";
import { REQUEST_VARIABLES } from "../hosts/policy/expression/variables.ts";
import { compilePolicy } from "../hosts/policy/image.ts";
import { Core, type Pair } from "../test/assembly/core.ts";
import { NOW, policyOf, type RuleSettings } from "../test/assembly/policy-image.ts";
import { check } from "./property.ts";

const RUNS = 3000;
const REQUESTS = 6;
const PEER = "192.0.2.7";
const core = new Core("checked");

/** Values as they are meant; `wire` is how they are written. */
interface Request {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: readonly Named[];
  readonly header: string | undefined;
  readonly cookies: readonly Named[];
  readonly form: readonly Named[];
  readonly cuts: readonly number[];
}

type Named = readonly [name: string, value: string];

const text = fc.string({ unit: fc.constantFrom("a", "b", "A", "ä"), maxLength: 5 });
const solid = fc.string({ unit: fc.constantFrom("a", "b", "A"), minLength: 1, maxLength: 5 });
const named = fc.tuple(fc.constantFrom("a", "b"), text);
const request: fc.Arbitrary<Request> = fc.record({
  method: fc.constantFrom("GET", "POST"),
  host: fc.constantFrom("a.x", "b.x"),
  path: fc.array(solid, { maxLength: 3 }).map((segments) => `/${segments.join("/")}`),
  query: fc.array(named, { maxLength: 3 }),
  header: fc.option(solid, { nil: undefined }),
  cookies: fc.array(fc.tuple(fc.constantFrom("a", "b"), solid), { maxLength: 2 }),
  form: fc.uniqueArray(fc.tuple(fc.constantFrom("a", "b"), text), { maxLength: 2, selector: ([name]) => name }),
  cuts: fc.array(fc.nat(40), { maxLength: 4 }),
});

const PATTERNS = ["query.a", "query.*", "post.form_urlencoded.*", "post.**", "header.X-A", "path"] as const;
const subject = fc.constantFrom(
  "method",
  "host",
  "path",
  'query["a"]',
  "query.b",
  'header["X-A"]',
  "cookie.a",
  "body",
  "path.lowerAscii()",
);
const written = text.map((one) => JSON.stringify(one));
const pattern = fc.constantFrom("a+", "^a", "b$", "^a*b?$", "[^a]", "(?i)ab", "a.b", "(a|bb){2}", "\\ba", "^$", "ä?A");

function tests(of: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    fc.tuple(of, fc.constantFrom("==", "!="), written).map((parts) => parts.join(" ")),
    fc
      .tuple(of, fc.constantFrom("contains", "startsWith", "endsWith"), written)
      .map(([one, call, value]) => `${one}.${call}(${value})`),
    fc.tuple(of, pattern).map(([one, regex]) => `${one}.matches(r"${regex}")`),
    fc.tuple(of, fc.array(written, { maxLength: 3 })).map(([one, list]) => `${one} in [${list.join(", ")}]`),
  );
}

function joined(atoms: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      atoms,
      tie("tree").map((one) => `!(${one})`),
      fc
        .tuple(tie("tree"), fc.constantFrom("&&", "||", "==", "!="), tie("tree"))
        .map(([a, sign, b]) => `(${a}) ${sign} (${b})`),
      fc.tuple(tie("tree"), tie("tree"), tie("tree")).map(([a, b, c]) => `((${a}) ? (${b}) : (${c}))`),
    ),
  })).tree;
}

const size = fc
  .tuple(
    fc.constantFrom("path", "query.a", "cookie.b"),
    fc.constantFrom("==", "!=", "<", "<=", ">", ">="),
    fc.integer({ min: -1, max: 6 }),
  )
  .map(([of, sign, number]) => `size(${of}) ${sign} ${number}`);
const other = fc.constantFrom(
  "has(query.a)",
  '"b" in query',
  'has(header["x-a"])',
  "has(cookie.a)",
  'ip in "192.0.2.0/24"',
  'ip in ["10.0.0.0/8", "2001:db8::/32"]',
  'ip == "192.0.2.7"',
  'cidr("::/0").containsIP(ip)',
  "ip.family() == 4",
  'now > timestamp("2027-01-15T07:59:59.5Z")',
  'timestamp("2027-01-15T08:00:00Z") == now',
  'now < timestamp("2027-01-15T08:00:00.1Z")',
  "true",
);
const reading = tests(fc.constantFrom("v", "v", "v.lowerAscii()"));
const points = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...PATTERNS),
      fc.constantFrom("exists", "all"),
      joined(fc.oneof(reading, tests(fc.constant("path")))),
    )
    .map(([name, kind, condition]) => `point["${name}"].${kind}(v, ${condition})`),
  fc.tuple(written, fc.constantFrom(...PATTERNS)).map(([value, name]) => `${value} in point["${name}"]`),
  fc.constantFrom(...PATTERNS).map((name) => `has(point["${name}"])`),
);
const expression = joined(fc.oneof(tests(subject), tests(subject), size, other, points));

function escaped(value: string): string {
  // Every other letter is escaped, so that both forms are read.
  return [...Buffer.from(value)]
    .map((byte, index) => (index % 2 === 0 || byte > 127 ? `%${byte.toString(16)}` : String.fromCharCode(byte)))
    .join("");
}

function pairsText(pairs: readonly Named[], separator: string): string {
  return pairs.map(([name, value]) => `${name}=${escaped(value)}`).join(separator);
}

/** Sends a request, its body cut here. @returns the line */
function lineOf(asked: Request, cuts: readonly number[]): string {
  const body = Buffer.from(pairsText(asked.form, "&"), "latin1");
  const handle = core.begin(PEER, NOW);
  const query = asked.query.length === 0 ? "" : `?${pairsText(asked.query, "&")}`;
  const head: Pair[] = [
    [":method", asked.method],
    [":path", asked.path.replaceAll("A", "%41") + query],
    [":authority", `${asked.host}:8080`],
    ["content-type", "application/x-www-form-urlencoded"],
  ];
  if (asked.header !== undefined) head.push(["x-a", asked.header]);
  if (asked.cookies.length > 0) head.push(["cookie", pairsText(asked.cookies, "; ")]);
  core.pairs("tx_head", handle, head);
  let from = 0;
  for (const cut of [...cuts.filter((at) => at < body.length).sort((a, b) => a - b), body.length]) {
    core.piece("tx_body", handle, body.subarray(from, cut));
    from = cut;
  }
  core.end(handle);
  const line = core.line(handle);
  core.free(handle);
  return line;
}

function joinedValues(pairs: readonly Named[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of pairs) values.set(name, values.has(name) ? `${values.get(name)},${value}` : value);
  return values;
}

/** What an expression is told of a request, as docs/expressions.md says it. */
function valuesOf(asked: Request): Parameters<ReturnType<typeof compileExpression>["evaluate"]>[0] {
  const readings = (pairs: readonly Named[], name?: string): string[] =>
    pairs.filter(([one, value]) => value !== "" && (name === undefined || one === name)).map(([, value]) => value);
  const point = new Map<string, string[]>([
    ["query.a", readings(asked.query, "a")],
    ["query.*", readings(asked.query)],
    ["post.form_urlencoded.*", readings(asked.form)],
    ["post.**", readings(asked.form)],
    ["header.X-A", asked.header === undefined ? [] : [asked.header]],
    ["path", [asked.path]],
  ]);
  for (const [name, list] of point) if (list.length === 0) point.delete(name);
  return {
    method: asked.method,
    host: asked.host,
    path: asked.path,
    query: joinedValues(asked.query),
    header: asked.header === undefined ? {} : { "x-a": asked.header },
    cookie: joinedValues(asked.cookies),
    body: pairsText(asked.form, "&"),
    point,
    ip: PEER,
    now: NOW * 1000,
  };
}

test("a rule decides as a plain reading of its expression, however the body was cut", () => {
  const requests = fc.array(request, { minLength: REQUESTS, maxLength: REQUESTS });
  let fitting = 0;
  let asked = 0;
  check(
    fc.property(expression, requests, (when, list) => {
      const plain = compileExpression(when, REQUEST_VARIABLES);
      const rules: RuleSettings[] = [{ name: "r", when, type: "rce" }];
      expect(core.loadPolicy("active", compilePolicy(policyOf({ mode: "monitoring" }, { rules })))).toBe(0);
      for (const one of list) {
        const line = lineOf(one, []);
        const expected = plain.evaluate(valuesOf(one));
        expect(line.includes("rule-r@"), `${when} of ${line}`).toBe(expected);
        expect(lineOf(one, one.cuts)).toBe(line);
        asked++;
        if (expected === true) fitting++;
      }
    }),
    RUNS,
  );
  // Were nearly all answers one and the same, little would have been asked.
  expect(fitting).toBeGreaterThan(asked / 10);
  expect(fitting).toBeLessThan((asked * 9) / 10);
});

test("an image of rules with changed bytes and a good checksum is refused or harmless", () => {
  const rules: RuleSettings[] = [
    { name: "a", when: 'path.startsWith("/a") && !(query["a"] in ["1", "2"])', type: "rce", match: { host: "*.x" } },
    { name: "b", when: 'point["query.**"].exists(v, v.matches("a+b") || size(v) > 3)', type: "sqli", kind: "vpatch" },
    { name: "c", when: 'body.contains("ab") || ip in ["10.0.0.0/8"]', type: "xss", expiresAt: "2030-01-01" },
    { name: "d", when: 'header["x-a"] != "" && now < timestamp("2030-01-01T00:00:00Z")', type: "xss" },
  ];
  const image = Buffer.from(compilePolicy(policyOf({ mode: "block" }, { rules })));
  const change = fc.tuple(fc.nat(image.length - 17), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 255)));
  let taken = 0;
  check(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), request, (changes, one) => {
      const damaged = Buffer.from(image);
      for (const [at, byte] of changes) damaged[16 + at] = byte;
      damaged.writeUInt32LE(crc32(damaged.subarray(16)), 12);
      // The checked build traps on any access beyond what a request or an image owns.
      const status = core.loadPolicy("active", damaged);
      expect([0, 20]).toContain(status);
      if (status === 0) taken++;
      lineOf(one, one.cuts);
    }),
    RUNS,
  );
  expect(taken).toBeGreaterThan(0);
});
