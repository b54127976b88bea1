/**
 * What each mode does, whoever asks and whatever the request holds: all rows, asked of the function and of requests.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { MODES } from "../../../hosts/core/verdict.ts";
import { ROOT } from "../../tools/component.ts";
import { Core, STATUS } from "../core.ts";
import { usePolicy } from "../policy-image.ts";
import { ATTACK, ask } from "../requests.ts";

const SOURCES = ["none", "allow", "deny", "gray"] as const;
const OVERRIDES = ["off", "strict", "on"] as const;
const UNSET = 255;
const schema = z.array(
  z.strictObject({ mode: z.enum(MODES), attack: z.boolean(), source: z.enum(SOURCES), blocks: z.boolean() }),
);
const ROWS = schema.parse(parse(readFileSync(join(ROOT, "test/data/policy/behaviour.yaml"), "utf8")));
const core = new Core("test");

test.each(ROWS)("$mode, an attack: $attack, source $source: blocked $blocks", ({ mode, attack, source, blocks }) => {
  const list = SOURCES.indexOf(source);
  expect(core.call("blocks")(MODES.indexOf(mode), attack ? 1 : 0, list) !== 0).toBe(blocks);
  usePolicy(core, { mode, modeAllowOverride: "off" });
  const { statuses, record } = ask(core, { target: attack ? `/?a=${ATTACK}` : "/", source: list });
  expect(statuses.at(-1)).toBe(blocks ? STATUS.block : STATUS.pass);
  expect(record.readUInt32LE(core.number("RESULT_ACTION"))).toBe(blocks ? 1 : 0);
  expect(MODES[record.readUInt32LE(core.number("RESULT_MODE"))]).toBe(mode);
});

test("each mode stands in the rows, with every source", () => {
  expect(new Set(ROWS.map(({ mode }) => mode))).toEqual(new Set(MODES));
  expect(new Set(ROWS.map(({ source }) => source))).toEqual(new Set(SOURCES));
});

test.each(MODES)("of %s locally and any of the console's the override chooses", (local) => {
  const own = MODES.indexOf(local);
  const effective = (override: (typeof OVERRIDES)[number], remote: number): number =>
    core.call("effectiveMode")(own, OVERRIDES.indexOf(override), remote);
  for (const override of OVERRIDES) expect(effective(override, UNSET)).toBe(own);
  for (const remote of MODES.keys()) {
    expect(effective("off", remote)).toBe(own);
    expect(effective("strict", remote)).toBe(Math.max(own, remote));
    expect(effective("on", remote)).toBe(remote);
  }
});
