/** `merlon migrate`: annotations and values of other systems become policies; what cannot be carried over is told. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MerlonError } from "../core/error.ts";
import { ORIGINS } from "../policy/migrate/draft.ts";
import { manifestsOf } from "../policy/migrate/manifest.ts";
import { migrate } from "../policy/migrate/migration.ts";
import { parsePolicy } from "../policy/policy-text.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { count, showWord } from "./text.ts";

const BYTES_MAX = 64 * 1024 * 1024;

/** The command. */
export const migrateCommand: Command = {
  name: "migrate",
  summary: "turn annotations and values of Wallarm or ingress-nginx into policies",
  usage: "<wallarm|ingress-nginx> <file | ->… [flags]",
  least: 2,
  most: 512,
  options: {
    out: {
      type: "string",
      value: "<folder>",
      about: "write a file for each policy there; standard output if not given",
    },
    "allow-partial": { type: "boolean", about: "exit code 0 also where something was left out" },
  },
  details: [
    "Files are manifests as kubectl get -o yaml prints them, or the values of a chart. All Ingresses make one policy",
    "with a scope for each host and path, every workload with a sidecar makes one of its own. What has no counterpart",
    "is told on stderr with its place, why, and the nearest thing. Nothing is asked of a cluster, and nothing is",
    "changed there. Exit code 0: everything was carried over; 1: something was not.",
  ].join("\n"),
  examples: [
    "merlon migrate ingress-nginx ingresses.yaml --out policies",
    "merlon migrate wallarm deployment.yaml values.yaml --out policies",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [written = "", ...files] = input.positionals;
  const origin = ORIGINS.find((known) => known === written);
  if (origin === undefined) {
    throw usage(`"${showWord(written)}" is nothing that migrate reads`, `it takes ${ORIGINS.join(", ")}`, "write one");
  }
  const manifests = [];
  for (const file of files) manifests.push(...manifestsOf(await textOf(file, io), file === "-" ? "stdin" : file));
  const { policies, left, settings } = await migrate(manifests, origin);
  for (const line of left) io.stderr.write(`${line.replace(/[\p{C}\u2028\u2029]/gu, "?").slice(0, 400)}\n`);
  // What is written has to be what every host takes.
  for (const { text, name } of policies) parsePolicy(text, name);
  const out = input.text("out");
  if (out === undefined) io.stdout.write(policies.map(({ text }) => text).join("---\n"));
  else await save(out, policies);
  const carried = `${count(policies.length)} policies, ${count(settings)} settings carried over`;
  io.stderr.write(`${carried}, ${count(left.length)} told above\n`);
  return left.length === 0 || input.flag("allow-partial") ? 0 : 1;
}

async function textOf(file: string, io: Io): Promise<string> {
  const content = file === "-" ? await readAll(io) : await read(file);
  if (content.length <= BYTES_MAX) return content.toString("utf8");
  throw new MerlonError(
    "MERLON_INPUT",
    `${showWord(file)} is too large — it takes 64 MiB; hand over one namespace at a time`,
  );
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new MerlonError("MERLON_INPUT", `${showWord(file)} cannot be read — check the path`, { cause });
  }
}

async function readAll({ stdin }: Io): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stdin) {
    const bytes = Buffer.from(part);
    parts.push(bytes);
    size += bytes.length;
    if (size > BYTES_MAX) break;
  }
  return Buffer.concat(parts);
}

async function save(
  folder: string,
  policies: readonly { readonly name: string; readonly text: string }[],
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const { name, text } of policies) await writeFile(join(folder, `${name}.yaml`), text);
  } catch (cause) {
    throw new MerlonError("MERLON_INPUT", `${showWord(folder)} cannot be written — check the path`, { cause });
  }
}
