/** Real parsers as judges: Node in this process, Python, Go and Java each in one of their own that stays. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { type Component, cacheFolder, outputOf } from "../../tools/component.ts";
import type { Kind } from "./case.ts";
import { readNode } from "./read-node.ts";

/** Reads the values of a part of a request; UTF-8, one byte a character. */
export interface Reader {
  read(kind: Kind, type: string, body: Buffer): Promise<string[]>;
  close(): void;
}

/** A language's parsers, and how to get at them. */
export interface Language {
  readonly name: string;
  readonly open: () => Promise<Component<Reader>>;
}

/** A program that answers each line with a line. */
class Program implements Reader {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #waiting: ((line: string) => void)[] = [];

  constructor(command: readonly string[]) {
    const [file = "", ...args] = command;
    this.#child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface(this.#child.stdout);
    this.#lines.on("line", (line) => this.#waiting.shift()?.(line));
    this.#child.on("close", () => {
      for (const answer of this.#waiting.splice(0)) answer("");
    });
  }

  async read(kind: Kind, type: string, body: Buffer): Promise<string[]> {
    const set = /charset=([\w-]+)/i.exec(type)?.[1] ?? "";
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#child.stdin.write(`${JSON.stringify({ kind, set, body: body.toString("base64"), type })}\n`);
    const line = await answer;
    if (line === "") throw new Error("the parser's program ended");
    const { values }: { values: (string | null)[] } = JSON.parse(line);
    return values.map((value) => Buffer.from(value ?? "", "base64").toString("latin1"));
  }

  close(): void {
    this.#lines.close();
    this.#child.kill();
  }
}

async function openPython(): Promise<Component<Reader>> {
  if ((await outputOf("python3", ["--version"])) === undefined) return { missing: "there is no python3" };
  return { found: new Program(["python3", join(import.meta.dirname, "read-python.py")]) };
}

async function openGo(): Promise<Component<Reader>> {
  const program = join(await cacheFolder("adversary"), "read-go");
  const source = join(import.meta.dirname, "read-go.go");
  const built = await outputOf("go", ["build", "-o", program, source]);
  return built === undefined ? { missing: "no Go compiler builds read-go.go" } : { found: new Program([program]) };
}

async function openJava(): Promise<Component<Reader>> {
  if ((await outputOf("java", ["-version"])) === undefined) return { missing: "there is no java" };
  /* A source file that Java runs must have its class's name only where it is compiled apart. */
  const source = join(await cacheFolder("adversary"), "ReadJava.java");
  await copyFile(join(import.meta.dirname, "read-java.java"), source);
  return { found: new Program(["java", source]) };
}

const NODE: Reader = {
  read: async (kind, type, body) => {
    const values = await readNode(kind, type, body);
    return values.map((value) => Buffer.from(value, "utf8").toString("latin1"));
  },
  close: () => {},
};

/** All languages. */
export const LANGUAGES: readonly Language[] = [
  { name: "Node", open: async () => ({ found: NODE }) },
  { name: "Python", open: openPython },
  { name: "Go", open: openGo },
  { name: "Java", open: openJava },
];
