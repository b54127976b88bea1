/**
 * An OpenTelemetry Collector for tests: the project's own modules with the OTLP receiver and the exporter that prints,
 * as its builder would put them together (test/tools/collector/main.go). Built once, which takes minutes, with Go.
 */
import { createHash } from "node:crypto";
import { access, cp, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { type Component, cacheFolder, install } from "./component.ts";

const SOURCES = join(import.meta.dirname, "collector");
const FILES = ["main.go", "go.mod", "go.sum"];

let building: Promise<Component<string>> | undefined;

/** @returns path of the program */
export async function collectorProgram(): Promise<Component<string>> {
  building ??= build();
  return await building;
}

async function build(): Promise<Component<string>> {
  const hash = createHash("sha256");
  for (const name of FILES) hash.update(await readFile(join(SOURCES, name)));
  const folder = await cacheFolder("collector", hash.digest("hex").slice(0, 16));
  const program = join(folder, "collector");
  const isThere = await access(program).then(
    () => true,
    () => false,
  );
  if (isThere) return { found: program };
  process.stderr.write("merlon: building an OpenTelemetry Collector for tests (once) …\n");
  await cp(SOURCES, folder, { recursive: true });
  const passing = `${program}.${process.pid}`;
  const env = { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" };
  const outcome = await install("go", ["build", "-C", folder, "-o", passing, "."], env);
  if ("missing" in outcome) return outcome;
  await rename(passing, program);
  return { found: program };
}
