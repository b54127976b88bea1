/**
 * Who changed what at a policy service, a line of JSON each, in a file that only grows: what operators asked for, what
 * was published, and what became of versions that were tried first. Two files of bounded size; the older one goes.
 */
import { appendFile, mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";

const FILE = "audit.jsonl";
const OLDER = "audit.1.jsonl";
const FILE_BYTES_MAX = 8 * 1024 * 1024;
const CHARS_MAX = 500;

/** One line. */
export interface AuditLine {
  /** Name of the node or operator, or `service`. */
  readonly who: string;
  /** `edit`, `publish`, `show`, `rollout.promote` … */
  readonly action: string;
  /** What it was about: a version, a name. */
  readonly object: string;
  readonly outcome: string;
  /** Why, where it is not obvious. */
  readonly why: string;
}

/** The file of one service. */
export class AuditFile {
  readonly #folder: string;
  readonly #say: (line: string) => void;
  #writing: Promise<void> = Promise.resolve();

  /** @param say hears, once a failure, that a line could not be kept */
  constructor(folder: string, say: (line: string) => void) {
    this.#folder = folder;
    this.#say = say;
  }

  get path(): string {
    return join(this.#folder, FILE);
  }

  /** Adds a line; resolves when it is kept, or it was said that it is not. */
  async add({ who, action, object, outcome, why }: AuditLine): Promise<void> {
    const fields = { who, action, object, outcome, why };
    const cut = Object.entries(fields).map(([field, text]) => [field, text.slice(0, CHARS_MAX)]);
    const line = `${JSON.stringify({ at: new Date().toISOString(), ...Object.fromEntries(cut) })}\n`;
    this.#writing = this.#writing.then(async () => await this.#append(line));
    await this.#writing;
  }

  async #append(line: string): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const size = await stat(this.path).then(
        (file) => file.size,
        () => 0,
      );
      if (size + line.length > FILE_BYTES_MAX) await rename(this.path, join(this.#folder, OLDER));
      await appendFile(this.path, line, { mode: 0o600 });
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
      this.#say(`${this.path} cannot be written — ${code}: what is changed now is not taken down`);
    }
  }
}
