/** The text of a specification: in the policy itself or in a file beside it, with errors that name its line. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { type Path, SpecFault } from "./references.ts";
import { type ApiSpec, apiSpecOf, type apiSpecSchema } from "./specification.ts";

/** Gives the text of a file by the name that a policy has for it. @throws MerlonError where it cannot */
export type SpecFileReader = (path: string) => string;

const ALIASES_MAX = 256;

/**
 * @param placeInPolicy names the place of a path of the WafApiSpec's `spec`
 * @throws MerlonError MERLON_POLICY with the line of what is wrong
 */
export function readApiSpec(
  name: string,
  spec: z.output<typeof apiSpecSchema>,
  placeInPolicy: (path: Path) => string,
  readFile: SpecFileReader | undefined,
): ApiSpec {
  const { file } = spec;
  if (file === undefined) return placed(name, spec, spec.openapi, (path) => placeInPolicy(["openapi", ...path]));
  if (readFile === undefined) {
    const why = "this text has no folder that it could lie in";
    throw new MerlonError(
      "MERLON_POLICY",
      `${placeInPolicy(["file"])}: file has no meaning — ${why}; write the document under openapi`,
    );
  }
  const text = readFile(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): string => `${file}:${lines.linePos(offset).line}`;
  const [error] = document.errors;
  if (error !== undefined) {
    const what = error.message
      .split("\n")[0]
      ?.slice(0, 100)
      .replace(/[^ -~]/g, "?");
    throw new MerlonError("MERLON_POLICY", `${placeAt(error.pos[0])}: no valid YAML or JSON — ${what}; mend this line`);
  }
  let root: unknown;
  try {
    root = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (cause) {
    throw new MerlonError("MERLON_POLICY", `${file} cannot be read — its aliases are too many; write them out`, {
      cause,
    });
  }
  return placed(name, spec, root, (path) => placeAt(offsetOf(document, path)));
}

function placed(
  name: string,
  spec: z.output<typeof apiSpecSchema>,
  root: unknown,
  placeOf: (path: Path) => string,
): ApiSpec {
  try {
    return apiSpecOf(name, spec, root, placeOf);
  } catch (error) {
    if (!(error instanceof SpecFault)) throw error;
    const where = error.path.length === 0 ? "the document" : `"${shown(error.path)}"`;
    throw new MerlonError("MERLON_POLICY", `${placeOf(error.path)}: ${where} ${error.message}`, { cause: error });
  }
}

function shown(path: Path): string {
  const text = path.join(".").replace(/[^ -~]/g, "?");
  return text.length > 120 ? `…${text.slice(-120)}` : text;
}

/** @returns offset of what lies at a path, or of the closest thing around it that is there */
function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
      if (pair === undefined) break;
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = (isMap(node) || isScalar(node) || isSeq(node) ? node.range?.[0] : undefined) ?? offset;
    } else break;
  }
  return offset;
}
