/**
 * The detectors' test data, `test/data/detect/*.yaml`: for each signature attacks that it must catch and near misses.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parse } from "yaml";
import { z } from "zod";
import { ROOT } from "../tools/component.ts";

const FOLDER = join(ROOT, "test/data/detect");
const PLACES = [
  "query",
  "form",
  "json",
  "path",
  "target",
  "cookie",
  "header",
  "agent",
  "filename",
  "name",
  "response",
] as const;
/** Compressed bodies that are made of a value, see test/data/detect/data-bomb.yaml. */
const BODIES = ["repeated", "numbered"] as const;

const example = z.strictObject({
  value: z.string(),
  why: z.string().min(1),
  /** The only place where the value means what it means; without it all of query, form and JSON. */
  place: z.enum([...PLACES, ...BODIES]).optional(),
});
const schema = z.array(z.strictObject({ stamp: z.string(), attacks: z.array(example), misses: z.array(example) }));

/** A value with the reason why it is or is not an attack. Strings are UTF-8 text; see `toBytes`. */
export type Example = z.infer<typeof example>;

/** The examples of one signature. */
export interface SignatureExamples {
  readonly file: string;
  readonly stamp: string;
  readonly attacks: readonly Example[];
  readonly misses: readonly Example[];
}

/** Reads all examples. @throws where a file is not of this form, or a signature stands twice */
export function readExamples(): SignatureExamples[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".yaml"));
  const all = files
    .sort()
    .flatMap((file) => schema.parse(parse(readFileSync(join(FOLDER, file), "utf8"))).map((one) => ({ file, ...one })));
  const stamps = all.map(({ stamp }) => stamp);
  const twice = stamps.find((stamp, index) => stamps.indexOf(stamp) !== index);
  if (twice !== undefined) throw new Error(`${twice} stands twice in test/data/detect`);
  return all;
}

/** The value as it stands on a wire: UTF-8, one byte a character. */
export function toBytes({ value }: Example): string {
  return Buffer.from(value, "utf8").toString("latin1");
}

const BODY_BYTES = 2_000_000;

/** The compressed body that a place of `BODIES` makes of a value. */
export function makeBody(place: (typeof BODIES)[number], value: string): Buffer {
  const times = Math.ceil(BODY_BYTES / value.length);
  if (place === "repeated") return gzipSync(value.repeat(times));
  return gzipSync(Array.from({ length: times }, (_, index) => `${(index * 7919) % 99_991}${value}`).join("\n"));
}
