/**
 * Lists of sources: networks, countries and systems that are let pass, refused, or watched more closely. They live in
 * the host, which tells the core what a list says of a client; the first list that has the client counts, allow before
 * deny before gray. What is asked at every request is a table made from them, see source-table.ts.
 */
import { z } from "zod";
import { dateSchema } from "./date.ts";
import { networkSchema, networkText } from "./network.ts";

/** Lists in the order in which they are asked; an entry's place from 1 on is what the core is told. */
export const LISTS = ["allow", "deny", "gray"] as const;
/** One of the lists. */
export type ListName = (typeof LISTS)[number];

/** Entries of one list in a file; what is compiled from elsewhere may have more. */
const ENTRIES_MAX = 100_000;
const REASON_CHARS_MAX = 500;
const ASN_MAX = 0xffff_ffff;

/** ISO 3166-1 alpha-2, as databases of countries name them. */
export const countrySchema = z
  .string()
  .regex(/^[A-Z]{2}$/, "is no country; write its two capital letters such as DE (ISO 3166-1)");
/** The number of an autonomous system, 1 to 2^32 − 1. */
export const asnSchema = z.int().min(1).max(ASN_MAX);

const entrySchema = z
  .strictObject({
    cidr: networkSchema.optional(),
    country: countrySchema.optional(),
    asn: asnSchema.optional(),
    /** For ever where it is left out. */
    expiresAt: dateSchema.optional(),
    reason: z.string().max(REASON_CHARS_MAX).optional(),
  })
  .refine(
    ({ cidr, country, asn }) => [cidr, country, asn].filter((one) => one !== undefined).length === 1,
    "says not exactly one of cidr, country and asn; write an entry for each",
  );

/** `spec` of a WafIPList. */
export const ipListSchema = z.strictObject({
  list: z.enum(LISTS),
  entries: z.array(entrySchema).min(1).max(ENTRIES_MAX),
});

/** A list as a policy file has it. */
export type IpList = z.output<typeof ipListSchema>;
/** One entry of a list: exactly one of `cidr`, `country` and `asn` is there. */
export type ListEntry = IpList["entries"][number];

/** @returns what an entry is about, as commands take it: a network, `country:DE`, `asn:64500` */
export function entryText({ cidr, country, asn }: Pick<ListEntry, "cidr" | "country" | "asn">): string {
  if (cidr !== undefined) return networkText(cidr);
  return country === undefined ? `asn:${asn}` : `country:${country}`;
}
