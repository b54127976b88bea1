/**
 * What a script calls by names of its own: variables that hold a function which counts (`a=eval`), and the one that
 * holds a script element which it has made (`s=document.createElement('script')`).
 */

const ALIASES: u32 = 4;
const aliases: usize = memory.data(ALIASES * 4, 4);

/** Names kept that hold a function. */
export let aliasCount: u32 = 0;
/** Hash of the name that holds a script element, or 0. */
export let loaderHash: u32 = 0;

/** Forgets all names; called when a reading begins. */
export function forgetAliases(): void {
  aliasCount = 0;
  loaderHash = 0;
}

/** Whether the name with this hash holds a function that counts. */
export function isAlias(hash: u32): bool {
  for (let i: u32 = 0; i < aliasCount; i++) if (load<u32>(aliases + ((<usize>i) << 2)) == hash) return true;
  return false;
}

/** Notes a name that was given such a function; beyond a few, names are not kept. */
export function addAlias(hash: u32): void {
  if (aliasCount == ALIASES || !hash) return;
  store<u32>(aliases + ((<usize>aliasCount) << 2), hash);
  aliasCount++;
}

/** Whether the name with this hash holds a script element. */
export function isLoader(hash: u32): bool {
  return hash != 0 && hash == loaderHash;
}

/** Notes the name that was given a script element. */
export function setLoader(hash: u32): void {
  loaderHash = hash;
}
