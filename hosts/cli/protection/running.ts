/** What commands that stay have in common: they wait for a signal, follow their policy, and end in two steps. */
import type { PolicyKeeper } from "./policy-keeper.ts";

/** How often the core's tables and policy are compared with what was loaded. */
const VERIFY_MS = 60_000;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Resolves at the first signal to end; until then SIGHUP reads the policy, and the core is verified. */
export async function untilSignal(verify: () => void, keeper: Pick<PolicyKeeper, "check">): Promise<void> {
  const reload = (): void => void keeper.check();
  const verifying = setInterval(verify, VERIFY_MS);
  process.on("SIGHUP", reload);
  await new Promise<void>((resolve) => {
    for (const signal of SIGNALS) process.once(signal, () => resolve());
  });
  clearInterval(verifying);
  process.off("SIGHUP", reload);
}

/**
 * Lets what is in progress finish; a second signal ends the process at once.
 * @param close begins to; called when the second signal is already awaited
 */
export async function drain(close: () => Promise<void>): Promise<void> {
  const again = new AbortController();
  const stop = (): void => again.abort();
  for (const signal of SIGNALS) process.once(signal, stop);
  const ended = new Promise<void>((resolve) => again.signal.addEventListener("abort", () => resolve()));
  await Promise.race([close(), ended]);
  for (const signal of SIGNALS) process.off(signal, stop);
  // Connections that are still open would keep the process alive.
  if (again.signal.aborted) process.exit(0);
}

/** Awaits a step of a start; where it fails, closes what was opened before, in the order given. */
export async function orClose<T>(step: Promise<T>, ...closers: readonly (() => unknown)[]): Promise<T> {
  try {
    return await step;
  } catch (error) {
    for (const close of closers) await close();
    throw error;
  }
}
