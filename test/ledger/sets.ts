/**
 * The request sets that the ledger keeps books of: the open ones, which lie beside the repository where they exist, and
 * our own harmless requests, which are made here and are always there.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type LabelledRequest, readLabelledFile } from "../../hosts/cli/evaluation/labelled-file.ts";
import { ROOT } from "../tools/component.ts";
import { corpus } from "../tools/corpus.ts";

/** Sets of labelled requests by others. */
export const OPEN_SETS: readonly string[] = [
  ...["blazehttp", "blns", "crs_ftw", "gotestwaf", "grananqvist", "httpparams", "libinjection", "modsec_learn"],
  ...["oas_legit", "oas_mal", "owasp_bench_crawl", "payload_lists", "prose", "prose_code", "vulnbank"],
];

/** Sets whose hosts are sites. In the others one made-up host carries every row, which would count as one site. */
export const SETS_OF_SITES: ReadonlySet<string> = new Set(["blazehttp", "oas_legit"]);

/** Rows of sets that, read by people, hold no attack: identifiers and the reasons. */
export type Audit = ReadonlyMap<string, string>;

const AUDITS = join(ROOT, "docs", "audits");

/** Says which sets are there and which are not. */
export function findSets(names: readonly string[]): { readonly present: string[]; readonly absent: string[] } {
  return {
    present: names.filter((name) => corpus(name) !== undefined),
    absent: names.filter((name) => corpus(name) === undefined),
  };
}

/** Reads one set; nothing where it is not. */
export async function* readSet(name: string): AsyncGenerator<LabelledRequest> {
  const path = corpus(name);
  if (path !== undefined) yield* readLabelledFile(path);
}

/** The reason of rows that are labelled harmless and are not: they are listed for people, and count as labelled. */
const MISLABELLED = "attack";

/** Reads all lists of rows without an attack: `docs/audits/*.tsv` with the columns `id` and `reason`. */
export function readAudits(folder = AUDITS): Audit {
  return new Map(
    tsvFiles(folder).flatMap((path) => {
      const rows = readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("#"));
      const [header = "", ...lines] = rows;
      const titles = header.split("\t");
      const [id, reason] = [titles.indexOf("id"), titles.indexOf("reason")];
      if (id < 0 || reason < 0) throw new Error(`${path}: the first line must name the columns id and reason`);
      return lines
        .map((line) => line.split("\t"))
        .map((cells) => [cells[id] ?? "", cells[reason] ?? ""] as const)
        .filter(([, why]) => why !== MISLABELLED);
    }),
  );
}

function tsvFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".tsv"));
    return names.sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}
