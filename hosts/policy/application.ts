/** Applications: names for people, numbers for the core; the same number for a name wherever it is compiled. */
import { crc32 } from "node:zlib";
import { MerlonError } from "../core/error.ts";
import type { Policy } from "./schema.ts";

/** Numbers of names begin here; those that people write end below. */
const NAMED_FROM = 0x8000_0000;

/** @returns an application's number: itself where it is one */
export function applicationId(application: string | number): number {
  return typeof application === "number" ? application : (crc32(application) | NAMED_FROM) >>> 0;
}

/**
 * All applications of a policy by their numbers, for records.
 * @throws MerlonError MERLON_POLICY when two names have one number
 */
export function applicationsOf(policy: Policy): ReadonlyMap<number, string> {
  const known = new Map<number, string>();
  for (const { application } of [policy, ...(policy.scopes ?? [])]) {
    if (application === undefined) continue;
    const id = applicationId(application);
    const other = known.get(id) ?? String(application);
    if (other !== String(application)) {
      const why = `both have the number ${id}`;
      throw new MerlonError("MERLON_POLICY", `applications ${other} and ${application} collide — ${why}; rename one`);
    }
    known.set(id, other);
  }
  return known;
}
