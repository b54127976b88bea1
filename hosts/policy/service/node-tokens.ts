/**
 * Who may speak to a policy service: nodes, which read the policy and report, and operators, who may change it. A token
 * is shown once, when it is made; the file holds its hash. Tokens are 256 random bits, so one pass of SHA-256 is as
 * good as a slow hash: there is nothing to guess.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { withLock } from "../file-lock.ts";
import { replaceFile } from "../replace-file.ts";
import { nameSchema } from "../wire.ts";

const FILE = "nodes.json";
const NODES_MAX = 10_000;
const FILE_BYTES_MAX = 8 * 1024 * 1024;
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
const fileSchema = z.strictObject({ format: z.literal(1), nodes: z.array(entrySchema).max(NODES_MAX) });

/** A token's holder. */
export interface Holder {
  readonly name: string;
  readonly role: Role;
  readonly addedAt: number;
}

/** The tokens of one service, in a file that commands change while it runs. */
export class NodeTokens {
  readonly #folder: string;
  #seen = "";
  #holders: ReadonlyMap<string, Holder> = new Map();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get path(): string {
    return join(this.#folder, FILE);
  }

  /** @returns whose token this is; undefined for nobody's */
  holderOf(token: string): Holder | undefined {
    return this.#read().get(hashOfToken(token));
  }

  /** @throws MerlonError MERLON_INPUT when the file is damaged */
  list(): Holder[] {
    return [...this.#read().values()];
  }

  /** @returns the new token; @throws MerlonError MERLON_USAGE when the name is taken or none */
  async add(name: string, role: Role): Promise<string> {
    const checked = nameSchema.safeParse(name);
    if (!checked.success)
      throw new MerlonError(
        "MERLON_USAGE",
        `"${name.slice(0, 40)}" is no name of a node — letters, digits, dots and dashes are taken; write another`,
      );
    const token = PREFIX + randomBytes(32).toString("base64url");
    await this.#change((holders) => {
      if ([...holders.values()].some((one) => one.name === name)) {
        throw new MerlonError(
          "MERLON_USAGE",
          `there is a node ${name} — names tell them apart; remove it or write another`,
        );
      }
      if (holders.size >= NODES_MAX)
        throw new MerlonError("MERLON_USAGE", `there are ${NODES_MAX} nodes — no more are taken; remove some`);
      holders.set(hashOfToken(token), { name, role, addedAt: Date.now() });
    });
    return token;
  }

  /** @throws MerlonError MERLON_USAGE when there is none of this name */
  async remove(name: string): Promise<void> {
    await this.#change((holders) => {
      const own = [...holders].find(([, one]) => one.name === name);
      if (own === undefined)
        throw new MerlonError(
          "MERLON_USAGE",
          `there is no node of this name — see "merlon node list"; write one of them`,
        );
      holders.delete(own[0]);
    });
  }

  /** Reads the file again when it is another one. */
  #read(): ReadonlyMap<string, Holder> {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    const now = stat === undefined ? "" : `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
    if (now === this.#seen) return this.#holders;
    const holders = stat === undefined ? [] : parseFile(this.path, stat.size);
    this.#holders = new Map(holders.map(({ hash, ...holder }) => [hash, holder]));
    this.#seen = now;
    return this.#holders;
  }

  /** One change after another, whichever process makes it: each begins with what the one before has left. */
  async #change(change: (holders: Map<string, Holder>) => void): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await withLock(this.path, async () => {
      // What was read before the lock was ours may be the file of before in the very same millisecond.
      this.#seen = "";
      const holders = new Map(this.#read());
      change(holders);
      const nodes = [...holders].map(([hash, holder]) => ({ hash, ...holder }));
      await replaceFile(this.path, `${JSON.stringify({ format: 1, nodes }, null, 1)}\n`);
    });
  }
}

function hashOfToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function parseFile(path: string, size: number): z.output<typeof fileSchema>["nodes"] {
  try {
    if (size <= FILE_BYTES_MAX) return fileSchema.parse(JSON.parse(readFileSync(path, "utf8"))).nodes;
  } catch {
    // Told below: what the file holds is no matter for a message.
  }
  throw new MerlonError(
    "MERLON_INPUT",
    `${path} is damaged — it is no list of nodes; restore it, or delete it and add the nodes anew`,
  );
}
