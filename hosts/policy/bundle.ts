/**
 * A policy as it goes to hosts: the image for the core, the lists and pages that hosts act on themselves, and one hash
 * over all of it. It comes in parts that are named by what they hold, so that a change sends what has changed.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { MerlonError } from "../core/error.ts";
import { failureSchema } from "../core/host-options.ts";
import { BLOCK_CAUSES, type HostPolicy } from "../core/host-policy.ts";
import { MODES, type Mode } from "../core/verdict.ts";
import { applicationsOf } from "./application.ts";
import { compilePolicy, IMAGE_BYTES_MAX, sectionStarts } from "./image.ts";
import type { IpList } from "./ip-list.ts";
import { RouteCompiler } from "./routes.ts";
import { hostPolicyOf, type Policy } from "./schema.ts";
import { compileRows } from "./source-rows.ts";
import { ROWS_BYTES_MAX, SourceTable } from "./source-table.ts";
import { compileLists, type PlaceLookup, Sources } from "./sources.ts";
import { type Definition, definitionsOf, definitionsSchema } from "./threshold/threshold.ts";

/** Bytes of the largest list of contents. */
export const CONTENT_BYTES_MAX = 8 * 1024 * 1024;
/** Bytes of all parts of a bundle: what a host must have room for, twice while it changes. */
export const BUNDLE_BYTES_MAX = 128 * 1024 * 1024;
const LISTS_MAX = 64;
const PAGES_MAX = 8193;
const BLOCK_BYTES = 65_536;
const BLOCKS_MAX = 128;
/** Format of contents; a host that does not know one keeps the policy that it has. */
const FORMAT = 1;

const partSchema = z.strictObject({ hash: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) });
/** What a part is called and how long it is. */
export type Part = z.output<typeof partSchema>;

const pageSchema = z.strictObject({
  statusCode: z.int().min(400).max(599),
  html: z.string().max(IMAGE_BYTES_MAX).optional(),
  json: z.boolean(),
  redirect: z.string().max(2048).optional(),
  types: z.array(z.enum(BLOCK_CAUSES)),
});

const contentSchema = z.strictObject({
  format: z.literal(FORMAT),
  mode: z.enum(MODES),
  host: z.strictObject({
    holdBytes: z.int().min(0),
    failure: failureSchema,
    pages: z.array(pageSchema).max(PAGES_MAX),
    isScoped: z.boolean(),
  }),
  /** The image in blocks: what one change leaves as it was is not sent again. */
  image: z
    .array(partSchema)
    .min(1)
    .max(BLOCKS_MAX)
    .refine((blocks) => blocks.reduce((sum, { size }) => sum + size, 0) <= IMAGE_BYTES_MAX, "is too large"),
  lists: z.array(partSchema.refine(({ size }) => size <= ROWS_BYTES_MAX, "is too large")).max(LISTS_MAX),
  names: partSchema.refine(({ size }) => size <= CONTENT_BYTES_MAX, "is too large"),
  /** Left out where there are none, so that older hosts take the policy. */
  thresholds: definitionsSchema.optional(),
});

/** What a bundle says of itself. */
export type Content = z.output<typeof contentSchema>;

const namesSchema = z.strictObject({
  /** In the order of their numbers, from 1 on. */
  exceptions: z.array(z.string().max(253)),
  applications: z.array(z.tuple([z.int().min(0), z.string().max(253)])),
});
/** What records need to say numbers in words. */
export type Names = z.output<typeof namesSchema>;

/** A policy, compiled and complete. */
export interface Bundle {
  /** SHA-256 of the content, which names every part by its own. */
  readonly hash: string;
  readonly content: Content;
  /** The content's bytes and every part, by their hashes. */
  readonly parts: ReadonlyMap<string, Uint8Array>;
}

/** @returns the name of a part: SHA-256 in hex */
export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Compiles policies, and keeps of the one before what has not changed: a list is compiled again when it is another one.
 */
export class BundleCompiler {
  /** Rows by their lists; a list is never changed in place. */
  readonly #rows = new WeakMap<IpList, Uint8Array>();
  readonly #routes = new RouteCompiler();
  readonly #hashes = new WeakMap<Uint8Array, string>();

