/** `merlon exception`: what it proposes lets exactly the request pass that it was asked about. */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ATTACK, makeFolder, rawRequest, run } from "./stage.ts";

const POLICY = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: block}}\n";

test("propose says one as closely as it can, and with it the request passes and its neighbours do not", async () => {
  const folder = makeFolder();
  const [policy, request] = [join(folder, "merlon.yaml"), join(folder, "request.http")];
  writeFileSync(policy, POLICY);
  writeFileSync(request, rawRequest(`/Files/42/show?${ATTACK}`));
  const { code, stdout } = await run(["exception", "propose", request, "--policy", policy, "--reason", "ours"]);
  expect(code).toBe(0);
  expect(stdout).toContain("    host: shop.example\n    path: /Files/*/show\n    point: query.file\n");
  appendFileSync(policy, stdout);
  const verdictOf = async (target: string): Promise<string | undefined> => {
    const args = ["policy", "explain", policy, "--curl", `curl 'http://shop.example${target}'`];
    return /^verdict +(.*)$/m.exec((await run(args)).stdout)?.[1];
  };
  expect(await verdictOf(`/Files/42/show?${ATTACK}`)).toBe("pass");
  expect(await verdictOf(`/Files/7/show?${ATTACK}`)).toBe("pass");
  expect(await verdictOf(`/Files/7?${ATTACK}`)).toBe("block");
  expect(await verdictOf(`/Files/7/show?x${ATTACK}`)).toBe("block");
  // Nothing is left to propose.
  expect((await run(["exception", "propose", request, "--policy", policy])).code).toBe(1);
  const { stdout: listed } = await run(["exception", "list", "--policy", policy]);
  expect(listed).toMatch(/proposed-\d+-1 +ptrav-target +query\.file +GET shop\.example .* ours\n$/);
});

test.each([
  [["exception", "show"], "propose, apply, list, expire, undo"],
  [["exception", "propose"], "one request is needed"],
  [["exception", "propose", "a", "--policy-url", "https://a"], "propose reads a policy file"],
  [["exception", "expire", "--policy", "a"], "the name is missing"],
  [["exception", "apply", "--policy", "a"], "the file is missing"],
  [["exception", "list"], "nothing says which policy"],
])("%j is refused with what it takes", async (args, says) => {
  const { code, stderr } = await run(args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
});

test("list of a policy without exceptions says so", async () => {
  const path = join(makeFolder(), "merlon.yaml");
  writeFileSync(path, POLICY);
  expect((await run(["exception", "list", "--policy", path])).stdout).toBe("no exceptions\n");
});
