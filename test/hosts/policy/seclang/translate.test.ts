/** SecLang to rules: what comes out, what is told of the rest, and that the core decides as a plain reading does. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { compilePolicy } from "../../../../hosts/policy/image.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { readDirectives, type Sources } from "../../../../hosts/policy/seclang/directives.ts";
import { policyYaml } from "../../../../hosts/policy/seclang/policy-yaml.ts";
import { type Imported, translate } from "../../../../hosts/policy/seclang/translate.ts";
import { Core, type Pair } from "../../../assembly/core.ts";
import { NOW } from "../../../assembly/policy-image.ts";

const RUNS = 400;
const REQUESTS = 6;

function sourcesOf(files: Readonly<Record<string, string>>): Sources {
  return {
    read: (path) => Promise.resolve(files[path] ?? ""),
    find: (pattern) => Promise.resolve([pattern]),
  };
}

async function importText(text: string, files: Readonly<Record<string, string>> = {}, paranoia = 4): Promise<Imported> {
  const sources = sourcesOf({ ...files, "a.conf": text });
  return await translate(await readDirectives(["a.conf"], sources), sources, { paranoia, type: "custom" });
}

test.each([
  ['SecRule REQUEST_FILENAME "@beginsWith /admin" "id:1,phase:1,deny"', 'path.startsWith("/admin")', "block"],
  ['SecRule REQUEST_HEADERS:X "@streq a" "id:1,pass"', 'header["x"] == "a"', "report"],
  ['SecRule REQUEST_HEADERS:X "^$" "id:1,deny"', '(has(header["x"]) && header["x"].matches("(?sm)^$"))', "block"],
  ['SecRule REQUEST_HEADERS:X "!@streq a" "id:1,deny"', '(has(header["x"]) && !(header["x"] == "a"))', "block"],
  [
    'SecRule REQUEST_METHOD "@streq POST" "id:1,deny,chain"\nSecRule &ARGS:x "@eq 0" "t:none"',
    '(method == "POST") && (!(has(point["query.x"]) || has(point["post.form_urlencoded.x"]) ' +
      '|| has(point["post.multipart.x"])))',
    "block",
  ],
  ['SecRule ARGS "@pmFromFile words.data" "id:1,deny"', '"(?i)(?:evil|worse)"', "block"],
  ['SecRule REMOTE_ADDR "@ipMatch 192.0.2.0/24" "id:1,deny"', '(ip in ["192.0.2.0/24"])', "block"],
  ['SecDefaultAction "phase:2,deny"\nSecRule REQUEST_BODY x "id:1,block"', 'body.matches("(?sm)x")', "block"],
  ['SecRule REQUEST_BODY x "id:1,block"', 'body.matches("(?sm)x")', "report"],
  ["SecRule ARGS_GET:x a \"id:1,pass,setvar:'tx.anomaly_score=+5'\"", 'query["x"].matches("(?sm)a")', "block"],
  ['SecRule ARGS_GET:x "@gt 9" "id:1,deny,t:length"', 'size(query["x"]) > 9', "block"],
])("%s is imported", async (text, when, action) => {
  const { rules, refusals } = await importText(text, { "words.data": "# a list\nevil\n\nworse\n" });
  expect(refusals).toEqual([]);
  expect(rules.map((rule) => rule.action)).toEqual([action]);
  expect(rules[0]?.when).toContain(when);
});

test.each([
  ['SecRule ARGS "@detectSQLi" "id:1,deny"', "covered", 1, "rule 1: Merlon's signatures of sqli"],
  ['\nSecRule ARGS "(?<=a)b" "id:1,deny"', "rule", 2, "cannot be asked in linear time"],
  ['SecRule ARGS a "id:1,deny,t:cmdLine"', "rule", 1, "t:cmdline — values are not rewritten"],
  ['SecRule RESPONSE_BODY a "id:1,phase:4,deny"', "rule", 1, "phase:4 — rules are asked of requests"],
  ['SecRule ARGS a "id:1,deny,chain"\nSecRule TX:0 b', "rule", 2, "TX:0 — rules keep no variables"],
  ['SecRule ARGS a "id:1,deny,ctl:ruleRemoveById=5"', "rule", 1, "write a WafException"],
  ['SecRule ARGS a "id:1,deny"\nSecRule ARGS b "id:1,deny"', "rule", 2, "is that of an earlier rule"],
  ["SecRuleUpdateTargetById 942100 !ARGS:x", "setting", 1, "match.point"],
  ["SecAuditLog /x", "setting", 1, "docs/records.md"],
  ['SecRule REQUEST_URI "@streq /a?b" "id:1,deny"', "rule", 1, "asks path and query"],
])("%j is told", async (text, kind, line, why) => {
  const { refusals } = await importText(text);
  expect(refusals).toMatchObject([{ kind, line, file: "a.conf", text: expect.stringContaining(why) }]);
});

test("removals, levels of paranoia and the engine's switch do what they say", async () => {
  const level = 'SecRule TX:DETECTION_PARANOIA_LEVEL "@lt 2" "id:9,pass,skipAfter:END"';
  const rules = [1, 2, 3, 4].map((id) => `SecRule REQUEST_BODY x${id} "id:${id},deny,tag:'t${id}'"`);
  const text = ["SecRuleEngine DetectionOnly", rules[0], level, rules[1], "SecMarker END", rules[2], rules[3]];
  const removed = [...text, "SecRuleRemoveById 7 3-3", "SecRuleRemoveByTag t4"].join("\n");
  const one = await importText(removed, {}, 1);
  expect([one.rules.map(({ id }) => id), one.aside, one.read, one.mode]).toEqual([[1], 3, 4, "monitoring"]);
  expect((await importText(removed, {}, 2)).rules.map(({ id }) => id)).toEqual([1, 2]);
});

const core = new Core("release");
const word = fc.string({ unit: fc.constantFrom("a", "b", "A", "1"), minLength: 1, maxLength: 4 });
const variable = fc.constantFrom(
  "REQUEST_METHOD",
  "REQUEST_FILENAME",
  "ARGS_GET:x",
  "REQUEST_HEADERS:X-T",
  "REQUEST_COOKIES:c",
);
const pattern = fc.constantFrom("a+b", "^a", "1$", "^[ab]*$", "(?i)AB", "a|1", "^$", "b{2}");
const operator = fc.oneof(
  pattern.map((text) => ["rx", text] as const),
  fc.tuple(fc.constantFrom("contains", "beginsWith", "endsWith", "streq"), word),
  fc.tuple(word, word).map(([one, other]) => ["pm", `${one} ${other}`] as const),
);
const link = fc.record({
  variables: fc.uniqueArray(variable, { minLength: 1, maxLength: 3 }),
  operator,
  isNegated: fc.boolean(),
  isLower: fc.boolean(),
});
const request = fc.record({
  method: fc.constantFrom("GET", "POST", "aB"),
  path: word.map((text) => `/${text}`),
  query: fc.option(word, { nil: undefined }),
  header: fc.option(word, { nil: undefined }),
  cookie: fc.option(word, { nil: undefined }),
});
type Link = typeof link extends fc.Arbitrary<infer T> ? T : never;
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** What ModSecurity's manual says: any value of any variable that is there. */
function reads({ variables, operator: [name, argument], isNegated, isLower }: Link, asked: Request): boolean {
  const values: Readonly<Record<string, string | undefined>> = {
    REQUEST_METHOD: asked.method,
    REQUEST_FILENAME: asked.path,
    "ARGS_GET:x": asked.query,
    "REQUEST_HEADERS:X-T": asked.header,
    "REQUEST_COOKIES:c": asked.cookie,
  };
  return variables.some((one) => {
    const value = values[one];
    if (value === undefined) return false;
    return holds(name, argument, isLower ? value.toLowerCase() : value) !== isNegated;
  });
}

