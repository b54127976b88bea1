/**
 * What the spool needs of a disk, so that tests can put one under it that fails and forgets as real ones do. Methods
 * reject with what the system says; the spool decides what that means.
 */
import { mkdirSync } from "node:fs";
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** An open file. */
export interface SpoolFile {
  /** Writes all of the bytes at an offset. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Resolves when what was written survives a loss of power. */
  sync(): Promise<void>;
  /** @returns up to `size` bytes, fewer at the file's end */
  read(at: number, size: number): Promise<Buffer>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** A file in the folder. */
export interface FileFacts {
  readonly name: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** A folder. */
export interface SpoolDisk {
  list(): Promise<readonly FileFacts[]>;
  /** `create` refuses a file that is there. */
  open(name: string, how: "create" | "change"): Promise<SpoolFile>;
  /** @returns the content of a small file, null where there is none */
  read(name: string): Promise<Buffer | null>;
  /** Puts a new content in the place of an old one: after a crash it is one of the two, whole. */
  replace(name: string, content: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  /** Resolves when names that were made survive a loss of power. */
  syncNames(): Promise<void>;
}

class NodeFile implements SpoolFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  async read(at: number, size: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await this.#handle.read(bytes, done, size - done, at + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** A folder of this machine. Files are for this user alone: records are sensitive even when they are masked. */
export class NodeDisk implements SpoolDisk {
  readonly folder: string;

  /** Makes the folder where there is none. @throws what the system says */
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  async list(): Promise<readonly FileFacts[]> {
    const names = await readdir(this.folder);
    const facts: FileFacts[] = [];
    for (const name of names.sort()) {
      const { size, mtimeMs } = await stat(join(this.folder, name));
      facts.push({ name, size, modifiedMs: mtimeMs });
    }
    return facts;
  }

  async open(name: string, how: "create" | "change"): Promise<SpoolFile> {
    return new NodeFile(await open(join(this.folder, name), how === "create" ? "wx+" : "r+", 0o600));
  }

  async read(name: string): Promise<Buffer | null> {
    try {
      return await readFile(join(this.folder, name));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async replace(name: string, content: Uint8Array): Promise<void> {
    const next = join(this.folder, `${name}.new`);
    const handle = await open(next, "w", 0o600);
    try {
      await handle.writeFile(content);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(next, join(this.folder, name));
    await this.syncNames();
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.folder, name), { force: true });
  }

  async syncNames(): Promise<void> {
    const handle = await open(this.folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
