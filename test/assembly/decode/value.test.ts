/** The value under inspection: its work is bounded, and it is told once what it shows. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { ask } from "../requests.ts";

test("fuel is spent to the last unit and never more", () => {
  const core = new Core("test");
  expect(core.call("fuel_after")(100, 99)).toBe(1);
  expect(core.call("fuel_after")(100, 100)).toBe(0);
  expect(core.call("fuel_after")(100, 101) | 0).toBe(-1);
});

test("a value that costs more than its work allows says so", () => {
  const core = new Core("checked");
  const hostile = ["(", "<a b=", "'\"", "/*", "${", "../", "union select ", "{{", "&lt;", "%25", "\\x5c"];
  for (const piece of hostile) {
    const body = piece.repeat(Math.floor(32_000 / piece.length));
    const { limits } = ask(core, { method: "POST", body });
    expect(
      limits.every((limit) => ["fuel", "tokens", "layers", "nest"].includes(limit)),
      piece,
    ).toBe(true);
  }
});

test("a signature is told once a value, however many readings show it", () => {
  const core = new Core("checked");
  const { line } = ask(core, { target: "/?a=<script>alert(1)</script>%26lt;script>alert(1)%26lt;/script>" });
  const stamps = [...line.matchAll(/([a-z]+-[a-z-]+)@query\.a/g)].map(([, stamp]) => stamp);
  expect(stamps.length).toBeGreaterThan(0);
  expect(new Set(stamps).size).toBe(stamps.length);
});
