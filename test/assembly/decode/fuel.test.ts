/** The work of a transaction: noise has enough, many dear values have not, and what is remembered costs the same. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { type Asked, ask } from "../requests.ts";

/** A value without an attack that many lexers look at, in many layers. */
const DEAR = "&&id%a;&&id='%253c&#60;/*constructor:[[[\\\\${&&id";

function dearValues(count: number): Asked {
  return { method: "POST", type: "application/json", body: JSON.stringify(Array.from({ length: count }, () => DEAR)) };
}

function reachesLimit(core: Core, request: Asked): boolean {
  return ask(core, request).limits.includes("fuel");
}

/** How many dear values a request holds before the limit is reached. */
function mostOf(make: (count: number) => Asked): number {
  let [low, high] = [1, 4000];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (reachesLimit(new Core("test"), make(middle))) high = middle;
    else low = middle;
  }
  return low;
}

/** Bytes of a generator that repeats. */
function randomBytes(size: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

test("one dear value has its work, thousands of them have not", () => {
  const core = new Core("test");
  expect(reachesLimit(core, dearValues(1))).toBe(false);
  expect(reachesLimit(core, dearValues(4000))).toBe(true);
});

test.each([300, 1000, 2000, 8192, 40_000])("%i random bytes stay below the limit", (size) => {
  const core = new Core("test");
  for (const type of ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded"]) {
    for (let seed = 1; seed <= 8; seed++) {
      const request = { method: "POST", type, body: randomBytes(size, seed) };
      expect(reachesLimit(core, request), `${type}, seed ${seed}`).toBe(false);
    }
  }
});

test("a remembered value costs what its look has cost", () => {
  const agent = "Mozilla/5.0 (X11; Linux x86_64) 'AppleWebKit' <like Gecko> = ok";
  const used = new Core("test");
  ask(used, { fields: [["user-agent", agent]] });
  const limits = (core: Core, count: number): boolean =>
    reachesLimit(core, { ...dearValues(count), fields: [["user-agent", agent]] });
  const low = mostOf((count) => ({ ...dearValues(count), fields: [["user-agent", agent]] }));
  expect([limits(used, low), limits(used, low + 1)]).toEqual([false, true]);
});

/** A document with one long text and so many dear ones. */
function document(text: string, count: number): Asked {
  const dear = "<d><![CDATA[+id%a;'%253c]]></d>".repeat(count);
  return { method: "POST", type: "application/xml", body: `<a><t><![CDATA[${text}]]></t>${dear}</a>` };
}

test("a byte that a document escapes brings no more work than another", () => {
  const plain = mostOf((count) => document("x y x ".repeat(1000), count));
  const escaped = mostOf((count) => document("x y & ".repeat(1000), count));
  expect(escaped).toBeLessThan(plain);
});