function holds(name: string, argument: string, text: string): boolean {
  switch (name) {
    case "rx":
      return new RegExp(argument.replace("(?i)", ""), argument.startsWith("(?i)") ? "ims" : "ms").test(text);
    case "contains":
      return text.includes(argument);
    case "beginsWith":
      return text.startsWith(argument);
    case "endsWith":
      return text.endsWith(argument);
    case "streq":
      return text === argument;
    default:
      return argument.split(" ").some((one) => text.toLowerCase().includes(one.toLowerCase()));
  }
}

function secRule(
  { variables, operator: [name, argument], isNegated, isLower }: Link,
  first: string,
  chains: boolean,
): string {
  const actions = [
    ...(first === "" ? [] : [first]),
    ...(chains ? ["chain"] : []),
    "t:none",
    ...(isLower ? ["t:lowercase"] : []),
  ];
  return `SecRule ${variables.join("|")} "${isNegated ? "!" : ""}@${name} ${argument}" "${actions.join(",")}"`;
}

function lineOf({ method, path, query, header, cookie }: Request): string {
  return headLine([
    [":method", method],
    [":path", query === undefined ? path : `${path}?x=${query}`],
    [":authority", "a.example"],
    ...(header === undefined ? [] : [["x-t", header] as const]),
    ...(cookie === undefined ? [] : [["cookie", `c=${cookie}`] as const]),
  ]);
}

