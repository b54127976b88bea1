/**
 * Nodes that are known by a key of their own: who may still enrol, who has, and who was sent away. A certificate alone
 * makes nobody known: its name and key have to stand here, so a node that is revoked is refused at once.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { newSecret } from "../identity/enrolment-token.ts";
import { nameSchema } from "../wire.ts";
import { KeptList } from "./kept-list.ts";

const FILE = "identities.json";
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const entrySchema = z.strictObject({
  name: nameSchema,
  state: z.enum(["waiting", "enrolled", "revoked"]),
  /** SHA-256 of the token's secret, hex; kept when it was used, so that a second use is told from a forged one. */
  secretHash: hash,
  /** Until when the token works; milliseconds since 1970, as all times here. */
  secretUntil: z.number(),
  /** SHA-256 of the node's public key; "" before it has enrolled. */
  keyHash: z.union([hash, z.literal("")]),
  addedAt: z.number(),
  /** When it enrolled, 0 before. */
  enrolledAt: z.number(),
});
/** A node. */
export type NodeIdentityEntry = z.output<typeof entrySchema>;

/** The nodes of one service, in a file that commands change while it runs. */
export class NodeIdentities {
  readonly #file: KeptList<typeof entrySchema>;
  readonly #nowMs: () => number;

  constructor(folder: string, nowMs: () => number = Date.now) {
    this.#file = new KeptList(join(folder, FILE), entrySchema);
    this.#nowMs = nowMs;
  }

  /** @throws MerlonError MERLON_INPUT when the file is damaged */
  list(): readonly NodeIdentityEntry[] {
    return this.#file.read();
  }

  /**
   * Lets a node enrol. A node that has not yet, or was revoked, gets a new token in the place of the one before.
   * @returns the secret of its token
   * @throws MerlonError MERLON_USAGE where the name is none or has enrolled
   */
  async add(name: string, ttlMs: number): Promise<string> {
    const secret = newSecret();
    const now = this.#nowMs();
    await this.#file.change((entries) => {
      if (entries.some((one) => one.name === name && one.state === "enrolled")) {
        const why = "names tell them apart";
        const fix = `write another name, or revoke it first with "merlon node revoke"`;
        throw new MerlonError("MERLON_USAGE", `there is a node ${name} — ${why}; ${fix}`);
      }
      const fresh = { name, state: "waiting", secretHash: hashOf(secret), secretUntil: now + ttlMs } as const;
      return [...entries.filter((one) => one.name !== name), { ...fresh, keyHash: "", addedAt: now, enrolledAt: 0 }];
    });
    return secret;
  }

  /**
   * Takes a token. It works once, and again for the same key while it lasts: an answer may have been lost.
   * @param keyHash SHA-256 of the node's public key, hex
   * @returns the node's name
   * @throws MerlonError MERLON_SERVICE where nobody has this token, or it was used, has expired or was taken back
   */
  async take(secret: string, keyHash: string): Promise<string> {
    const wanted = hashOf(secret);
    const taken = { name: "" };
    // Anyone can send a forged one: it does not come as far as the lock, which commands need too.
    if (this.list().every(({ secretHash }) => secretHash !== wanted)) {
      throw new MerlonError("MERLON_SERVICE", whyNot(undefined, false, this.#nowMs()));
    }
    await this.#file.change((entries) => {
      const own = entries.find(({ secretHash }) => secretHash === wanted);
      const again = own?.state === "enrolled" && own.keyHash === keyHash;
      const why = whyNot(own, again, this.#nowMs());
      if (own === undefined || why !== "") throw new MerlonError("MERLON_SERVICE", why);
      taken.name = own.name;
      if (again) return entries;
      const enrolled = { ...own, state: "enrolled", keyHash, enrolledAt: this.#nowMs() } as const;
      return entries.map((one) => (one === own ? enrolled : one));
    });
    return taken.name;
  }

  /** @returns what stands here of a name; undefined for nobody */
  find(name: string): NodeIdentityEntry | undefined {
    return this.#file.read().find((one) => one.name === name);
  }

  /** Refuses a node from its next question on. @returns false where there is none of this name */
  async revoke(name: string): Promise<boolean> {
    return await this.#drop(name, (own) => ({ ...own, state: "revoked" }));
  }

  /** Forgets a node, which refuses it too. @returns false where there is none of this name */
  async remove(name: string): Promise<boolean> {
    return await this.#drop(name, () => undefined);
  }

  async #drop(name: string, to: (own: NodeIdentityEntry) => NodeIdentityEntry | undefined): Promise<boolean> {
    let found = false;
    await this.#file.change((entries) => {
      found = entries.some((one) => one.name === name);
      return found ? entries.flatMap((one) => (one.name === name ? (to(one) ?? []) : one)) : entries;
    });
    return found;
  }
}

function whyNot(own: NodeIdentityEntry | undefined, again: boolean, now: number): string {
  const fix = 'make another with "merlon node add"';
  if (own === undefined) return `nobody has this enrolment token — it is forged, or a newer one took its place; ${fix}`;
  if (own.state === "revoked") return `the enrolment token does not count — ${own.name} was revoked; ${fix}`;
  if (own.state === "enrolled" && !again) {
    const alarm = `if that was not you, "merlon node revoke ${own.name}"`;
    return `the enrolment token was used already — it works once; ${alarm}, and ${fix}`;
  }
  if (own.secretUntil > now) return "";
  return `the enrolment token of ${own.name} has expired — it was made to last until then; ${fix}`;
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
