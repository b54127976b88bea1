/** Where a policy service is, as flags say it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Command, parseInput } from "../../../../hosts/cli/command.ts";
import { SERVICE_OPTIONS, serviceAddressOf } from "../../../../hosts/cli/protection/service-address.ts";
import type { ServiceAddress } from "../../../../hosts/policy/follow/service-client.ts";
import { makeFolder } from "../stage.ts";

const command: Command = {
  ...{ name: "x", summary: "", usage: "", least: 0, most: 0, details: "", examples: [] },
  options: SERVICE_OPTIONS,
  run: () => Promise.resolve(0),
};

function addressOf(...args: string[]): ServiceAddress | undefined {
  return serviceAddressOf(parseInput(command, args));
}

test("the token is what the file holds now", () => {
  const path = join(makeFolder(), "token");
  writeFileSync(path, "merlon_node_a\n");
  const address = addressOf("--policy-url", "https://a", "--node-token-file", path);
  expect(address?.token?.()).toBe("merlon_node_a");
  writeFileSync(path, "merlon_node_b\n");
  expect(address?.token?.()).toBe("merlon_node_b");
  for (const content of ["", "two words", "x".repeat(300)]) {
    writeFileSync(path, content);
    expect(() => addressOf("--policy-url", "https://a", "--node-token-file", path)).toThrowError("holds no token");
  }
});

test("what is set in part is refused", () => {
  expect(addressOf()).toBeUndefined();
  expect(() => addressOf("--policy-ca", "a")).toThrowError("--policy-ca has no --policy-url");
  expect(() => addressOf("--policy-url", "https://a", "--policy-cert", "a")).toThrowError(
    "--policy-cert and --policy-key",
  );
  expect(() => addressOf("--policy-url", "https://a", "--node-token-file", "/none")).toThrowError("cannot be read");
});
