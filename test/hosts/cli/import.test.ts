/** `merlon import`: files in, a policy out, and what could not be carried over line by line. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder, run } from "./stage.ts";

const RULES = `SecRuleEngine On
Include more-*.conf
SecRule ARGS "@detectXSS" "id:2,deny"
`;

test("rules of several files become a policy that lint takes", async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, "a.conf"), RULES);
  writeFileSync(join(folder, "more-1.conf"), 'SecRule REQUEST_FILENAME "@endsWith .bak" "id:1,deny,msg:\'A copy\'"');
  const out = join(folder, "rules.yaml");
  const { code, stdout, stderr } = await run(["import", "seclang", join(folder, "a.conf"), "--out", out]);
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toContain(`a.conf:3: rule 2: Merlon's signatures of xss look at every value already`);
  expect(stderr).toContain("1 of 2 rules imported, 0 of them experimental, 1 need none, 0 have no counterpart");
  expect(readFileSync(out, "utf8")).toContain("# more-1.conf:1 A copy\n    - name: sec-1\n");
  expect((await run(["policy", "lint", out])).code).toBe(0);
  const asked = ["policy", "explain", out, "--curl", "curl http://a.example/x.bak"];
  expect((await run(asked)).stdout).toContain("verdict      block\nfinding      rule-sec-1 at uri\n");
});

test("what has no counterpart is an exit code, unless a part is enough", async () => {
  const path = join(makeFolder(), "a.conf");
  writeFileSync(path, 'SecRule ARGS "(?=a)" "id:1,deny"\n');
  const { code, stderr } = await run(["import", "seclang", path]);
  expect([code, stderr]).toEqual([1, expect.stringContaining(`${path}:1: rule 1: the pattern cannot be asked`)]);
  expect((await run(["import", "seclang", path, "--allow-partial"])).code).toBe(0);
});

test.each([
  [["apache", "a.conf"], "it takes seclang"],
  [["seclang", "/nowhere/a.conf"], "cannot be read"],
  [["seclang", "a.conf", "--type", "A B"], "it takes an attack type"],
  [["seclang", "a.conf", "--paranoia", "5"], "from 1 to 4"],
])("%j is refused", async (args, why) => {
  const { code, stderr } = await run(["import", ...args]);
  expect(code).toBeGreaterThan(0);
  expect(stderr).toContain(why);
});
