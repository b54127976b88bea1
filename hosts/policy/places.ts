/**
 * Which country and autonomous system an address is in, by databases in MaxMind's format that the operator gives:
 * Merlon brings none and asks nobody.
 */
import { isIP } from "node:net";
import { open, type Reader } from "maxmind";
import { z } from "zod";
import { addressText } from "../core/address.ts";
import { MerlonError } from "../core/error.ts";
import { addressHalves } from "./network.ts";
import { countryKey, countryOfKey } from "./source-rows.ts";
import type { PlaceLookup } from "./sources.ts";

/** What is read of a database's answer; its other fields do not matter. */
const answerSchema = z.object({
  country: z.object({ iso_code: z.string().optional() }).optional(),
  registered_country: z.object({ iso_code: z.string().optional() }).optional(),
  autonomous_system_number: z.int().optional(),
});

/**
 * Opens databases; each is asked for both.
 * @throws MerlonError MERLON_INPUT naming the file
 */
export async function openPlaces(files: readonly string[]): Promise<PlaceLookup | null> {
  if (files.length === 0) return null;
  const readers = await Promise.all(files.map(openDatabase));
  return (high, low) => {
    const text = addressText(high, low);
    return text === "" ? [] : readers.flatMap((reader) => keysOf(reader, text));
  };
}

/** Where an address is; null for what no database says. */
export interface Place {
  readonly country: string | null;
  readonly asn: number | null;
}

const NOWHERE: Place = { country: null, asn: null };

/** @returns the place of an address as text; nowhere for what is no address, and where there is no database */
export function placeOf(places: PlaceLookup | null, address: string): Place {
  if (places === null || isIP(address) === 0) return NOWHERE;
  const keys = places(...addressHalves(address));
  return {
    country: keys.map(countryOfKey).find((code) => code !== null) ?? null,
    asn: keys.find((key) => countryOfKey(key) === null) ?? null,
  };
}

async function openDatabase(file: string): Promise<Reader<object>> {
  try {
    return await open<object>(file);
  } catch (cause) {
    const why = "it cannot be read, or is no database in MaxMind's format";
    throw new MerlonError("MERLON_INPUT", `the database ${file} is of no use — ${why}; check the path`, { cause });
  }
}

function keysOf(reader: Reader<object>, address: string): number[] {
  let written: unknown;
  try {
    written = reader.get(address);
  } catch {
    // A damaged database must not cost a request; the client is then in no place.
    return [];
  }
  const parsed = answerSchema.safeParse(written);
  if (!parsed.success) return [];
  const { country, registered_country: registered, autonomous_system_number: system } = parsed.data;
  const code = country?.iso_code ?? registered?.iso_code ?? "";
  return [...(/^[A-Z]{2}$/.test(code) ? [countryKey(code)] : []), ...(system === undefined ? [] : [system])];
}
