/** The statistics of sites: what they are of, and that the same sites give the same numbers. */
import { describe, expect, test } from "vitest";
import { hostOf, type Site, Sites, statisticsOf, WORST_REQUESTS_MIN } from "./sites.ts";

function sitesOf(count: number, benign: number, flaggedOfFirst = 0): Site[] {
  return Array.from({ length: count }, (_, at) => ({
    host: `s${at}.example`,
    benign,
    flagged: at === 0 ? flaggedOfFirst : 0,
  }));
}

describe("sites", () => {
  test("are told by the host, without its port and in lower case", () => {
    expect(hostOf(Buffer.from("GET / HTTP/1.1\r\nA: b\r\nHost: Shop.Example:8080\r\n\r\nhost: no"))).toBe(
      "shop.example",
    );
    expect(hostOf(Buffer.from("GET / HTTP/1.0\r\n\r\nHost: body"))).toBe("");
  });

  test("are summed up", () => {
    const sites = new Sites();
    const raw = Buffer.from("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    sites.add(raw, false);
    sites.add(raw, true);
    expect(sites.all()).toEqual([{ host: "a.example", benign: 2, flagged: 1 }]);
  });
});

describe("statistics", () => {
  test("count equal sites in full, and one large one as little more than one", () => {
    expect(statisticsOf(sitesOf(50, 10)).effectiveSites).toBeCloseTo(50);
    const uneven = [...sitesOf(50, 1), { host: "big.example", benign: 10_000, flagged: 0 }];
    expect(statisticsOf(uneven).effectiveSites).toBeLessThan(1.1);
  });

  test("say how little no finding at all proves", () => {
    const { bootstrapUpper, flaggedSitesUpper } = statisticsOf(sitesOf(300, 20));
    expect(bootstrapUpper).toBe(0);
    // The rule of three: 3 / 300.
    expect(flaggedSitesUpper).toBeCloseTo(0.00994, 4);
  });

  test("have an upper bound above the rate where one site is guilty", () => {
    const statistics = statisticsOf(sitesOf(100, 50, 5));
    expect(statistics).toEqual(statisticsOf(sitesOf(100, 50, 5)));
    expect(statistics.bootstrapUpper).toBeGreaterThan(5 / 5000);
    expect(statistics.bootstrapUpper).toBeLessThan(25 / 5000);
  });

  test("name the worst of the sites that are large enough", () => {
    const small = { host: "small.example", benign: WORST_REQUESTS_MIN - 1, flagged: 100 };
    const large = { host: "large.example", benign: WORST_REQUESTS_MIN, flagged: 2 };
    expect(statisticsOf([small, large]).worst).toEqual(large);
    expect(statisticsOf([small]).worst).toBeNull();
  });
});
