/** `merlon policy`: what it says of files, and what it finds on requests. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ATTACK, makeFolder, rawRequest, run } from "./stage.ts";

const HEAD = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec:\n";
const EXCEPTION = `---
apiVersion: merlon.dev/v1alpha1
kind: WafException
metadata: {name: files}
spec:
  match: {path: /files/**, point: query.file}
  ignore: {types: [ptrav]}
  reason: a test
  expiresAt: 2099-01-01
`;

function fileOf(name: string, content: string): string {
  const path = join(makeFolder(), name);
  writeFileSync(path, content);
  return path;
}

test("lint says that a good file is good, and what has no effect in another", async () => {
  const good = fileOf(
    "a.yaml",
    `${HEAD}  defaults: {mode: block}\n  scopes: [{match: {path: /a}, mode: off}]\n${EXCEPTION}`,
  );
  const { code, stdout } = await run(["policy", "lint", good]);
  expect([code, stdout]).toEqual([0, expect.stringContaining("valid, mode block, 1 scopes, 0 rules, 1 exceptions")]);
  const late = EXCEPTION.replace("2099", "2020").replace("types: [ptrav]", "types: [ptrv]");
  const bad = await run(["policy", "lint", fileOf("b.yaml", `${HEAD}  defaults: {}\n${late}`)]);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toContain('no signature of the type ptrv; did you mean "ptrav"?');
  expect(bad.stdout).toContain("exception files: expired 2020-01-01T00:00:00Z");
});

test("lint names field, line and fix of a file that is not valid, in any of its documents", async () => {
  const path = fileOf("a.yaml", `${HEAD}  defaults: {}\n${EXCEPTION.replace("expiresAt", "expiresAtt")}`);
  const { code, stderr } = await run(["policy", "lint", path]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/a\.yaml:13:3: "expiresAtt" is no field of spec .* did you mean "expiresAt"\?/);
});

test("explain shows what counts for a request", async () => {
  const scope = "{match: {path: /files/**}, mode: block, application: files, limits: {holdBytes: 1Mi}}";
  const path = fileOf("a.yaml", `${HEAD}  defaults: {}\n  scopes: [${scope}]\n${EXCEPTION}`);
  const asked = `curl 'http://shop.example/files/x?file=../../../../../../etc/passwd'`;
  const { code, stdout } = await run(["policy", "explain", path, "--curl", asked]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^mode +block\napplication +files\nholdBytes +1Mi\n/);
  expect(stdout).toContain("verdict      pass\nfinding      ptrav-target at query.file, let pass by exception files\n");
});

test("explain says which thresholds count a request, lint which count nothing, diff what changes", async () => {
  const login = "{name: login, match: {path: /login}, key: [ip, 'header[\"x\"]'], limit: {requests: 5, per: 1m}}";
  const idle = "{name: idle, when: 'false', limit: {requests: 5, per: 1m}}";
  const path = fileOf("a.yaml", `${HEAD}  thresholds: [${login}, ${idle}]\n`);
  const asked = await run(["policy", "explain", path, "--curl", "curl http://a.test/login"]);
  expect(asked.stdout).toContain(
    'threshold    login: 5 requests in 1m by ip and header["x"]; beyond that requests are answered 429\nverdict',
  );
  const other = await run(["policy", "explain", path, "--curl", "curl http://a.test/"]);
  expect(other.stdout).not.toContain("threshold");
  const { code, stdout } = await run(["policy", "lint", path]);
  expect(code).toBe(1);
  expect(stdout).toContain("threshold idle: its condition fits no request; mend the condition");
  const after = fileOf("b.yaml", `${HEAD}  thresholds: [${login.replace("5", "6")}]\n`);
  const changed = (await run(["policy", "diff", path, after])).stdout;
  expect(changed).toContain("- threshold idle\n~ threshold login: ");
  expect(changed).toContain('{"limit":{"requests":5,"per":"1m"},"key":["ip","header[\\"x\\"]"]');
});

test("lint says that an exception for a threshold lets nothing pass", async () => {
  const limited = "  thresholds: [{name: login, limit: {requests: 5, per: 1m}}]\n";
  const path = fileOf("a.yaml", `${HEAD}${limited}${EXCEPTION.replace("types: [ptrav]", "stamps: [threshold-login]")}`);
  const { code, stdout } = await run(["policy", "lint", path]);
  expect(code).toBe(1);
  expect(stdout).toContain("threshold-login is a threshold, and no finding that could pass; change threshold login");
});

test("diff names each object that differs", async () => {
  const before = fileOf("a.yaml", `${HEAD}  defaults: {mode: block}\n  scopes: [{match: {path: /a}, mode: off}]\n`);
  const after = fileOf("b.yaml", `${HEAD}  defaults: {}\n  scopes: [{match: {path: /b}, mode: off}]\n${EXCEPTION}`);
  const { stdout } = await run(["policy", "diff", before, after]);
  expect(stdout).toContain('~ mode: "block" → "monitoring"\n');
  expect(stdout).toContain("- scope /a:exact\n+ scope /b:exact: ");
  expect(stdout).toContain("+ exception files: ");
  expect((await run(["policy", "diff", before, before])).stdout).toBe("no difference\n");
});

test("simulate lists the requests whose answer would change", async () => {
  const rows = [`/files?${ATTACK}`, `/other?${ATTACK}`, "/other"].map((target, at) =>
    JSON.stringify({ id: `r${at}`, label: "benign", raw_b64: Buffer.from(rawRequest(target)).toString("base64") }),
  );
  const requests = fileOf("requests.jsonl", `${rows.join("\n")}\n`);
  const today = fileOf("a.yaml", `${HEAD}  defaults: {mode: block}\n`);
  const next = fileOf("b.yaml", `${HEAD}  defaults: {mode: block}\n${EXCEPTION}`);
  const eased = await run(["policy", "simulate", next, requests, "--against", today]);
  expect(eased.stdout).toMatch(
    /^would pass {2}r0 .*ptrav-target@query\.file\n3 requests, 0 would be blocked, 1 would pass\n$/,
  );
  const stricter = await run(["policy", "simulate", today, requests, "--show", "0"]);
  expect(stricter.stdout).toBe("3 requests, 2 would be blocked, 0 would pass\n");
});

test("schema prints what editors read", async () => {
  const { code, stdout } = await run(["policy", "schema"]);
  expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ title: "Merlon policy" })]);
});

test.each([
  [
    ["policy", "lnt", "a"],
    "lint, explain, diff, simulate, serve, stage, promote, withdraw, status, mode, ready, schema",
  ],
  [["policy", "lint"], "a policy file is missing"],
  [["policy", "explain", "a"], "--curl is missing"],
  [["policy", "diff", "a"], "two files"],
  [["policy", "simulate", "a"], "requests are missing"],
])("%j is refused with what it takes", async (args, says) => {
  const { code, stderr } = await run(args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
});

const RULE =
  "  rules: [{name: legacy, kind: vpatch, when: 'path.startsWith(\"/old/\")', type: logic, action: ACTION}]\n";

test("explain and lint show rules, and what each of them does", async () => {
  const asked = "curl http://shop.example/old/x";
  const path = fileOf("a.yaml", `${HEAD}${RULE.replace("ACTION", "block")}`);
  const { stdout } = await run(["policy", "explain", path, "--curl", asked]);
  expect(stdout).toContain("rules        legacy (vpatch)\nverdict      block\n");
  expect(stdout).toContain("finding      rule-legacy at uri, a virtual patch: blocks in every mode but off\n");
  const reported = fileOf("b.yaml", `${HEAD}${RULE.replace("ACTION", "report")}`);
  const other = await run(["policy", "explain", reported, "--curl", asked]);
  expect(other.stdout).toContain("finding      rule-legacy at uri, is only reported\n");
  const lint = await run(["policy", "lint", fileOf("c.yaml", `${HEAD}  packs: [known-cve]\n`)]);
  expect(lint.stdout).toMatch(/ 0 scopes, \d{2} rules, 0 exceptions/);
});

test("simulate names the rule that would block", async () => {
  const path = fileOf("a.yaml", `${HEAD}${RULE.replace("ACTION", "block")}`);
  const raw = Buffer.from("GET /old/x HTTP/1.1\r\nHost: a.x\r\n\r\n").toString("base64");
  const rows = fileOf("rows.jsonl", `${JSON.stringify({ id: "one", label: "benign", raw_b64: raw })}\n`);
  const { stdout } = await run(["policy", "simulate", path, rows]);
  expect(stdout).toContain("would be blocked  one  GET /old/x HTTP/1.1  rule-legacy@uri\n");
});

const SPEC = `---
apiVersion: merlon.dev/v1alpha1
kind: WafApiSpec
metadata: {name: shop}
spec:
  violations: {undefinedEndpoint: block}
  openapi:
    openapi: 3.0.0
    paths:
      /users/{id}:
        get:
          parameters: [{in: query, name: f, schema: {type: object}}, {in: path, name: id, schema: {type: integer}}]
          requestBody: {content: {text/plain: {schema: {}}}}
        post:
          requestBody:
            content: {application/json: {schema: {type: object, properties: {n: {type: integer}}, not: {}}}}
`;

test("lint says what of a specification is not asked, and where it stands", async () => {
  const path = fileOf("a.yaml", `${HEAD}  defaults: {}\n${SPEC}`);
  const { code, stdout } = await run(["policy", "lint", path]);
  expect([code, stdout]).toEqual([0, expect.stringContaining("1 specifications")]);
  expect(stdout).toContain("note: specification shop: ");
  expect(stdout).toMatch(/a\.yaml:17:\d+: what a body of text\/plain holds is not asked, only its type/);
  expect(stdout).toMatch(/a\.yaml:20:\d+: not is not asked/);
});

test("explain shows what differs from a specification, and diff what changes in one", async () => {
  const path = fileOf("a.yaml", `${HEAD}  defaults: {mode: block}\n${SPEC}`);
  const explain = async (url: string): Promise<string> =>
    (await run(["policy", "explain", path, "--curl", `curl ${url}`])).stdout;
  expect(await explain("http://a.example/users/7")).toMatch(/verdict +pass\n$/);
  expect(await explain("http://a.example/users/x")).toMatch(
    /verdict +pass\nfinding +api-invalid-parameter at uri, is only reported\nreason +The request is not as .*\n$/,
  );
  expect(await explain("http://a.example/other")).toMatch(
    /verdict +block\nfinding +api-undefined-endpoint at uri\nreason .*\n$/,
  );
  const body = `-H content-type:application/json -d '{"n":1.5}' http://a.example/users/7`;
  expect(await explain(body)).toMatch(
    /finding +api-invalid-field at post\.json_doc\.hash\.n, is only reported\nreason .* shop says: the value of/,
  );
  const after = fileOf("b.yaml", `${HEAD}  defaults: {mode: block}\n${SPEC.replace("/users/{id}", "/people/{id}")}`);
  expect((await run(["policy", "diff", path, after])).stdout).toBe(
    "~ specification shop: its document is another one\n",
  );
  const none = fileOf("c.yaml", `${HEAD}  defaults: {mode: block}\n`);
  expect((await run(["policy", "diff", path, none])).stdout).toBe("- specification shop\n");
});

test("an exception takes out a violation by its stamp, and a stamp that no specification has is told", async () => {
  const exception = EXCEPTION.replace("types: [ptrav]", "stamps: [api-undefined-endpoint]").replace(
    ", point: query.file",
    "",
  );
  const path = fileOf("a.yaml", `${HEAD}  defaults: {mode: block}\n${SPEC}${exception}`);
  const asked = ["policy", "explain", path, "--curl", "curl http://a.example/files/x"];
  expect((await run(asked)).stdout).toContain("api-undefined-endpoint at uri, let pass by exception files");
  expect((await run(["policy", "lint", path])).code).toBe(0);
  const bare = fileOf("b.yaml", `${HEAD}  defaults: {mode: block}\n${exception}`);
  expect((await run(["policy", "lint", bare])).stdout).toContain(
    "this version has no signature api-undefined-endpoint",
  );
});
