/** Policies of manifests: one for all Ingresses, one a workload; test/hosts/cli/migrate.test.ts has whole examples. */
import { expect, test } from "vitest";
import { manifestsOf } from "../../../../hosts/policy/migrate/manifest.ts";
import { migrate } from "../../../../hosts/policy/migrate/migration.ts";

const pod = (name: string): string =>
  `kind: Pod\nmetadata: {name: ${name}, annotations: {sidecar.wallarm.io/wallarm-mode: block}}\n`;

test("two workloads of one name get two files, and foreign objects none", async () => {
  const text = [pod("a"), pod("A"), "kind: Service\nmetadata: {name: x}\n"].join("---\n");
  const { policies, left, settings } = await migrate(manifestsOf(text, "f"), "wallarm");
  expect([policies.map(({ name }) => name), left, settings]).toEqual([["a", "a-2"], [], 2]);
  expect((await migrate(manifestsOf(text, "f"), "ingress-nginx")).policies).toEqual([]);
});
