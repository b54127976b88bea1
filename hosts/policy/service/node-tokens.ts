/**
 * Who may speak to a policy service: nodes, which read the policy and report, and operators, who may change it. A token
 * is shown once, when it is made; the file holds its hash. Tokens are 256 random bits, so one pass of SHA-256 is as
 * good as a slow hash: there is nothing to guess.
 */
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { nameSchema } from "../wire.ts";
import { KeptList } from "./kept-list.ts";

const FILE = "nodes.json";
/** Begin of every token, so that scanners for leaked secrets find it. */
const PREFIX = "merlon_node_";

/** What a token allows. */
export const ROLES = ["node", "operator"] as const;
/** See ROLES. */
export type Role = (typeof ROLES)[number];

const entrySchema = z.strictObject({
  name: nameSchema,
  role: z.enum(ROLES),
  /** SHA-256 of the token, hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Milliseconds since 1970. */
  addedAt: z.number(),
});

/** A token's holder. */
export interface Holder {
  readonly name: string;
  readonly role: Role;
  readonly addedAt: number;
}

/** The tokens of one service, in a file that commands change while it runs. */
export class NodeTokens {
  readonly #file: KeptList<typeof entrySchema>;
  #entries: readonly z.output<typeof entrySchema>[] = [];
  #holders: ReadonlyMap<string, Holder> = new Map();

  constructor(folder: string) {
    this.#file = new KeptList(join(folder, FILE), entrySchema);
  }

  get path(): string {
    return this.#file.path;
  }

  /** @returns whose token this is; undefined for nobody's */
  holderOf(token: string): Holder | undefined {
    const entries = this.#file.read();
    if (entries !== this.#entries) {
      this.#holders = new Map(entries.map(({ hash, ...holder }) => [hash, holder]));
      this.#entries = entries;
    }
    return this.#holders.get(hashOfToken(token));
  }

  /** @throws MerlonError MERLON_INPUT when the file is damaged */
  list(): Holder[] {
    return this.#file.read().map(({ hash: _hash, ...holder }) => holder);
  }

  /** @returns the new token; @throws MerlonError MERLON_USAGE when the name is taken or none */
  async add(name: string, role: Role): Promise<string> {
    checkName(name);
    const token = PREFIX + randomBytes(32).toString("base64url");
    await this.#file.change((entries) => {
      if (entries.some((one) => one.name === name)) {
        throw new MerlonError(
          "MERLON_USAGE",
          `there is a node ${name} — names tell them apart; remove it or write another`,
        );
      }
      return [...entries, { hash: hashOfToken(token), name, role, addedAt: Date.now() }];
    });
    return token;
  }

  /** @returns false where there is none of this name */
  async remove(name: string): Promise<boolean> {
    let found = false;
    await this.#file.change((entries) => {
      found = entries.some((one) => one.name === name);
      return found ? entries.filter((one) => one.name !== name) : entries;
    });
    return found;
  }
}

/** @throws MerlonError MERLON_USAGE when it is no name of a node */
export function checkName(name: string): void {
  if (nameSchema.safeParse(name).success) return;
  throw new MerlonError(
    "MERLON_USAGE",
    `"${name.slice(0, 40)}" is no name of a node — letters, digits, dots and dashes are taken; write another`,
  );
}

function hashOfToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
