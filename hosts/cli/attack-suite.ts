/**
 * The attacks and harmless texts that `merlon test` sends: data in `suite/`, one file a type, each text with its
 * reason. This module stands beside the folder, so that the texts are found from a bundle too.
 */
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { MerlonError } from "../core/error.ts";
import { PLACEMENTS, type Placement } from "./probing/placement.ts";

const text = z.strictObject({ text: z.string().min(1).max(1000), because: z.string().min(1) });
const fileSchema = z.strictObject({
  type: z.string().regex(/^[a-z_]+$/),
  attacks: z.array(text).default([]),
  /** Places in which the attacks of this type are none. */
  except: z.array(z.strictObject({ placement: z.enum(PLACEMENTS), because: z.string().min(1) })).default([]),
  harmless: z.array(text).default([]),
});

/** One text of the suite. */
export interface SuiteText {
  /** Merlon's code of the attack; of a harmless text, the one that it comes near to. */
  readonly type: string;
  readonly attack: boolean;
  readonly text: string;
  readonly because: string;
  readonly placements: readonly Placement[];
}

const FOLDER = new URL("./suite/", import.meta.url);

/**
 * Reads the suite, in a fixed order.
 * @throws MerlonError MERLON_INPUT where an installation lacks it
 */
export function readSuite(folder: URL = FOLDER): SuiteText[] {
  const names = listFiles(folder);
  return names.flatMap((name) => {
    const { type, attacks, except, harmless } = fileSchema.parse(parse(readFileSync(new URL(name, folder), "utf8")));
    const spared = new Set(except.map(({ placement }) => placement));
    const placements = PLACEMENTS.filter((placement) => !spared.has(placement));
    return [
      ...attacks.map((one) => ({ ...one, type, attack: true, placements })),
      ...harmless.map((one) => ({ ...one, type, attack: false, placements: PLACEMENTS })),
    ];
  });
}

function listFiles(folder: URL): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".yaml"))
      .sort();
  } catch (cause) {
    const what = "the attacks of this installation cannot be read";
    const fix = "run the command from a checkout of Merlon";
    throw new MerlonError("MERLON_INPUT", `${what} — the folder hosts/cli/suite is missing; ${fix}`, { cause });
  }
}