function headLine(head: readonly Pair[]): string {
  const handle = core.begin("192.0.2.7", NOW);
  core.pairs("tx_head", handle, [...head]);
  core.end(handle);
  const line = core.line(handle);
  core.free(handle);
  return line;
}

const chains = fc.tuple(
  fc.array(link, { minLength: 1, maxLength: 3 }),
  fc.array(request, { minLength: REQUESTS, maxLength: REQUESTS }),
);

/** Random chains and requests, the chains imported already: properties do not wait. */
async function importedChains(
  count: number,
): Promise<{ chain: Link[]; requests: Request[]; text: string; imported: Imported }[]> {
  const seed = Number(process.env["MERLON_FUZZ_SEED"] ?? 7);
  const cases = fc.sample(chains, { numRuns: count, seed }).map(([chain, requests]) => {
    const lines = chain.map((one, at) => secRule(one, at === 0 ? "id:1,phase:2,deny" : "", at < chain.length - 1));
    return { chain, requests, text: lines.join("\n") };
  });
  return await Promise.all(cases.map(async (one) => ({ ...one, imported: await importText(one.text) })));
}

/** Asks the core. @returns whether the rule was found in each request, undefined where it was not imported */
function foundIn(imported: Imported, requests: readonly Request[]): boolean[] | undefined {
  if (imported.rules.length === 0) return undefined;
  expect(core.loadPolicy("active", compilePolicy(parsePolicy(policyYaml(imported), "import")))).toBe(0);
  return requests.map((asked) => lineOf(asked).includes("rule-sec-1@"));
}

test("imported rules decide in the core as a plain reading of SecLang does", async () => {
  const cases = await importedChains(RUNS);
  let fitting = 0;
  let refused = 0;
  for (const { chain, requests, text, imported } of cases) {
    const found = foundIn(imported, requests);
    if (found === undefined) {
      refused++;
      continue;
    }
    const expected = requests.map((asked) => chain.every((one) => reads(one, asked)));
    fitting += expected.filter((one) => one).length;
    expect(found, `${text} of ${JSON.stringify(requests)}`).toEqual(expected);
  }
  expect(refused).toBeLessThan(RUNS / 20);
  expect(fitting).toBeGreaterThan(RUNS / 10);
});

/** What Coraza 3.8.1 said of rules and requests as above: `go run . seclang` in test/bench/peers, a line a case. */
const JUDGED = readFileSync(join(import.meta.dirname, "../../../data/policy/seclang-coraza.jsonl"), "utf8");
const judgedSchema = z.object({
  rules: z.string(),
  requests: z.array(
    z.object({ method: z.string(), target: z.string(), headers: z.array(z.tuple([z.string(), z.string()])) }),
  ),
  stopped: z.array(z.boolean()),
});

test("imported rules decide in the core as Coraza does", async () => {
  let stops = 0;
  for (const line of JUDGED.trim().split("\n")) {
    const { rules, requests, stopped } = judgedSchema.parse(JSON.parse(line));
    const imported = await importText(rules);
    expect(core.loadPolicy("active", compilePolicy(parsePolicy(policyYaml(imported), "import")))).toBe(0);
    const found = requests.map(({ method, target, headers }) => {
      const fields = headers.map(([name, value]): Pair => [name === "Host" ? ":authority" : name.toLowerCase(), value]);
      return headLine([[":method", method], [":path", target], ...fields]).includes("rule-sec-1@");
    });
    expect(found, `${rules} of ${JSON.stringify(requests)}`).toEqual(stopped);
    stops += stopped.filter((one) => one).length;
  }
  expect(stops).toBeGreaterThan(100);
});
