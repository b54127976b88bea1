/** Countries and systems from a small real database, asked alone and through lists in the core. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { applyReady, readyPolicy } from "../../../hosts/policy/apply.ts";
import { addressHalves } from "../../../hosts/policy/network.ts";
import { openPlaces, placeOf } from "../../../hosts/policy/places.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";
import { countryKey } from "../../../hosts/policy/source-rows.ts";
import { makeDatabase } from "./mmdb-writer.ts";
import { judge, makeFolder } from "./service/stage.ts";

function databases(): string[] {
  const folder = makeFolder();
  const [country, system] = [join(folder, "country.mmdb"), join(folder, "asn.mmdb")];
  writeFileSync(
    country,
    makeDatabase([
      { cidr: "203.0.113.0/24", value: { country: { iso_code: "DE" } } },
      { cidr: "198.51.100.0/25", value: { registered_country: { iso_code: "FR" } } },
      { cidr: "192.0.2.0/28", value: { country: { iso_code: "nonsense" } } },
    ]),
  );
  writeFileSync(system, makeDatabase([{ cidr: "203.0.113.128/25", value: { autonomous_system_number: 64_500 } }]));
  return [country, system];
}

test("an address is in the country and the system that the databases say", async () => {
  const places = await openPlaces(databases());
  const of = (address: string): readonly number[] => places?.(...addressHalves(address)) ?? [];
  expect(of("203.0.113.1")).toEqual([countryKey("DE")]);
  expect(of("203.0.113.200")).toEqual([countryKey("DE"), 64_500]);
  expect(of("198.51.100.1")).toEqual([countryKey("FR")]);
  for (const address of ["198.51.100.200", "192.0.2.1", "8.8.8.8", "::1", "2001:db8::1"])
    expect(of(address)).toEqual([]);
});

test("a place has a country, a system, both or neither", async () => {
  const places = await openPlaces(databases());
  expect(placeOf(places, "203.0.113.1")).toEqual({ country: "DE", asn: null });
  expect(placeOf(places, "203.0.113.200")).toEqual({ country: "DE", asn: 64_500 });
  for (const address of ["8.8.8.8", "", "unknown", "::1"]) {
    expect(placeOf(places, address)).toEqual({ country: null, asn: null });
  }
  expect(placeOf(null, "203.0.113.1")).toEqual({ country: null, asn: null });
});

test("lists of countries and systems decide in the core", async () => {
  const places = await openPlaces(databases());
  const policy = {
    ...defaultPolicy,
    mode: "block" as const,
    ipLists: [
      { list: "deny" as const, entries: [{ country: "DE" }, { country: "FR", expiresAt: 1 }] },
      { list: "allow" as const, entries: [{ asn: 64_500 }] },
    ],
  };
  const engine = Engine.load();
  applyReady(engine, readyPolicy(policy, places));
  // The attack passes from a system that is let pass, although its country is denied.
  expect(judge(engine, "203.0.113.200")).toBe("pass in block");
  expect(judge(engine, "203.0.113.1")).toBe("block in block");
  expect(readyPolicy(policy, places).sources.why(...addressHalves("203.0.113.1"), 10)?.entry).toBe("country:DE");
  expect(readyPolicy(policy, places).sources.why(...addressHalves("198.51.100.1"), 10)).toBeUndefined();
  expect(readyPolicy(policy).sources.why(...addressHalves("203.0.113.1"), 10)).toBeUndefined();
});

test("a file that is no database is refused by its name", async () => {
  const path = join(makeFolder(), "broken.mmdb");
  writeFileSync(path, "nothing");
  await expect(openPlaces([path])).rejects.toThrowError(/broken\.mmdb is of no use/);
  expect(await openPlaces([])).toBeNull();
});
