/** Names of sets in Merlon's codes; the table is printed in docs/cli.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ATTACK_NAMES, attackCode } from "../../../../hosts/cli/evaluation/attack-class.ts";

test.each([
  { name: "community-xss", code: "xss" },
  { name: "xss", code: "xss" },
  { name: "XSS", code: "xss" },
  { name: "Script Injection", code: "xss" },
  { name: "SQL Injection", code: "sqli" },
  { name: "ptrav", code: "ptrav" },
  { name: "pathtraver", code: "ptrav" },
  { name: "lfi", code: "ptrav" },
  { name: "shell_injection", code: "rce" },
  { name: "Command Injection (Ruby)", code: "rce" },
  { name: "ss-include", code: "ssi" },
  { name: "sst-injection", code: "ssti" },
  { name: "ldap", code: "ldapi" },
  { name: null, code: "unclassified" },
  { name: " ", code: "unclassified" },
  { name: "Known CVEs and Vulnerabilities", code: "Known CVEs and Vulnerabilities" },
  { name: "constructor", code: "constructor" },
])("$name is $code", ({ name, code }) => {
  expect(attackCode(name)).toBe(code);
});

test("no name has two codes, and each is written as it is looked up", () => {
  const names = Object.values(ATTACK_NAMES).flat();
  expect(new Set(names).size).toBe(names.length);
  for (const [code, known] of Object.entries(ATTACK_NAMES))
    for (const name of known) expect(attackCode(name)).toBe(code);
});

test("the documentation has the whole table", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../../docs/cli.md"), "utf8");
  for (const [code, names] of Object.entries(ATTACK_NAMES)) {
    const row = text.split("\n").find((line) => line.startsWith(`| \`${code}\` |`)) ?? "";
    expect(row.split("|")[2]?.trim()).toBe(names.map((name) => `\`${name}\``).join(" "));
  }
});
