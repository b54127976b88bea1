/**
 * The one-time link: whoever starts the console on a machine is shown an address whose key opens one session, without a
 * password. The key stands behind the `#`, which browsers send to nobody.
 */
import { newSecret, sameText } from "./secret.ts";

/** The key of the next session. */
export class OneTimeLink {
  #key = newSecret();

  /** @param origin where the console is, without a slash at its end */
  address(origin: string): string {
    return `${origin}/#k=${this.#key}`;
  }

  /** Whether the key is right; it is spent by that. */
  open(key: string): boolean {
    if (!sameText(key, this.#key)) return false;
    this.#key = newSecret();
    return true;
  }
}
