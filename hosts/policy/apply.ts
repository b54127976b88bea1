/**
 * A policy in force: its image and its lists reach an engine together, the same way in every host, wherever they come
 * from: a file that was compiled here, a policy service, or the disk.
 */
import { crc32 } from "node:zlib";
import type { Engine } from "../core/engine.ts";
import { MerlonError } from "../core/error.ts";
import type { HostPolicy } from "../core/host-policy.ts";
import { MODES, type Mode } from "../core/verdict.ts";
import { type Bundle, compileBundle, imageOf, type Names, namesIn, sourcesIn } from "./bundle.ts";
import type { Policy } from "./schema.ts";
import type { PlaceLookup, Sources } from "./sources.ts";
import type { Counting } from "./threshold/counting.ts";
import type { Definition } from "./threshold/threshold.ts";

/** A policy that is ready for engines: several of one host share its lists, and so their counts. */
export interface Ready {
  readonly hash: string;
  /** The policy's own; a route or the command line may say another. */
  readonly mode: Mode;
  readonly host: HostPolicy;
  readonly image: Uint8Array;
  readonly sources: Sources;
  readonly names: Names;
  readonly thresholds: readonly Definition[];
}

/**
 * Makes a bundle ready.
 * @param places databases of countries and systems; null for none
 * @throws MerlonError MERLON_POLICY_VERSION when its lists or names are damaged
 */
export function readyOf(bundle: Bundle, places: PlaceLookup | null = null): Ready {
  const { mode, host } = bundle.content;
  return {
    hash: bundle.hash,
    mode,
    host: { ...host, hash: bundle.hash },
    image: imageOf(bundle),
    sources: sourcesIn(bundle, places),
    names: namesIn(bundle),
    thresholds: bundle.content.thresholds ?? [],
  };
}

/** @returns the policy with its thresholds counted by a host; what counts the same as before goes on */
export function countedBy(ready: Ready, counting: Counting, places: PlaceLookup | null): Ready {
  const gate = counting.use(ready.thresholds, places);
  return ready.thresholds.length === 0 ? ready : { ...ready, host: { ...ready.host, thresholds: gate } };
}

/** @returns a policy that was written here, ready; @throws MerlonError MERLON_POLICY */
export function readyPolicy(policy: Policy, places: PlaceLookup | null = null): Ready {
  return readyOf(compileBundle(policy), places);
}

/**
 * Loads a policy into the active slot, with what its lists say of clients.
 * @throws MerlonError MERLON_POLICY_VERSION; the policy before then stays in force
 */
export function applyReady(engine: Engine, { image, sources, host: { thresholds } }: Ready): void {
  engine.loadPolicy("active", image);
  if (thresholds?.lists === true) {
    engine.sources = (high, low, now) => stricter(sources.sourceOf(high, low, now), thresholds.listOf(high, low));
  } else engine.sources = sources.isEmpty ? null : (high, low, now) => sources.sourceOf(high, low, now);
}

/** Of what lists say and what thresholds say of a client, what counts: numbers of CLIENT_LISTS, the first one first. */
function stricter(listed: number, counted: number): number {
  return listed === 0 || (counted !== 0 && counted < listed) ? counted : listed;
}

/**
 * Loads a policy that was written here.
 * @throws MerlonError MERLON_POLICY, MERLON_POLICY_VERSION; the policy before then stays in force
 */
export function applyPolicy(engine: Engine, policy: Policy): void {
  applyReady(engine, readyPolicy(policy));
}

/** Places in an image, see assembly/policy/image.ts. */
const CRC_AT = 12;
const CHECKED_FROM = 16;
const MODE_AT = 16;
const OVERRIDE_AT = 17;
const SECTIONS_AT = 6;
const HEAD_BYTES = 32;
const SECTION_BYTES = 12;
const SETTINGS = 11;
const SETTINGS_BYTES = 28;
/** Bits of a settings row that say a mode, and who may change it. */
const MODE_BITS = 1 | 2;

/**
 * @returns an image with a mode that is somebody's last word: neither scopes nor console rules change it
 * @throws MerlonError MERLON_POLICY_VERSION when it is damaged
 */
export function imageWithMode(image: Uint8Array, mode: Mode): Uint8Array {
  try {
    return rewriteMode(image, mode);
  } catch (cause) {
    const why = "it ends too early";
    throw new MerlonError("MERLON_POLICY_VERSION", `the policy image is damaged — ${why}; compile it again`, { cause });
  }
}

function rewriteMode(image: Uint8Array, mode: Mode): Uint8Array {
  const own = Buffer.from(image);
  own.writeUInt8(MODES.indexOf(mode), MODE_AT);
  own.writeUInt8(0, OVERRIDE_AT);
  for (let index = own.readUInt16LE(SECTIONS_AT) - 1; index >= 0; index--) {
    const row = HEAD_BYTES + index * SECTION_BYTES;
    if (own.readUInt16LE(row) !== SETTINGS) continue;
    const at = own.readUInt32LE(row + 4);
    const end = at + own.readUInt32LE(row + 8);
    for (let has = at; has < end; has += SETTINGS_BYTES) own.writeUInt32LE(own.readUInt32LE(has) & ~MODE_BITS, has);
  }
  own.writeUInt32LE(crc32(own.subarray(CHECKED_FROM)), CRC_AT);
  return own;
}

/** @returns the policy with a mode that is somebody's last word */
export function withMode(ready: Ready, mode: Mode): Ready {
  return { ...ready, mode, image: imageWithMode(ready.image, mode) };
}

/** @returns the policy, not compiled yet, with a mode that is somebody's last word */
export function policyInMode(policy: Policy, mode: Mode): Policy {
  const scopes = policy.scopes?.map(({ mode: _mode, modeAllowOverride: _override, ...rest }) => rest);
  return { ...policy, mode, modeAllowOverride: "off", ...(scopes === undefined ? {} : { scopes }) };
}
