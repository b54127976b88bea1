/** Lines of the catalog and names of bits. */
import { expect, test } from "vitest";
import { bitNames, signatureOf } from "../../../hosts/core/catalog.ts";

test("a signature has its numbers, and none where there are none", () => {
  expect(signatureOf("sqli-union\tsqli\tCWE-89,CWE-20\t5\tIt joins.")).toEqual({
    stamp: "sqli-union",
    type: "sqli",
    cwe: ["CWE-89", "CWE-20"],
    severity: 5,
    reason: "It joins.",
  });
  expect(signatureOf("rule-a\trce\t\t4\tIt fits.\tCVE-2021-44228")).toMatchObject({ cwe: [], cve: ["CVE-2021-44228"] });
});

test("a virtual patch of the core's own says its hole by its stamp", () => {
  expect(signatureOf("vpatch-cve-2017-9841\tvpatch\t\t5\tIt runs.")).toMatchObject({ cve: ["CVE-2017-9841"] });
});

test("names are those of the bits that are set", () => {
  expect(bitNames(5, ["a", "b", "c"])).toEqual(["a", "c"]);
});
