/**
 * A policy in force: its image and its lists reach an engine together, the same way in every host, wherever they come
 * from: a file that was compiled here, a policy service, or the disk.
 */
import type { Engine } from "../core/engine.ts";
import type { HostPolicy } from "../core/host-policy.ts";
import type { Mode } from "../core/verdict.ts";
import { type Bundle, compileBundle, imageOf, type Names, namesIn, sourcesIn } from "./bundle.ts";
import { imageWithMode } from "./image.ts";
import type { Policy } from "./schema.ts";
import { halfOf, type PlaceLookup, type Sources } from "./sources.ts";
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
    engine.sources = (client, now) => {
      return stricter(sources.sourceOfWords(client, now), thresholds.listOf(halfOf(client, 0), halfOf(client, 2)));
    };
  } else engine.sources = sources.isEmpty ? null : (client, now) => sources.sourceOfWords(client, now);
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

/** @returns the policy with a mode that is somebody's last word */
export function withMode(ready: Ready, mode: Mode): Ready {
  return { ...ready, mode, image: imageWithMode(ready.image, mode) };
}

/** @returns the policy, not compiled yet, with a mode that is somebody's last word */
export function policyInMode(policy: Policy, mode: Mode): Policy {
  const scopes = policy.scopes?.map(({ mode: _mode, modeAllowOverride: _override, ...rest }) => rest);
  return { ...policy, mode, modeAllowOverride: "off", ...(scopes === undefined ? {} : { scopes }) };
}
