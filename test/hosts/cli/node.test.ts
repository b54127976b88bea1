/** `merlon node`: a token on stdout once, a list without it, and an end at once. */
import { expect, test } from "vitest";
import { makeFolder, run } from "./stage.ts";

test("add, list, rm", async () => {
  const state = ["--state", makeFolder()];
  expect((await run(["node", "list", ...state])).stdout).toBe("no tokens\n");
  const { stdout: token, stderr } = await run(["node", "add", "shop-1", ...state]);
  expect(token).toMatch(/^merlon_node_\S+\n$/);
  expect(stderr).not.toContain(token.trim());
  await run(["node", "add", "alice", "--operator", ...state]);
  const { stdout } = await run(["node", "list", ...state]);
  expect(stdout).toMatch(/^name +role +since\nshop-1 +node +\d{4}-\d\d-\d\d\nalice +operator .*\n$/);
  expect((await run(["node", "rm", "shop-1", ...state])).stdout).toContain("shop-1 has no token any more");
  expect((await run(["node", "rm", "shop-1", ...state])).code).toBe(2);
});

test.each([
  [["node", "make"], "it takes add, list, rm"],
  [["node", "add"], "the name is missing"],
  [["node", "list", "a"], "list shows all"],
])("%j is refused", async (args, says) => {
  expect(await run([...args, "--state", makeFolder()])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(says),
  });
});
