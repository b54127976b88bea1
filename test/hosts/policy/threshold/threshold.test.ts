/** What a policy may say of thresholds, what it is told when it may not, and what hosts are told of it. */
import { describe, expect, test } from "vitest";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import {
  definitionsOf,
  keyPartText,
  parseKeyPart,
  type Threshold,
  thresholdStamp,
} from "../../../../hosts/policy/threshold/threshold.ts";

function parse(lines: string): readonly Threshold[] {
  const head = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec:\n  thresholds:\n";
  return parsePolicy(head + lines, "p.yaml").thresholds ?? [];
}

test("a threshold needs a name and a limit", () => {
  expect(parse("    - { name: all, limit: { requests: 10, per: 1m } }")).toMatchObject([
    {
      name: "all",
      kind: "rate",
      when: "true",
      key: [{ from: "ip", name: "" }],
      limit: { requests: 10, per: 60 },
      action: "block",
      status: 429,
    },
  ]);
});

test.each([
  ["{ name: a, limit: { requests: 0, per: 1m } }", "requests is too small"],
  ["{ name: a, limit: { requests: 1, per: 2d } }", "out of range; write one from 1s to 1d"],
  ["{ name: a, limit: { requests: 1, per: soon } }", "is no span of time"],
  ["{ name: a, limit: { requests: 5, per: 1m, burst: 6 } }", "has a burst above its requests"],
  ["{ name: A, limit: { requests: 1, per: 1m } }", "is no name of a threshold"],
  ["{ name: a, key: [user], limit: { requests: 1, per: 1m } }", "is nothing to count by"],
  ["{ name: a, key: [], limit: { requests: 1, per: 1m } }", "key is too small"],
  ["{ name: a, kye: [ip], limit: { requests: 1, per: 1m } }", 'did you mean "key"'],
  ["{ name: a, status: 403, limit: { requests: 1, per: 1m } }", "none of 429 and 503"],
  ["{ name: a, kind: bola, limit: { requests: 1, per: 1m } }", "says which part names the object"],
  ['{ name: a, kind: bola, values: "path[2]", limit: { requests: 1001, per: 1m } }', "more than 1000 values"],
  ['{ name: a, values: "path[2]", limit: { requests: 1, per: 1m } }', "has no meaning for rate"],
  ["{ name: a, statuses: [401], limit: { requests: 1, per: 1m } }", "which counts no answers"],
  ["{ name: a, kind: brute_force, limit: { requests: 5, per: 1m, burst: 1 } }", "which only rates have"],
  ["{ name: a, action: gray, limit: { requests: 1, per: 1m } }", "how long the client stays on its list"],
  ["{ name: a, action: deny, for: 1h, key: [path], limit: { requests: 1, per: 1m } }", "puts addresses on a list"],
  ["{ name: a, when: 'path.startWith(\"/\")', limit: { requests: 1, per: 1m } }", 'did you mean "startsWith"'],
])("%s is refused", (written, why) => {
  expect(() => parse(`    - ${written}`)).toThrow(why);
});

test("names are told apart, and there are at most 64", () => {
  const one = (name: string): string => `    - { name: ${name}, limit: { requests: 1, per: 1s } }\n`;
  expect(() => parse(one("a") + one("a"))).toThrow("name of an earlier threshold");
  const all = (count: number): string => Array.from({ length: count }, (_, at) => one(`n${at}`)).join("");
  expect(parse(all(64))).toHaveLength(64);
  expect(() => parse(all(65))).toThrow("at most 64");
});

describe("parts of a key", () => {
  test.each(["ip", "host", "path", "app", "asn", "path[3]", 'header["x-api-key"]', 'cookie["Id"]', 'query["q[]"]'])(
    "%s",
    (text) => {
      const part = parseKeyPart(text);
      expect(part === undefined ? "" : keyPartText(part)).toBe(text);
    },
  );

  test.each(["", "IP", "path[0]", "path[32]", "path[01]", 'header["a b"]', 'header[""]', "header[x]", 'body["a"]'])(
    "%j is none",
    (text) => expect(parseKeyPart(text)).toBeUndefined(),
  );
});

describe("hosts are told", () => {
  const [written] = parse("    - { name: a, kind: brute_force, limit: { requests: 1, per: 1m } }");
  const base = written as Threshold;

  test("what counts by default", () => {
    expect(definitionsOf([base])).toMatchObject([{ statuses: [401, 403], perSeconds: 60, forSeconds: 0, burst: 0 }]);
    expect(thresholdStamp(base)).toBe("threshold-a");
  });

  test("one number for what counts the same", () => {
    const idOf = (said: Partial<Threshold>): string | undefined => definitionsOf([{ ...base, ...said }])[0]?.id;
    expect(idOf({ action: "report", status: 503, for: 60 })).toBe(idOf({}));
    for (const said of [{ name: "b" }, { when: "false" }, { match: { method: "GET" } }, { statuses: [401] }]) {
      expect(idOf(said)).not.toBe(idOf({}));
    }
  });
});
