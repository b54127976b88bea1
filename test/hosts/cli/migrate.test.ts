/** `merlon migrate`: manifests in, policies out that every host takes, and what was left behind. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder, run } from "./stage.ts";

const EXAMPLES = join(import.meta.dirname, "../../data/policy/migrate");

test.each(["ingress-nginx", "wallarm"])("the example of %s becomes what is expected", async (origin) => {
  const manifests = readFileSync(join(EXAMPLES, `${origin}.yaml`), "utf8");
  const { code, stdout, stderr } = await run(["migrate", origin, "-"], manifests);
  expect(code).toBe(1);
  expect(`${stdout}\n${stderr}`).toBe(readFileSync(join(EXAMPLES, `${origin}.expected.txt`), "utf8"));
});

test("each policy is a file that lint takes", async () => {
  const folder = join(makeFolder(), "policies");
  const example = join(EXAMPLES, "wallarm.yaml");
  const { code } = await run(["migrate", "wallarm", example, "--out", folder, "--allow-partial"]);
  expect([code, readdirSync(folder).sort()]).toEqual([
    0,
    ["ingress.yaml", "report.yaml", "shop-api.yaml", "values.yaml"],
  ]);
  for (const file of readdirSync(folder)) expect((await run(["policy", "lint", join(folder, file)])).code).toBe(0);
});

test("what a rule of an Ingress is for is judged so", async () => {
  const folder = makeFolder();
  await run(["migrate", "ingress-nginx", join(EXAMPLES, "ingress-nginx.yaml"), "--out", folder]);
  const explain = async (url: string): Promise<string> => {
    return (await run(["policy", "explain", join(folder, "ingress.yaml"), "--curl", `curl ${url}`])).stdout;
  };
  expect(await explain("http://shop.example/cart/x.bak")).toContain("finding      rule-sec-1001 at uri");
  expect(await explain("http://admin.example/healthz")).toMatch(/verdict +block\nfinding +rule-only-from-admin/);
  expect(await explain("http://admin.example/other")).toMatch(/verdict +pass\n$/);
});

test.each([
  [["apache", "-"], "", "it takes wallarm, ingress-nginx"],
  [["wallarm", "/nowhere"], "", "cannot be read"],
  [["wallarm", "-"], "a: [", "stdin:1: no valid YAML"],
])("%j is refused", async (args, input, why) => {
  const { code, stderr } = await run(["migrate", ...args], input);
  expect(code).toBeGreaterThan(0);
  expect(stderr).toContain(why);
});