  /** @throws MerlonError MERLON_POLICY when it is too large, or two applications have one number */
  compile(policy: Policy): Bundle {
    const image = compilePolicy(policy, this.#routes);
    const lists = compileLists(policy.ipLists ?? [], (list, same) => {
      const [first] = same;
      if (first === undefined || same.length > 1) return compileRows(list, same);
      const rows = this.#rows.get(first) ?? compileRows(list, same);
      this.#rows.set(first, rows);
      return rows;
    });
    const names: Names = {
      exceptions: (policy.exceptions ?? []).map(({ name }) => name),
      applications: [...applicationsOf(policy)],
    };
    const name = (bytes: Uint8Array): string => {
      const hash = this.#hashes.get(bytes) ?? hashOf(bytes);
      this.#hashes.set(bytes, hash);
      return hash;
    };
    const thresholds = definitionsOf(policy.thresholds ?? []);
    const parts = { image, lists, names: Buffer.from(JSON.stringify(names)), thresholds };
    return bundleOf(policy.mode, hostPolicyOf(policy), parts, name);
  }
}

/** @returns the bundle of a policy, for where there is no other before or after it */
export function compileBundle(policy: Policy): Bundle {
  return new BundleCompiler().compile(policy);
}

interface Compiled {
  readonly image: Uint8Array;
  readonly lists: readonly Uint8Array[];
  readonly names: Uint8Array;
  readonly thresholds: readonly Definition[];
}

function bundleOf(
  mode: Mode,
  host: HostPolicy,
  { image, lists, names, thresholds }: Compiled,
  name: (bytes: Uint8Array) => string,
): Bundle {
  const parts = new Map<string, Uint8Array>();
  const keep = (bytes: Uint8Array): Part => {
    const hash = name(bytes);
    parts.set(hash, bytes);
    return { hash, size: bytes.length };
  };
  const content: Content = {
    format: FORMAT,
    mode,
    host: { ...host, pages: host.pages.map((page) => ({ ...page, types: [...page.types] })) },
    image: blocksOf(image).map(keep),
    lists: lists.map(keep),
    names: keep(names),
    ...(thresholds.length === 0 ? {} : { thresholds: [...thresholds] }),
  };
  const { hash } = keep(Buffer.from(JSON.stringify(content)));
  const size = [...parts.values()].reduce((sum, { length }) => sum + length, 0);
  if (size > BUNDLE_BYTES_MAX || content.lists.length > LISTS_MAX) {
    const has = `${size} bytes in ${content.lists.length} lists`;
    const why = `it takes ${has}, and hosts take ${BUNDLE_BYTES_MAX} in ${LISTS_MAX}`;
    throw new MerlonError("MERLON_POLICY", `the policy is too large — ${why}; shorten or join its lists`);
  }
  return { hash, content, parts };
}

/**
 * Reads what came from elsewhere.
 * @returns the content, and which parts it needs
 * @throws MerlonError MERLON_POLICY_VERSION when it is none, or was made for another version
 */
export function readContent(bytes: Uint8Array): { content: Content; needs: readonly Part[] } {
  const parsed = contentSchema.safeParse(jsonOf(bytes));
  if (!parsed.success) throw damaged(parsed.error.issues[0]?.path.join(".") || "content");
  const { data: content } = parsed;
  const needs = [...content.image, ...content.lists, content.names];
  if (needs.reduce((sum, { size }) => sum + size, bytes.length) > BUNDLE_BYTES_MAX) throw damaged("its size");
  return { content, needs };
}

/**
 * Puts a bundle together of parts that came from elsewhere, each held against its name.
 * @throws MerlonError MERLON_POLICY_VERSION naming what is missing or damaged
 */
export function assembleBundle(hash: string, found: ReadonlyMap<string, Uint8Array>): Bundle {
  const bytes = found.get(hash);
  if (bytes === undefined || hashOf(bytes) !== hash) throw damaged("its list of contents");
  const { content, needs } = readContent(bytes);
  const parts = new Map([[hash, bytes]]);
  for (const part of needs) {
    const own = found.get(part.hash);
    if (own?.length !== part.size || hashOf(own) !== part.hash) throw damaged(`part ${part.hash.slice(0, 12)}`);
    parts.set(part.hash, own);
  }
  return { hash, content, parts };
}

/** @returns the image for the core */
export function imageOf({ content, parts }: Bundle): Uint8Array {
  return Buffer.concat(content.image.map(({ hash }) => parts.get(hash) ?? new Uint8Array(0)));
}

/** @returns an image cut where its sections begin, and long sections every 64 KiB */
function blocksOf(image: Uint8Array): Uint8Array[] {
  const starts = sectionStarts(image);
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < image.length; ) {
    const next = starts.find((start) => start > at) ?? image.length;
    const end = Math.min(next, at + BLOCK_BYTES);
    blocks.push(image.subarray(at, end));
    at = end;
  }
  return blocks;
}

/** @returns what its lists say of clients; @throws MerlonError MERLON_POLICY_VERSION when they are damaged */
export function sourcesIn({ content, parts }: Bundle, places: PlaceLookup | null = null): Sources {
  return new Sources(
    content.lists.map(({ hash }) => new SourceTable(parts.get(hash) ?? new Uint8Array(0))),
    places,
  );
}

/** @returns the names behind the numbers that the core has; @throws MerlonError MERLON_POLICY_VERSION when damaged */
export function namesIn({ content, parts }: Bundle): Names {
  const parsed = namesSchema.safeParse(jsonOf(parts.get(content.names.hash) ?? new Uint8Array(0)));
  if (!parsed.success) throw damaged("its list of names");
  return parsed.data;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

function damaged(what: string): MerlonError {
  const why = `${what} is damaged, or was made for another version`;
  return new MerlonError("MERLON_POLICY_VERSION", `the policy cannot be used — ${why}; publish it again`);
}
