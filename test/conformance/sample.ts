/**
 * A sample of the labelled request sets, the same every time: from each set that is there requests at even distances.
 * The sets are no part of the repository.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { Component } from "../tools/component.ts";
import { corpus } from "../tools/corpus.ts";

const SETS = [
  ...["blazehttp", "blns", "crs_ftw", "gotestwaf", "grananqvist", "httpparams", "libinjection", "modsec_learn"],
  ...["oas_legit", "oas_mal", "owasp_bench_crawl", "payload_lists", "prose", "prose_code", "vulnbank"],
];
const PER_SET = 400;
const rowSchema = z.object({ id: z.union([z.string(), z.number()]), raw_b64: z.string() });

/** A request of a set. */
export interface Sample {
  /** `blazehttp/123`. */
  readonly name: string;
  readonly raw: Buffer;
}

/** Reads the sample, or says which sets are missing when none is there. @param perSet requests of one set at most */
export function readSample(perSet: number = PER_SET): Component<readonly Sample[]> {
  const samples = SETS.flatMap((set) => {
    const path = corpus(set);
    return path === undefined ? [] : sampleOf(set, path, perSet);
  });
  if (samples.length > 0) return { found: samples };
  return { missing: "no request set lies beside the repository; MERLON_CORPORA names another folder" };
}

function sampleOf(set: string, path: string, perSet: number): Sample[] {
  const lines = gunzipSync(readFileSync(path)).toString("latin1").trimEnd().split("\n");
  const count = Math.min(perSet, lines.length);
  return Array.from({ length: count }, (_, index) => {
    const row = rowSchema.parse(JSON.parse(lines[Math.floor((index * lines.length) / count)] ?? ""));
    return { name: `${set}/${row.id}`, raw: Buffer.from(row.raw_b64, "base64") };
  });
}
