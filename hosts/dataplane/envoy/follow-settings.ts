/** What a plugin's configuration says of the policy service, while it is read: it counts once all of it was good. */

/** The texts. */
export enum Setting {
  /** Name of the host's cluster. */
  CLUSTER = 0,
  /** Host and port, as the service is called in requests. */
  AUTHORITY = 1,
  /** Secret of the node; empty where the cluster shows a certificate. */
  TOKEN = 2,
}

/** Bytes of room for each text. */
export const SETTING_BYTES: u32 = 256;
/** Number of the texts. */
export const SETTINGS: u32 = 3;

const texts: usize = memory.data(768, 16);
const sizes: usize = memory.data(16, 16);

/** Forgets all texts. */
export function settingsClear(): void {
  memory.fill(sizes, 0, <usize>(SETTINGS << 2));
}

/** Where a text lies. */
export function settingAt(which: Setting): usize {
  return texts + <usize>(<u32>which * SETTING_BYTES);
}

/** Bytes of a text. */
export function settingSize(which: Setting): u32 {
  return load<u32>(sizes + ((<usize>which) << 2));
}

/** Adds a character. @returns false where there is no room */
export function settingAdd(which: Setting, character: u32): bool {
  const size = settingSize(which);
  if (size == SETTING_BYTES - 1) return false;
  store<u8>(settingAt(which) + <usize>size, <u8>character);
  store<u32>(sizes + ((<usize>which) << 2), size + 1);
  return true;
}
