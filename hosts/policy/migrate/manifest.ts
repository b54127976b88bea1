/** Kubernetes manifests and Helm values as they are handed over: any number of YAML documents, lists opened. */
import { LineCounter, parseAllDocuments } from "yaml";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";

const ALIASES_MAX = 256;
const OBJECTS_MAX = 20_000;

const metadataSchema = z.object({
  name: z.string().default(""),
  namespace: z.string().optional(),
  annotations: z.record(z.string(), z.coerce.string()).nullish(),
});
const objectSchema = z.object({ kind: z.string(), metadata: metadataSchema.prefault({}) }).loose();
const listSchema = z.object({ kind: z.string().endsWith("List"), items: z.array(z.unknown()) });
const recordSchema = z.record(z.string(), z.unknown());

/** One object of a cluster, or the values of a chart, which have no kind. */
export interface Manifest {
  /** For messages: `file:line`. */
  readonly place: string;
  /** Empty for values. */
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly annotations: ReadonlyMap<string, string>;
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * @param file its name, for messages
 * @throws MerlonError MERLON_INPUT with the line where it is no YAML
 */
export function manifestsOf(text: string, file: string): Manifest[] {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const documents = "empty" in parsed ? [] : parsed;
  const found: Manifest[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    const place = `${file}:${lines.linePos(error?.pos[0] ?? document.contents?.range?.[0] ?? 0).line}`;
    if (error !== undefined) {
      throw new MerlonError("MERLON_INPUT", `${place}: no valid YAML — ${firstLine(error.message)}; mend this line`);
    }
    open(plain(document, place), place, found);
  }
  return found;
}

function plain(document: { toJS(options: { maxAliasCount: number }): unknown }, place: string): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (cause) {
    throw new MerlonError("MERLON_INPUT", `${place}: cannot be read — its aliases are too many; write them out`, {
      cause,
    });
  }
}

function open(value: unknown, place: string, found: Manifest[]): void {
  const list = listSchema.safeParse(value);
  if (list.success) {
    for (const item of list.data.items) open(item, place, found);
    return;
  }
  const content = recordSchema.safeParse(value);
  if (!content.success) return;
  if (found.length >= OBJECTS_MAX) {
    const fix = "hand over one namespace at a time";
    throw new MerlonError("MERLON_INPUT", `${place}: there are more than ${OBJECTS_MAX} objects — ${fix}`);
  }
  const object = objectSchema.safeParse(value);
  const metadata = object.success ? object.data.metadata : undefined;
  found.push({
    place,
    kind: object.success ? object.data.kind : "",
    name: metadata?.name ?? "",
    namespace: metadata?.namespace ?? "",
    annotations: new Map(Object.entries(metadata?.annotations ?? {})),
    content: content.data,
  });
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").slice(0, 120);
}

/** @returns what lies at a path of names, undefined where nothing does */
export function valueAt(content: unknown, path: string): unknown {
  let at = content;
  for (const step of path.split(".")) {
    const record = recordSchema.safeParse(at);
    if (!record.success || !Object.hasOwn(record.data, step)) return undefined;
    at = record.data[step];
  }
  return at;
}

/** @returns every value of nested maps by its path; lists and empty maps are values */
export function leavesOf(content: unknown, path = ""): [path: string, value: unknown][] {
  const record = recordSchema.safeParse(content);
  const entries = record.success ? Object.entries(record.data) : [];
  if (entries.length === 0) return path === "" ? [] : [[path, content]];
  return entries.flatMap(([name, value]) => leavesOf(value, path === "" ? name : `${path}.${name}`));
}
