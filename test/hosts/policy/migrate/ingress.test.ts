/** Ingresses that contradict each other, or whose settings have no place. */
import { expect, test } from "vitest";
import { manifestsOf } from "../../../../hosts/policy/migrate/manifest.ts";
import { migrate } from "../../../../hosts/policy/migrate/migration.ts";

const ingress = (name: string, annotations: string, rules = "[{host: a.example}]"): string =>
  `kind: Ingress\nmetadata: {name: ${name}, annotations: {${annotations}}}\nspec: {rules: ${rules}}\n`;
const read = async (...texts: string[]): Promise<[string, readonly string[]]> => {
  const { policies, left } = await migrate(manifestsOf(texts.join("---\n"), "f"), "wallarm");
  return [policies.map(({ text }) => text).join(""), left];
};
const PREFIX = "nginx.ingress.kubernetes.io";

test("of two that contradict each other the last one counts, and it is told", async () => {
  const [text, left] = await read(
    ingress("a", `${PREFIX}/wallarm-mode: block`),
    ingress("b", `${PREFIX}/wallarm-mode: "off"`),
  );
  expect(text).toContain("mode: off");
  expect(left).toEqual([
    expect.stringContaining("another Ingress says else of mode for a.example; the last one counts"),
  ]);
});

test("what is for every host is the policy's own, and failure counts for all", async () => {
  const [text, left] = await read(
    ingress("a", `nginx.org/wallarm-mode: block, nginx.org/wallarm-fallback: "off"`, "[]"),
    ingress("b", `nginx.org/wallarm-fallback: "on"`),
  );
  expect(text).toContain("  defaults:\n    mode: block\n    failure:\n      trap: closed\n");
  expect(left).toEqual([expect.stringContaining("counts for a whole policy")]);
});

test("a policy that is not there, and rules that are none, are told", async () => {
  expect((await read(ingress("a", "nginx.org/policies: x")))[1]).toEqual([
    expect.stringContaining("not among the objects"),
  ]);
  expect((await read(ingress("a", "x: y", "7")))[1]).toEqual([expect.stringContaining("no list of hosts and paths")]);
});
