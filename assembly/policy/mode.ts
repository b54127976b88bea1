/** How strict a policy is, and which of several sources of a mode wins. Weakest first; the numbers are in images. */
export enum Mode {
  OFF = 0,
  MONITORING = 1,
  SAFE_BLOCKING = 2,
  BLOCK = 3,
}

/** No concrete value: the console's rule says "default". */
export const MODE_UNSET: u32 = 255;

/** Whether the console may override the local mode. */
export enum Override {
  /** The local mode stands. */
  OFF = 0,
  /** The console may only make it stricter. */
  STRICT = 1,
  /** The console decides wherever it says something. */
  ON = 2,
}

/** What the host knows of the source from its lists; the first list that has it wins, allow before deny before gray. */
export enum Source {
  NONE = 0,
  ALLOW = 1,
  DENY = 2,
  GRAY = 3,
}

/** The mode that counts, of the local one and the console's. */
export function effectiveMode(local: u32, rule: u32, remote: u32): u32 {
  if (remote == MODE_UNSET || rule == <u32>Override.OFF) return local;
  if (rule == <u32>Override.STRICT) return remote > local ? remote : local;
  return remote;
}

/**
 * Whether a transaction is blocked.
 * @param malicious a match blocks under the policy, exceptions already taken out
 * @param source what lists say, by `Source`
 * @param patched a virtual patch counts: it blocks in every mode but off
 */
export function blocks(mode: u32, malicious: bool, source: u32, patched: bool): bool {
  if (mode == <u32>Mode.OFF || source == <u32>Source.ALLOW) return false;
  if (source == <u32>Source.DENY || patched) return true;
  if (!malicious) return false;
  if (mode == <u32>Mode.BLOCK) return true;
  return mode == <u32>Mode.SAFE_BLOCKING && source == <u32>Source.GRAY;
}
