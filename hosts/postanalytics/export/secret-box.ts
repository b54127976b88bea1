/**
 * Seals the settings of exports: they hold signing secrets, tokens and addresses that are secrets themselves, and a
 * copy of the database must not give them away. AES-256-GCM with a fresh nonce for each; the export's name is bound to
 * it, so that one sealed text cannot stand for another.
 */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { MerlonError } from "../../core/error.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
/** NIST SP 800-38D §8.2.2: 96 random bits, good for 2^32 texts of one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = "v1.";

/** Seals and opens with one key. */
export class SecretBox {
  readonly #key: Buffer;

  private constructor(key: Buffer) {
    this.#key = key;
  }

  /**
   * Reads the key, or makes one where there is no file yet; only its owner can read it.
   * @throws MerlonError MERLON_INPUT where the file cannot be read or made, or holds no key
   */
  static async open(path: string): Promise<SecretBox> {
    const text = (await readText(path)) ?? (await makeKey(path));
    const key = Buffer.from(text.trim(), "base64");
    if (key.length === KEY_BYTES) return new SecretBox(key);
    const why = `${KEY_BYTES} bytes in base64 are expected`;
    throw new MerlonError("MERLON_INPUT", `${path} holds no key — ${why}; put the right one back`);
  }

  /** @param name of what it belongs to; needed again to open it */
  seal(name: string, text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(name));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return VERSION + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64url");
  }

  /** @returns the text; null where it was sealed with another key, for another name, or was changed */
  unseal(name: string, text: string): string | null {
    if (!isSealed(text)) return null;
    const bytes = Buffer.from(text.slice(VERSION.length), "base64url");
    const [tagAt, textAt] = [NONCE_BYTES, NONCE_BYTES + TAG_BYTES];
    if (bytes.length < textAt) return null;
    try {
      const options = { authTagLength: TAG_BYTES };
      const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, tagAt), options)
        .setAAD(Buffer.from(name))
        .setAuthTag(bytes.subarray(tagAt, textAt));
      return Buffer.concat([decipher.update(bytes.subarray(textAt)), decipher.final()]).toString("utf8");
    } catch {
      return null;
    }
  }
}

/** Whether a text was sealed; what was kept before there was a key was not. */
export function isSealed(text: string): boolean {
  return text.startsWith(VERSION);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new MerlonError("MERLON_INPUT", `the key file ${path} cannot be read — check its permissions`, { cause });
  }
}

/** Made whole beside its place, so that nobody reads a part; another process may be quicker, and its key counts. */
async function makeKey(path: string): Promise<string> {
  const text = `${randomBytes(KEY_BYTES).toString("base64")}\n`;
  const passing = `${path}.${randomUUID()}`;
  try {
    await writeFile(passing, text, { mode: 0o600, flush: true });
    await link(passing, path).finally(() => rm(passing, { force: true }));
    return text;
  } catch (cause) {
    const other = await readText(path);
    if (other !== undefined) return other;
    throw new MerlonError("MERLON_INPUT", `the key file ${path} cannot be written — check its folder`, { cause });
  }
}
