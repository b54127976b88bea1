/** Policy images for tests of the core, made by the hosts' own compiler. */
import type { z } from "zod";
import { compilePolicy } from "../../hosts/policy/image.ts";
import { settingsSchema } from "../../hosts/policy/schema.ts";
import type { Core } from "./core.ts";

/** Settings as a policy file has them. */
export type Settings = z.input<typeof settingsSchema>;

/** Makes a policy with these settings the active one, or the shadow. */
export function usePolicy(core: Core, settings: Settings, slot: "active" | "shadow" = "active"): void {
  const status = core.loadPolicy(slot, compilePolicy(settingsSchema.parse(settings)));
  if (status !== 0) throw new Error(`the core refused the policy with ${status}`);
}
