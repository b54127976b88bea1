/**
 * The mode that an operator gives the whole fleet, whatever the policy's file says, until it is taken back. Kept beside
 * the added objects, so that neither a restart nor a new version of the file undoes it.
 */
import { join } from "node:path";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { MODES } from "../../core/verdict.ts";
import { policyInMode } from "../apply.ts";
import { editSchema } from "../edit.ts";
import { replaceFile } from "../replace-file.ts";
import type { Policy } from "../schema.ts";

const FILE = "mode.json";
const REASON_CHARS_MAX = 500;

/** Sets the mode, or with null gives it back to the policy's file. */
export const modeEditSchema = z.strictObject({
  op: z.literal("mode.set"),
  mode: z.enum(MODES).nullable(),
  reason: z.string().max(REASON_CHARS_MAX).default(""),
});
/** See `modeEditSchema`. */
export type ModeEdit = z.output<typeof modeEditSchema>;

/** What an operator may change at a service: single objects, and the mode. */
export const fleetEditSchema = z.discriminatedUnion("op", [...editSchema.options, modeEditSchema]);
/** See `fleetEditSchema`. */
export type FleetEdit = z.output<typeof fleetEditSchema>;

/** The mode of a fleet, and why. */
export const fleetModeSchema = z.strictObject({ mode: z.enum(MODES), reason: z.string() });
/** See `fleetModeSchema`. */
export type FleetMode = z.output<typeof fleetModeSchema>;

/** @returns the policy in the mode of the fleet, which is the last word; as it is where there is none */
export function inFleetMode(policy: Policy, mode: FleetMode | null): Policy {
  return mode === null ? policy : policyInMode(policy, mode.mode);
}

/** @returns what an edit leaves, and what it did in words */
export function modeAfter({ mode, reason }: ModeEdit): { readonly mode: FleetMode | null; readonly did: string } {
  if (mode === null) return { mode: null, did: "the mode is what the policy's file says" };
  return { mode: { mode, reason }, did: `mode ${mode}, whatever the policy's file says` };
}

/**
 * @param text of the file; "" where there is none
 * @throws MerlonError MERLON_INPUT when it is damaged: a fleet must not fall out of its mode in silence
 */
export function parseFleetMode(text: string, folder: string): FleetMode | null {
  if (text === "") return null;
  try {
    return fleetModeSchema.nullable().parse(JSON.parse(text));
  } catch {
    const fix = "delete it, and the policy's file says the mode";
    throw new MerlonError("MERLON_INPUT", `${fleetModePath(folder)} is damaged — it says no mode; ${fix}`);
  }
}

/** Where it is kept. */
export function fleetModePath(folder: string): string {
  return join(folder, FILE);
}

/** @throws MerlonError MERLON_INPUT when it cannot be written */
export async function keepFleetMode(folder: string, mode: FleetMode | null): Promise<void> {
  await replaceFile(fleetModePath(folder), `${JSON.stringify(mode)}\n`);
}
