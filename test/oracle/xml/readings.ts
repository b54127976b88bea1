/** What real parsers of XML read of documents: Python's expat, libxml2, Go's encoding/xml, Java's own. */
import { spawn } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { type Component, cacheFolder, outputOf } from "../../tools/component.ts";
import { pythonWithWasmtime } from "../../tools/wheels.ts";

/** What one parser read of one document. */
export interface Reading {
  /** Texts between two tags, and values of attributes. */
  readonly values: readonly string[];
  /** Addresses that it would have fetched. */
  readonly fetches: readonly string[];
}

/** A parser: its name, and how to start the program that reads documents with it. */
export interface Parser {
  readonly name: string;
  readonly find: () => Promise<Component<readonly string[]>>;
}

async function findPython(module: string, script: string): Promise<Component<readonly string[]>> {
  const wheels = await pythonWithWasmtime();
  if (!("found" in wheels)) return wheels;
  const python = ["env", `PYTHONPATH=${wheels.found.env.PYTHONPATH}`, wheels.found.command];
  const [file = "", ...args] = python;
  const found = await outputOf(file, [...args, "-c", `import ${module}`]);
  if (found === undefined) return { missing: `python3 has no ${module}` };
  return { found: [...python, join(import.meta.dirname, script)] };
}

async function findGo(): Promise<Component<readonly string[]>> {
  const program = join(await cacheFolder("oracle-xml"), "read-go");
  const built = await outputOf("go", ["build", "-o", program, join(import.meta.dirname, "read-go.go")]);
  return built === undefined ? { missing: "no Go compiler builds test/oracle/xml/read-go.go" } : { found: [program] };
}

async function findJava(): Promise<Component<readonly string[]>> {
  if ((await outputOf("java", ["-version"])) === undefined) return { missing: "there is no java" };
  /* A source file that Java runs must have its class's name only where it is compiled apart. */
  const source = join(await cacheFolder("oracle-xml"), "ReadJava.java");
  await copyFile(join(import.meta.dirname, "read-java.java"), source);
  return { found: ["java", source] };
}

/** All parsers. */
export const PARSERS: readonly Parser[] = [
  { name: "expat", find: () => findPython("xml.parsers.expat", "read-expat.py") },
  { name: "libxml2", find: () => findPython("lxml.etree", "read-libxml2.py") },
  { name: "Go", find: findGo },
  { name: "Java", find: findJava },
];

/** Lets a parser read documents. */
export async function readAll(command: readonly string[], documents: readonly Buffer[]): Promise<Reading[]> {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(documents.map((one) => `${one.toString("base64")}\n`).join(""));
  let text = "";
  for await (const chunk of child.stdout) text += String(chunk);
  const readings: Reading[] = [];
  let values: string[] = [];
  let fetches: string[] = [];
  for (const line of text.split("\n")) {
    const value = Buffer.from(line.slice(2), "base64").toString("latin1");
    if (line === ".") {
      readings.push({ values, fetches });
      values = [];
      fetches = [];
    } else if (line.startsWith("F")) fetches.push(value);
    else if (line !== "") values.push(value);
  }
  return readings;
}
