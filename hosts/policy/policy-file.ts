/**
 * Policy files: read once at start, and the watch that gives a host the new policy as soon as its file is replaced.
 */
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { MerlonError } from "../core/error.ts";
import { parsePolicy } from "./policy-text.ts";
import type { Policy } from "./schema.ts";
import { SpecFiles } from "./specification/spec-files.ts";

/** Bytes of the largest policy file: room for some twenty thousand exceptions. */
export const POLICY_FILE_BYTES_MAX = 8 * 1024 * 1024;

/** A policy as it stands in a file. */
export interface PolicyFile {
  readonly policy: Policy;
  readonly text: string;
}

/**
 * Reads a policy file.
 * @throws MerlonError MERLON_INPUT when it cannot be read, MERLON_POLICY when it is not valid
 */
export async function readPolicyFile(path: string): Promise<PolicyFile> {
  const text = await readText(path);
  return { policy: parsePolicy(text, path, new SpecFiles(dirname(path)).read), text };
}

/** What a watch tells. Calls never overlap. */
export interface PolicyListener {
  /** The file has a new content that is valid. */
  changed(policy: Policy, text: string): void;
  /** The file has a new content that is not, or is gone; told once a content. The policy before stays in force. */
  refused(error: MerlonError): void;
}

/** A watch of a policy file. */
export interface PolicyWatch {
  /** Looks at once; resolves when the listener was told. */
  check(): Promise<void>;
  close(): void;
}

/** Decides which of the contents that looks at a file find are told: those that stay, and each once. */
export class ContentSieve {
  #told: string;
  #last: string;

  /** @param inForce the content that everybody knows already */
  constructor(inForce: string) {
    this.#told = inForce;
    this.#last = inForce;
  }

  /**
   * @param found what a look has found
   * @param settled tell it at the first look
   * @returns whether it is told now
   */
  take(found: string, settled: boolean): boolean {
    const stays = settled || found === this.#last;
    this.#last = found;
    if (!stays || found === this.#told) return false;
    this.#told = found;
    return true;
  }
}

/**
 * Watches a policy file that was read before. A content counts once two looks in a row have found it, so that half a
 * file is never judged. Looking instead of listening works on every file system and through the links of a mounted
 * ConfigMap.
 * @param textInForce what the file held when it was read
 * @param listener must not throw
 * @param intervalMs between two looks
 */
export function watchPolicyFile(
  path: string,
  textInForce: string,
  listener: PolicyListener,
  intervalMs: number,
): PolicyWatch {
  const sieve = new ContentSieve(textInForce);
  const specs = new SpecFiles(dirname(path));
  const stampInForce = namesIn(textInForce, path, specs) ? specs.stamp() : "";
  let waiting = 0;
  let busy: Promise<void> = Promise.resolve();
  const look = async (settled: boolean): Promise<void> => {
    const found = await readText(path).catch(asMerlonError);
    waiting--;
    // YAML cannot begin with NUL, so an error is told apart from every content that is a policy.
    const stamp = specs.stamp();
    const changed = stamp === stampInForce ? "" : `\0${stamp}`;
    const key = found instanceof MerlonError ? `\0${found.message}` : `${found}${changed}`;
    if (sieve.take(key, settled)) tell(found, path, listener, specs);
  };
  const queue = (settled: boolean): Promise<void> => {
    waiting++;
    busy = busy.then(() => look(settled));
    return busy;
  };
  const timer = setInterval(() => {
    // A file system that hangs must not pile up looks.
    if (waiting === 0) void queue(false);
  }, intervalMs);
  timer.unref();
  return { check: () => queue(true), close: () => clearInterval(timer) };
}

/** Reads the specifications that a text names, so that it is known which they are. @returns whether there are any */
function namesIn(text: string, path: string, specs: SpecFiles): boolean {
  if (!text.includes("WafApiSpec")) return false;
  try {
    parsePolicy(text, path, specs.read);
  } catch {
    // Whoever handed over the text knows what is wrong with it.
  }
  return true;
}

function tell(found: string | MerlonError, path: string, listener: PolicyListener, specs: SpecFiles): void {
  if (found instanceof MerlonError) {
    listener.refused(found);
    return;
  }
  let policy: Policy;
  try {
    policy = parsePolicy(found, path, specs.read);
  } catch (error) {
    listener.refused(asMerlonError(error));
    return;
  }
  listener.changed(policy, found);
}

function asMerlonError(error: unknown): MerlonError {
  return error instanceof MerlonError ? error : new MerlonError("MERLON_POLICY", "the policy cannot be read");
}

/** Reads the text, bounded. */
async function readText(path: string): Promise<string> {
  let buffer = Buffer.alloc(0);
  let size = 0;
  try {
    await using file = await open(path, "r");
    // A byte more than there should be tells a file that grows; devices have no size and get the most.
    const expected = (await file.stat()).size || POLICY_FILE_BYTES_MAX;
    buffer = Buffer.alloc(Math.min(expected, POLICY_FILE_BYTES_MAX) + 1);
    while (size < buffer.length) {
      const { bytesRead } = await file.read(buffer, size, buffer.length - size);
      if (bytesRead === 0) break;
      size += bytesRead;
    }
  } catch (cause) {
    throw new MerlonError("MERLON_INPUT", `the policy ${path} cannot be read — ${reasonOf(cause)}; check the path`, {
      cause,
    });
  }
  if (size <= POLICY_FILE_BYTES_MAX) return buffer.toString("utf8", 0, size);
  const why = `it has more than ${POLICY_FILE_BYTES_MAX} bytes`;
  throw new MerlonError("MERLON_INPUT", `the policy ${path} is too large — ${why}; shorten it`);
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES") return "permission is denied";
  return typeof code === "string" ? code : "unknown reason";
}
