/** Files that are replaced in one step: whoever reads sees the old content or the new one, also after a crash. */
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { MerlonError } from "../core/error.ts";

/**
 * Writes beside the file, and renames when the bytes are on disk. A new file is its owner's alone; an old one keeps its
 * mode.
 * @throws MerlonError MERLON_INPUT when the folder cannot be written
 */
export async function replaceFile(path: string, content: string | Iterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  try {
    const mode = await stat(path).then(
      (old) => old.mode & 0o777,
      () => 0o600,
    );
    const file = await open(temporary, "w", mode);
    try {
      const pieces = typeof content === "string" ? [Buffer.from(content)] : content;
      for (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const folder = await open(dirname(path), "r");
    await folder.sync().finally(() => folder.close());
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
    throw new MerlonError("MERLON_INPUT", `${path} cannot be written — ${code}; check its folder`, { cause });
  }
}
