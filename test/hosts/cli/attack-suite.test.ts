/** The suite itself: large enough, every text with its reason, every type with near misses. */
import { describe, expect, test } from "vitest";
import { readSuite } from "../../../hosts/cli/attack-suite.ts";
import { PLACEMENTS } from "../../../hosts/cli/probing/placement.ts";

const SUITE = readSuite();
const TYPES = [
  ...[
    "auth",
    "crlf",
    "data_bomb",
    "deserialize",
    "ldapi",
    "mail_injection",
    "mass_assignment",
    "nosqli",
    "prose",
    "ptrav",
    "rce",
    "redir",
  ],
  ...["sqli", "ssi", "ssrf", "ssti", "xpath", "xss", "xxe"],
];
/** Places in which attacks of a type are attacks, where these are not all but one. */
const PLACES_LEAST: Readonly<Record<string, number>> = {
  ...{ crlf: 5, deserialize: 8, mail_injection: 5, mass_assignment: 5, redir: 7, ssrf: 9 },
};

describe("the suite", () => {
  test("has attacks of every type and harmless texts near each", () => {
    expect([...new Set(SUITE.map(({ type }) => type))]).toEqual(TYPES);
    expect(SUITE.filter(({ attack }) => attack).length).toBeGreaterThanOrEqual(40);
    expect(SUITE.filter(({ attack }) => !attack).length).toBeGreaterThanOrEqual(30);
    for (const type of TYPES) {
      const of = SUITE.filter((one) => one.type === type);
      expect(of.filter(({ attack }) => attack).length).toBeGreaterThanOrEqual(type === "prose" ? 0 : 5);
      expect(of.filter(({ attack }) => !attack).length).toBeGreaterThanOrEqual(4);
    }
  });

  test("says nothing twice, and gives each text a reason of its own", () => {
    for (const field of ["text", "because"] as const) {
      const said = SUITE.filter(({ because }) => because !== "").map(
        (one) => `${one.type} ${one.attack} ${one[field]}`,
      );
      expect(said.filter((one, at) => said.indexOf(one) !== at)).toEqual([]);
    }
  });

  test("spares an attack a place only as the exception", () => {
    for (const { attack, placements, type } of SUITE) {
      if (!attack) expect(placements).toEqual(PLACEMENTS);
      else expect(placements.length).toBeGreaterThanOrEqual(PLACES_LEAST[type] ?? PLACEMENTS.length - 1);
    }
  });
});

test("an installation without the suite says so", () => {
  const missing = new URL("./no-such-folder/", import.meta.url);
  expect(() => readSuite(missing)).toThrow(/hosts\/cli\/suite is missing; run the command from a checkout/);
});
