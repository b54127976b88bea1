/**
 * The templates of harmless requests, as people write them in `test/data/benign/{kinds,wider}/*.yaml`: kinds of sites
 * by name. Those in `kinds` are held whole by every test; the wider ones are many more, and tests take a sample.
 * Texts that they share lie in `test/data/benign/texts/*.yaml`, each a list by name.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { ROOT } from "../tools/component.ts";
import type { Texts } from "./slots.ts";

const FOLDER = join(ROOT, "test/data/benign");

const partSchema = z.strictObject({
  name: z.string(),
  filename: z.string().optional(),
  type: z.string().optional(),
  value: z.string().optional(),
  /** Bytes that begin a file of this kind; random ones follow. */
  magic: z.enum(["png", "pdf", "zip", "jpeg", "gif", "mp4", "docx", "gzip", "woff2", "webp", "sqlite"]).optional(),
});
const templateSchema = z.strictObject({
  /** Method and path, whose slots are escaped as one segment each. */
  at: z.string(),
  /** Members of the query, in order; written as browsers write forms. */
  query: z.record(z.string(), z.string()).optional(),
  /** A query as it is, where a client writes it in its own way. */
  rawquery: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  json: z.unknown().optional(),
  /** One JSON value a line. */
  lines: z.array(z.unknown()).optional(),
  form: z.record(z.string(), z.string()).optional(),
  parts: z.array(partSchema).optional(),
  body: z.string().optional(),
  /** Protocol Buffers: a tree whose keys are field numbers. */
  protobuf: z.unknown().optional(),
  msgpack: z.unknown().optional(),
  /** Around the body: a coding that a header names, or a message of gRPC. */
  coding: z.enum(["gzip", "grpc"]).optional(),
  magic: partSchema.shape.magic,
  type: z.string().optional(),
  /** Why this site must say that it takes such input. */
  exception: z.string().optional(),
});
const kindSchema = z.strictObject({
  /** What the sites are and which clients write to them. */
  about: z.string(),
  hosts: z.array(z.string()),
  clients: z.array(z.enum(["browser", "mobile", "script", "server", "none"])),
  cookies: z.array(z.string()).optional(),
  requests: z.array(templateSchema).min(1),
});

/** How one request is written. */
export type Template = z.infer<typeof templateSchema>;
export type Part = z.infer<typeof partSchema>;
export type Magic = NonNullable<Part["magic"]>;

/** A kind of site. */
export type Kind = z.infer<typeof kindSchema> & { readonly name: string };

/** Reads every kind of a folder, in the order of the files. */
export function readKinds(folder: "kinds" | "wider" = "kinds"): Kind[] {
  return yamlFiles(folder).flatMap(([file, content]) => {
    const parsed = z.record(z.string(), kindSchema).safeParse(content);
    if (!parsed.success) throw new Error(`${file}.yaml: ${z.prettifyError(parsed.error)}`);
    return Object.entries(parsed.data).map(([name, kind]) => ({ ...kind, name }));
  });
}

/** Reads every list of texts. */
export function readTexts(): Texts {
  const lists = yamlFiles("texts").flatMap(([, content]) =>
    Object.entries(z.record(z.string(), z.array(z.string()).min(1)).parse(content)),
  );
  return new Map(lists);
}

function yamlFiles(folder: string): [string, unknown][] {
  const names = readdirSync(join(FOLDER, folder)).filter((name) => name.endsWith(".yaml"));
  return names.sort().map((name) => {
    return [name.replace(/\.yaml$/, ""), parse(readFileSync(join(FOLDER, folder, name), "utf8"))];
  });
}
