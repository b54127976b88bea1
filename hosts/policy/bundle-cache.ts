/**
 * The last good policy on disk, so that a host which starts while its policy service is away has more than the built-in
 * one, and a service knows after a restart what its hosts have. Written beside and renamed, so that a crash leaves the
 * old one or the new one, never half of one; read with every part held against its hash.
 *
 *   "MRLNPOL1"   u32 version   u32 parts, then for each   32 bytes SHA-256   u32 size   bytes
 *
 * The first part is the list of contents.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MerlonError } from "../core/error.ts";
import { assembleBundle, BUNDLE_BYTES_MAX, type Bundle } from "./bundle.ts";
import { replaceFile } from "./replace-file.ts";

const MAGIC = "MRLNPOL1";
const HEAD_BYTES = 16;
const PART_HEAD_BYTES = 36;
const PARTS_MAX = 256;
const FILE = "policy.bundle";

/** A bundle and the number that the service gave it. */
export interface Kept {
  readonly bundle: Bundle;
  readonly version: number;
}

/** The file of one host. */
export class BundleCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get path(): string {
    return join(this.#folder, FILE);
  }

  /**
   * @returns what was kept; undefined where nothing was
   * @throws MerlonError MERLON_POLICY_VERSION when the file is damaged, MERLON_INPUT when it cannot be read
   */
  async read(): Promise<Kept | undefined> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.path);
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
      throw unusable(this.path, "cannot be read", cause);
    }
    return readKept(bytes);
  }

  /** Keeps a bundle. @throws MerlonError MERLON_INPUT when the folder cannot be written */
  async write({ bundle, version }: Kept): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      throw unusable(this.#folder, "cannot be made", cause);
    });
    await replaceFile(this.path, piecesOf(bundle, version));
  }
}

function* piecesOf({ hash, parts }: Bundle, version: number): Generator<Uint8Array> {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, 0, "latin1");
  head.writeUInt32LE(version, 8);
  head.writeUInt32LE(parts.size, 12);
  yield head;
  const ordered = [...parts].sort(([a], [b]) => Number(b === hash) - Number(a === hash));
  for (const [name, bytes] of ordered) {
    const row = Buffer.alloc(PART_HEAD_BYTES);
    row.write(name, 0, "hex");
    row.writeUInt32LE(bytes.length, 32);
    yield row;
    yield bytes;
  }
}

function readKept(bytes: Buffer): Kept {
  if (bytes.length < HEAD_BYTES || bytes.length > BUNDLE_BYTES_MAX * 2 || bytes.toString("latin1", 0, 8) !== MAGIC) {
    throw damaged();
  }
  const found = new Map<string, Uint8Array>();
  const count = bytes.readUInt32LE(12);
  if (count > PARTS_MAX) throw damaged();
  let at = HEAD_BYTES;
  let first = "";
  for (let part = 0; part < count; part++) {
    if (bytes.length - at < PART_HEAD_BYTES) throw damaged();
    const name = bytes.toString("hex", at, at + 32);
    const size = bytes.readUInt32LE(at + 32);
    at += PART_HEAD_BYTES;
    if (bytes.length - at < size) throw damaged();
    found.set(name, bytes.subarray(at, at + size));
    if (part === 0) first = name;
    at += size;
  }
  return { bundle: assembleBundle(first, found), version: bytes.readUInt32LE(8) };
}

function damaged(): MerlonError {
  const message = "the policy kept on disk is damaged — it is no whole file; it is replaced when the service answers";
  return new MerlonError("MERLON_POLICY_VERSION", message);
}

function unusable(path: string, what: string, cause: unknown): MerlonError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
  return new MerlonError("MERLON_INPUT", `${path} ${what} — ${code}; choose another folder for the policy`, { cause });
}
