/**
 * A validator of OpenAPI documents that is not ours, as the wheels that `requirements.txt` names, in a folder of
 * `.cache` named after that file's content. Needs Python 3 with pip, no rights and nothing on the system.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import type { Component } from "../../tools/component.ts";
import { installWheels } from "../../tools/wheels.ts";

const PYTHON = "python3";
const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");
const FAULT_CHARS = 2000;
const answersSchema = z.array(z.string());
/** Prints what is wrong with each document. Only version 3.1 is taken, whatever a document says. */
const PROGRAM = `
import json, sys
from openapi_spec_validator import OpenAPIV31SpecValidator
def faults(document):
    return [f"{list(error.absolute_path)} {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors()]
json.dump(["; ".join(faults(document)) for document in json.load(sys.stdin)], sys.stdout)
`;

/** @returns what is wrong with each document; empty where it is valid OpenAPI 3.1 */
export type Validator = (documents: readonly unknown[]) => Promise<readonly string[]>;

/** The validator, or the reason why it cannot be had here. */
export async function openApiValidator(): Promise<Component<Validator>> {
  const folder = await installWheels(REQUIREMENTS);
  if (!("found" in folder)) return folder;
  return { found: (documents) => run(folder.found, PROGRAM, documents) };
}

/** Says of each value whether it is as its schema says; references lead to `#/components/schemas/root`, the schema. */
const JUDGE = `
import json, sys
from jsonschema import Draft202012Validator, FormatChecker
def fits(schema, value):
    document = {"$ref": "#/components/schemas/root", "components": {"schemas": {"root": schema}}}
    return Draft202012Validator(document, format_checker=FormatChecker()).is_valid(value)
json.dump(["yes" if fits(schema, value) else "no" for schema, value in json.load(sys.stdin)], sys.stdout)
`;

/** @returns whether each value is as its schema says */
export type Judge = (pairs: readonly (readonly [schema: unknown, value: unknown])[]) => Promise<readonly boolean[]>;

/** A judge of values by JSON Schema, or the reason why it cannot be had here. */
export async function schemaJudge(): Promise<Component<Judge>> {
  const folder = await installWheels(REQUIREMENTS);
  if (!("found" in folder)) return folder;
  return { found: async (pairs) => (await run(folder.found, JUDGE, pairs)).map((answer) => answer === "yes") };
}

async function run(folder: string, program: string, input: readonly unknown[]): Promise<readonly string[]> {
  const env = { PATH: process.env["PATH"] ?? "", PYTHONPATH: folder };
  const child = spawn(PYTHON, ["-S", "-W", "ignore", "-c", program], { env, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(JSON.stringify(input));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  let answer = "";
  let fault = "";
  for await (const part of child.stdout) answer += String(part);
  for await (const part of child.stderr) fault += String(part);
  const code = await ended;
  if (code !== 0) throw new Error(`the validator ended with ${code}: ${fault.slice(-FAULT_CHARS)}`);
  return answersSchema.parse(JSON.parse(answer));
}
