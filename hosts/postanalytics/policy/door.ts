/**
 * The narrow door between the console and whatever gives nodes their policy: the host in the same process, or the
 * policy service. What the console changes are additions to a policy that somebody else wrote, see overlay.ts.
 */
import type { Mode } from "../../core/verdict.ts";
import type { LISTS } from "../../policy/ip-list.ts";
import type { Policy } from "../../policy/schema.ts";
import type { Overlay } from "./overlay.ts";

/** An exception as people write it; exceptionSchema of hosts/policy judges it. */
export interface ExceptionDraft {
  readonly match: {
    readonly host?: string | undefined;
    readonly method?: string | undefined;
    readonly path?: string | undefined;
    readonly point?: string | undefined;
  };
  readonly ignore: { readonly stamps: readonly string[]; readonly types: readonly string[] };
  readonly reason: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/** A source on a list. */
export interface ListedSource {
  readonly list: (typeof LISTS)[number];
  /** A network as people write it. */
  readonly source: string;
  /** RFC 3339; null for ever. */
  readonly expiresAt: string | null;
  readonly reason: string;
}

/** A change that the console makes. */
export type Change =
  | { readonly kind: "exception"; readonly name: string; readonly draft: ExceptionDraft | null }
  /** `entry` is null to take the source off the list. */
  | Readonly<{ kind: "source"; list: ListedSource["list"]; source: string; entry: ListedSource | null }>
  | { readonly kind: "mode"; readonly mode: Mode; readonly reason: string };

/** Who wrote the policy that the console adds to. */
export type PolicyOrigin = "file" | "builtin" | "service";

/** The policy in force. */
export interface PolicyInForce {
  readonly name: string;
  readonly origin: PolicyOrigin;
  /** What somebody else wrote, as they wrote it. */
  readonly text: string;
  readonly base: Policy;
  readonly overlay: Overlay;
  /** The additions as documents of a policy file, each after its `---`. */
  readonly additions: string;
  /** Both together. */
  readonly policy: Policy;
  readonly generation: number;
  /** Of the image, or of a policy service's bundle. */
  readonly sha256: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** What one node runs. */
export interface NodeState {
  readonly id: string;
  readonly generation: number;
  readonly active: boolean;
  /** Why it does not run the newest. */
  readonly problem: string | null;
  /** When it said so, milliseconds since 1970. */
  readonly at: number;
}

/** How far the policy in force has come. */
export interface PolicyProgress {
  readonly generation: number;
  readonly sha256: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly active: number;
  readonly total: number;
  /** From the change until the last node had it; null while one lacks it. */
  readonly tookMs: number | null;
  /** At most a thousand; those that lack it come first. */
  readonly nodes: readonly NodeState[];
}

/** The door. */
export interface PolicyDoor {
  /** Whether changes are taken, and if not why, for people. */
  readonly write: { readonly allowed: boolean; readonly reason: string };
  current(): PolicyInForce;
  /**
   * Changes the policy, and keeps the change. Changes are made one after the other.
   * @param by name of who asked for it
   * @throws MerlonError MERLON_POLICY where it is wrong or too large, MERLON_STORE where it cannot be kept,
   * MERLON_SERVICE where the policy service is away; then nothing has changed
   */
  apply(change: Change, by: string): Promise<PolicyInForce>;
  /** @throws MerlonError MERLON_SERVICE */
  progress(): Promise<PolicyProgress>;
  /** Ends what the door does by itself. */
  close(): Promise<void>;
}
