/** What Node reads of parts of requests: its own parsers, and a lenient one of documents that Merlon brings. */
import { parse as parseQuery } from "node:querystring";
import { parse as parseYaml } from "yaml";
import type { Kind } from "./case.ts";

/** Texts of the document and its keys. */
function leavesOf(document: unknown): string[] {
  if (typeof document === "string") return [document];
  if (typeof document !== "object" || document === null) return [];
  return Object.entries(document).flatMap(([key, value]) => [key, ...leavesOf(value)]);
}

async function readForm(type: string, body: Buffer): Promise<string[]> {
  const headers = { "content-type": type };
  const form = await new Response(Uint8Array.from(body), { headers }).formData();
  const values: string[] = [];
  for (const [name, value] of form) {
    values.push(name, ...(typeof value === "string" ? [value] : [value.name, await value.text()]));
  }
  return values;
}

function readPairs(text: string): string[] {
  const params = [...new URLSearchParams(text)].flat();
  const own = Object.entries(parseQuery(text)).flatMap(([name, value]) => [name, ...[value ?? []].flat()]);
  return [...params, ...own];
}

/** What one way of reading gives, nothing where it refuses. */
async function attempt(read: () => string[] | Promise<string[]>): Promise<string[]> {
  try {
    return await read();
  } catch {
    return [];
  }
}

/** Reads a part of a request in every way that Node offers. */
export async function readNode(kind: Kind, type: string, body: Buffer): Promise<string[]> {
  switch (kind) {
    case "multipart":
      return attempt(() => readForm(type, body));
    case "form":
      return [...(await attempt(() => readForm(type, body))), ...readPairs(body.toString("utf8"))];
    case "query":
      return [
        ...readPairs(body.toString("utf8")),
        ...new URL(`http://a/?${body.toString("utf8")}`).searchParams.values(),
      ];
    case "json":
      return [
        ...(await attempt(() => leavesOf(JSON.parse(body.toString("utf8"))))),
        ...(await attempt(async () => leavesOf(await new Response(Uint8Array.from(body)).json()))),
        ...(await attempt(() => leavesOf(parseYaml(body.toString("utf8"), { uniqueKeys: false })))),
      ];
    default:
      return [];
  }
}
