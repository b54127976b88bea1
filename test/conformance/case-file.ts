/**
 * Conformance cases: Markdown in which each second-level heading is a fact, followed by why it holds with its source
 * and by fenced blocks.
 *
 *     http     the request. Lines end in CRLF but for the last; one that ends with `\` goes on without a line end. A
 *              block without an empty line is a head and gets its end. Escapes: \r \n \t \0 \\ \xHH, and \{N:text} for
 *              N times the text, which holds no closing brace but may hold escapes.
 *     line     what `tx_line` answers; written by `node test/conformance/main.ts --update`
 *     notes    `limits:` and `anomalies:` with their names, where there are any; written in the same way
 *
 * Comments say where a case does not go: `<!-- raw only: why -->` to no host with a parser of its own, and
 * `<!-- envoy: why -->` not to Envoy.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "cases");

/** One fact and the request that shows it. */
export interface Case {
  /** `json: A leaf is a point under its keys`. */
  readonly name: string;
  readonly raw: Buffer;
  readonly line: string;
  readonly notes: string;
  /** Why no host with a parser of its own takes it; undefined where all do. */
  readonly rawOnly: string | undefined;
  /** Why Envoy does not take it. */
  readonly notEnvoy: string | undefined;
}

/** What a case's request gave. */
export interface Answer {
  readonly line: string;
  readonly notes: string;
}

/** Reads all cases, by file and then in order. @throws where a file is not what this format says */
export function readCases(): Case[] {
  return files().flatMap((file) => sectionsOf(file, readText(file)).map((section) => parseCase(section)));
}

/** Writes answers into the case files. @param answerOf what a case gives now @returns names of the cases changed */
export function updateCases(answerOf: (one: Case) => Answer): string[] {
  const changed: string[] = [];
  for (const file of files()) {
    let text = readText(file);
    for (const section of sectionsOf(file, text)) {
      const one = parseCase(section);
      const { line, notes } = answerOf(one);
      if (line === one.line && notes === one.notes) continue;
      changed.push(one.name);
      text = text.replace(section.text, () => withAnswer(section.text, line, notes));
    }
    writeFileSync(join(FOLDER, file), text);
  }
  return changed;
}

interface Section {
  readonly file: string;
  readonly title: string;
  /** From the heading up to the next one. */
  readonly text: string;
}

function files(): string[] {
  return readdirSync(FOLDER).filter((file) => file.endsWith(".md"));
}

function readText(file: string): string {
  return readFileSync(join(FOLDER, file), "utf8");
}

function sectionsOf(file: string, text: string): Section[] {
  return text
    .split(/^(?=## )/m)
    .slice(1)
    .map((section) => ({ file, title: section.slice(3, section.indexOf("\n")), text: section }));
}

function parseCase({ file, title, text }: Section): Case {
  const name = `${file.slice(0, -3)}: ${title}`;
  const http = blockOf(text, "http");
  if (http === undefined || blockOf(text, "line") === undefined) throw new Error(`${name}: needs blocks http and line`);
  return {
    name,
    raw: readRequest(http),
    line: blockOf(text, "line") ?? "",
    notes: blockOf(text, "notes") ?? "",
    rawOnly: commentOf(text, "raw only"),
    notEnvoy: commentOf(text, "envoy"),
  };
}

function blockOf(text: string, kind: string): string | undefined {
  return new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)\\n?^\`\`\`$`, "m").exec(text)?.[1];
}

function commentOf(text: string, kind: string): string | undefined {
  return new RegExp(`^<!-- ${kind}: (.+) -->$`, "m").exec(text)?.[1];
}

function withAnswer(text: string, line: string, notes: string): string {
  const withLine = text.replace(/^```line\n[\s\S]*?^```$/m, () => `\`\`\`line\n${line}\n\`\`\``);
  const bare = withLine.replace(/\n```notes\n[\s\S]*?\n```\n/, "");
  if (notes === "") return bare;
  return bare.replace(/^```line\n.*\n```\n/m, (block) => `${block}\n\`\`\`notes\n${notes}\n\`\`\`\n`);
}

/** @returns the request's bytes */
function readRequest(block: string): Buffer {
  const joined = block.replace(/(?<!\\)((?:\\\\)*)\\\n/g, "$1").replaceAll("\n", "\r\n");
  const bytes = Buffer.from(undoEscapes(joined), "latin1");
  const isHead = bytes.indexOf("\r\n\r\n") < 0 && bytes.indexOf("\n\n") < 0;
  return isHead ? Buffer.concat([bytes, Buffer.from("\r\n\r\n")]) : bytes;
}

const LETTERS: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", "0": "\0", "\\": "\\" };

function undoEscapes(text: string): string {
  return text.replace(
    /\\(?:\{(\d+):([^}]*)\}|x([0-9a-f]{2})|(.))/g,
    (all, count?: string, repeated?: string, hex?: string, letter?: string) => {
      if (count !== undefined) return undoEscapes(repeated ?? "").repeat(Number(count));
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      const plain = LETTERS[letter ?? ""];
      if (plain === undefined) throw new Error(`${all} is no escape of a case`);
      return plain;
    },
  );
}
