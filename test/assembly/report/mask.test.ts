/** Heads for records: what is hidden, what stays, and that a block keeps its form whatever it holds. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { readPairs } from "../../../hosts/core/pair-block.ts";
import { Core, encodePairs, type Pair, STATUS } from "../core.ts";
import { usePolicy } from "../policy-image.ts";

const core = new Core("checked");

/** Names and values in turn after masking. */
function masked(pairs: readonly Pair[], handle = core.begin()): string[] {
  expect(core.call("tx_mask")(handle, core.give(encodePairs(pairs)))).toBe(STATUS.pass);
  core.free(handle);
  return readPairs(core.bytes, core.input);
}

const stars = (count: number): string => "*".repeat(count);

describe("targets", () => {
  const TARGETS: readonly (readonly [target: string, shown: string])[] = [
    ["/a?b=c&d", "/a?b=c&d"],
    ["/a?password=x%26y;z,1&b=2", `/a?password=${stars(9)}&b=2`],
    ["/a?pass%77ord=secret&b=2", `/a?pass%77ord=${stars(6)}&b=2`],
    ["/a?user%5Bpassword%5D=hunter2", `/a?user%5Bpassword%5D=${stars(7)}`],
    ["/a?b=1;api_key=k1&c=2", `/a?b=1;api_key=${stars(2)}&c=2`],
    ["/a?card=4111+1111+1111+1111", `/a?card=${stars(4)}+${stars(4)}+${stars(4)}+${stars(4)}`],
    ["/a?card=4111%201111%2D1111%201111", `/a?card=${stars(4)}%20${stars(4)}%2D${stars(4)}%20${stars(4)}`],
    ["/a?card=%34111111111111111", `/a?card=${stars(18)}`],
    ["/pay/4111111111111111/x", `/pay/${stars(16)}/x`],
    ["/a?q=%7B%22token%22%3A%22abc%22%2C%22n%22%3A1%7D", `/a?q=%7B%22token%22%3A%22${stars(3)}%22%2C%22n%22%3A1%7D`],
    ["/a?q=<secret>abc</secret>", `/a?q=<secret>${stars(3)}</secret>`],
    ["/a?token=&b=token", "/a?token=&b=token"],
    ["/token/abc?b=%", "/token/abc?b=%"],
    ["/a?%=%2&%41", "/a?%=%2&%41"],
    ["", ""],
  ];

  test.each(TARGETS)("%j is kept as %j", (target, shown) => {
    expect(masked([[":path", target]])).toEqual([":path", shown]);
  });
});

describe("fields", () => {
  const FIELDS: readonly (readonly [name: string, value: string, shown: string])[] = [
    ["Cookie", "sid=abc; b=c", stars(12)],
    ["authorization", "Basic dTpw", stars(10)],
    ["proxy-authorization", "x", "*"],
    ["X-Auth-Token", "abc", "***"],
    ["x-api-key", "abc", "***"],
    ["referer", "https://a.example/b?token=abc&c=d", "https://a.example/b?token=***&c=d"],
    ["x-json", '{"password" : "a\\"b", "c": 1}', `{"password" : "${stars(4)}", "c": 1}`],
    ["x-inner", '"{\\"password\\":\\"ab\\"}"', '"{\\"password\\":\\"***"}"'],
    ["x-list", '{"secret":["a","b"],"c":"d"}', `{"secret":[${stars(7)}],"c":"d"}`],
    ["user-agent", "Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (X11; Linux x86_64)"],
    ["x-card", "4111-1111-1111-1111.", `${stars(4)}-${stars(4)}-${stars(4)}-${stars(4)}.`],
    ["", "x", "x"],
    ["customer", "17", "17"],
  ];

  test.each(FIELDS)("%s: %j is kept as %j", (name, value, shown) => {
    expect(masked([[name, value]])).toEqual([name, shown]);
  });

  test("of the policy's masks are hidden, in the target too", () => {
    usePolicy(core, { mask: ["Customer"] });
    const pairs: Pair[] = [
      [":path", "/a?customer=17&b=2"],
      ["customer", "17"],
    ];
    expect(masked(pairs)).toEqual([":path", "/a?customer=**&b=2", "customer", "**"]);
    core.call("policy_clear")(0);
    expect(masked(pairs)).toEqual(pairs.flat());
  });
});

test("masking changes nothing of the transaction", () => {
  const handle = core.begin();
  const pairs: Pair[] = [
    [":path", "/?a=1' UNION SELECT password FROM users--"],
    ["cookie", "a=b"],
  ];
  core.pairs("tx_head", handle, pairs);
  core.end(handle);
  const before = core.record(handle);
  expect(core.call("tx_mask")(handle, core.give(encodePairs(pairs)))).toBe(STATUS.pass);
  expect(core.record(handle).equals(before)).toBe(true);
  core.free(handle);
});

test("blocks that are none are refused, and any bytes are taken without a trap", () => {
  const handle = core.begin();
  expect(core.call("tx_mask")(handle + 1, 4)).toBe(STATUS.badHandle);
  expect(core.call("tx_mask")(handle, core.inputMax + 1)).toBe(STATUS.limit);
  check(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const status = core.call("tx_mask")(handle, core.give(bytes));
      expect([STATUS.pass, STATUS.malformed]).toContain(status);
    }),
    500,
  );
  core.free(handle);
});

test("of any head, sizes and names stay, and what differs is stars", () => {
  const text = fc.string({ unit: fc.constantFrom(..."ab1 =&%34?\"'\\:<>[]{}", "token", "password"), maxLength: 40 });
  check(
    fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }), (pairs) => {
      const shown = masked(pairs);
      for (const [at, [name, value]] of pairs.entries()) {
        expect(shown[at * 2]).toBe(name);
        const hidden = shown[at * 2 + 1] ?? "";
        expect(hidden).toHaveLength(value.length);
        for (let i = 0; i < value.length; i++) expect(["*", value[i]]).toContain(hidden[i]);
      }
    }),
    1000,
  );
});

test("what was masked is masked no further", () => {
  const text = fc.string({ unit: fc.constantFrom(..."ab1=&?\"' ", "token", "4111111111111111"), maxLength: 30 });
  check(
    fc.property(text, (value) => {
      const [, once = ""] = masked([[":path", value]]);
      expect(masked([[":path", once]])[1]).toBe(once);
    }),
    1000,
  );
});
