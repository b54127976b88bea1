/** All cases, the request that each makes, and the values that it is made with. */
import type { Mutant } from "../attack.ts";
import type { Case } from "./case.ts";
import { JSON_CASES } from "./cases/json.ts";
import { MULTIPART_CASES } from "./cases/multipart.ts";
import { PAIR_CASES } from "./cases/pair.ts";
import { XML_CASES } from "./cases/xml.ts";

/** All cases. */
export const CASES: readonly Case[] = [...MULTIPART_CASES, ...JSON_CASES, ...XML_CASES, ...PAIR_CASES];

/** Attacks, each only as a whole value, and harmless values in their places. */
export const VALUES = [
  { attack: "../../../../etc/passwd", harmless: "holiday/2024/etc/beach.png" },
  { attack: "<script>alert(1)</script>", harmless: "red shoes (size 42)" },
] as const;

/** The type that a case names. */
export function typeOf(one: Case, value: string): string {
  return one.write(value).fields.find(([name]) => name === "content-type")?.[1] ?? "";
}

/** The bytes that a parser of the case's kind reads. */
export function bodyOf(one: Case, value: string): Buffer {
  return Buffer.from(one.write(value).text, "latin1");
}

/** The request of a case. */
export function requestOf(one: Case, value: string): Mutant {
  const { fields, text } = one.write(value);
  const message = { authority: "shop.example", trailers: [], fields, method: "POST", target: "/shop" };
  const empty = Buffer.alloc(0);
  switch (one.kind) {
    case "query":
      return { message: { ...message, method: "GET", target: `/shop?${text}`, body: empty } };
    case "cookie":
      return { message: { ...message, method: "GET", fields: [...fields, ["cookie", text]], body: empty } };
    default:
      return { message: { ...message, body: Buffer.from(text, "latin1") } };
  }
}
