/**
 * Files of labelled requests: JSON lines, gzipped or not, read as a stream so that a set of any size needs the memory
 * of one line. Everything that is wrong with a file is said with its name and line.
 */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { suggestion } from "../../policy/nearest.ts";
import { showWord } from "../text.ts";

/** Bytes of the longest line. */
export const LINE_BYTES_MAX = 64 * 1024 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b] as const;
const READ_BYTES = 256 * 1024;
const NAME_CHARS_MAX = 80;
const LABELS = ["attack", "benign"] as const;

/** One labelled request. */
export interface LabelledRequest {
  /** Line of its file, from 1. */
  readonly line: number;
  readonly id: string;
  readonly set: string;
  readonly attack: boolean;
  /** What the set calls this kind of attack, null where it says nothing. */
  readonly className: string | null;
  /** Requests of one family are variations of one thing. */
  readonly family: string;
  /** The label is not to be trusted. */
  readonly weak: boolean;
  /** The whole request as HTTP/1.1. */
  readonly raw: Buffer;
}

const name = z.string().max(NAME_CHARS_MAX);
const rowSchema = z.object({
  id: name.optional(),
  set: name.min(1).optional(),
  label: z.string(),
  class: name.nullish(),
  family: name.nullish(),
  weak: z.boolean().optional(),
  raw_b64: z.string(),
});

/**
 * Reads a file of labelled requests.
 * @throws MerlonError MERLON_INPUT for a missing file, broken gzip, a line that is no request, an unknown label
 */
export async function* readLabelledFile(path: string): AsyncGenerator<LabelledRequest> {
  const shown = showWord(path);
  const setName = basename(path).replace(/\.jsonl(\.gz)?$/, "");
  for await (const { number, bytes } of readLines(path, shown)) {
    if (bytes.length === 0) continue;
    yield parseRow(bytes, number, shown, setName);
  }
}

function parseRow(bytes: Buffer, line: number, file: string, setName: string): LabelledRequest {
  const bad = (what: string, fix: string): MerlonError =>
    new MerlonError("MERLON_INPUT", `${file}:${line}: ${what}; ${fix}`);
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch {
    const fix = 'give one JSON object a line, or use "merlon explain" for one raw request';
    throw bad("not JSON — every line is one labelled request", fix);
  }
  const parsed = rowSchema.safeParse(json);
  if (!parsed.success) {
    const field = showWord(parsed.error.issues[0]?.path.join(".") ?? "");
    throw bad(`${field === "" ? "the line" : `"${field}"`} is missing or not of its kind`, "see docs/cli.md");
  }
  const { id, set, label, class: className, family, weak, raw_b64: encoded } = parsed.data;
  if (label !== "attack" && label !== "benign") {
    const fix = suggestion(label, LABELS) || "write one of them";
    throw bad(`unknown label "${showWord(label)}" — a request is "attack" or "benign"`, fix);
  }
  const raw = Buffer.from(encoded, "base64");
  if (raw.length === 0 || raw.length !== decodedSize(encoded)) {
    throw bad("raw_b64 is not base64 — it holds the whole request", "encode the request again");
  }
  return {
    line,
    id: id ?? `line-${line}`,
    set: set ?? setName,
    attack: label === "attack",
    className: className ?? null,
    family: family ?? id ?? `line-${line}`,
    weak: weak === true,
    raw,
  };
}

/** Node skips what is not base64; then fewer bytes come out than went in. */
function decodedSize(encoded: string): number {
  const padding = encoded.endsWith("==") ? 2 : encoded.endsWith("=") ? 1 : 0;
  return Math.floor(((encoded.length - padding) * 3) / 4);
}

interface Line {
  readonly number: number;
  readonly bytes: Buffer;
}

async function* readLines(path: string, shown: string): AsyncGenerator<Line> {
  let rest: Buffer[] = [];
  let size = 0;
  let number = 0;
  const take = (last: Buffer): Line => {
    const bytes = rest.length === 0 ? last : Buffer.concat([...rest, last]);
    rest = [];
    size = 0;
    number++;
    return { number, bytes: bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes };
  };
  try {
    for await (const chunk of readBytes(path)) {
      let from = 0;
      for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
        yield take(chunk.subarray(from, end));
        from = end + 1;
      }
      rest.push(chunk.subarray(from));
      size += chunk.length - from;
      if (size > LINE_BYTES_MAX) throw tooLong(shown, number + 1);
    }
  } catch (error) {
    throw error instanceof MerlonError ? error : unreadable(error, shown, number);
  }
  if (size > 0) yield take(Buffer.alloc(0));
}

/** The file's bytes, uncompressed. Whether they are compressed is told by the first two and not by the name. */
async function* readBytes(path: string): AsyncGenerator<Buffer> {
  await using file = await open(path, "r");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
  const plain = file.createReadStream({ start: 0, highWaterMark: READ_BYTES, autoClose: false });
  const compressed = bytesRead === 2 && buffer[0] === GZIP_MAGIC[0] && buffer[1] === GZIP_MAGIC[1];
  const bytes: Readable = compressed ? pipeline(plain, createGunzip({ chunkSize: READ_BYTES }), ignore) : plain;
  for await (const chunk of bytes) if (Buffer.isBuffer(chunk)) yield chunk;
}

/** The error of a pipeline arrives at its reader too. */
function ignore(): void {}

function tooLong(file: string, line: number): MerlonError {
  const why = `it has more than ${LINE_BYTES_MAX} bytes`;
  return new MerlonError("MERLON_INPUT", `${file}:${line}: the line is too long — ${why}; split the file into lines`);
}

function unreadable(error: unknown, file: string, line: number): MerlonError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code.startsWith("Z_")) {
    const what = `${file}: broken gzip after line ${line}`;
    const why = code === "Z_BUF_ERROR" ? "the file ends too early" : "the bytes are damaged";
    return new MerlonError("MERLON_INPUT", `${what} — ${why}; copy or compress it again`, { cause: error });
  }
  const whys: Record<string, string> = {
    ENOENT: "there is no such file",
    EISDIR: "it is a folder",
    EACCES: "no permission",
  };
  const why = whys[code] ?? (code === "" ? "unknown reason" : code);
  return new MerlonError("MERLON_INPUT", `${file} cannot be read — ${why}; check the path`, { cause: error });
}
