/**
 * The repository as the style rules see it: every file that is or may be committed, with its text, and the few facts
 * about code that a line-by-line reading gives. The formatter makes the layout regular, so no parser is needed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

/** Folders that are never committed. */
const IGNORED = new Set([".git", "node_modules", "build", ".cache"]);
const CODE = new Set([".ts", ".tsx", ".mjs"]);
const IMPORT = /(?:^(?:import|export)\b[^"'();]*?\bfrom|^import|\bimport\()\s*"([^"]+)"/gm;

/** One file with its path from the root, always with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
  /** Empty for files with a NUL byte, which are no text. */
  readonly text: string;
  readonly lines: readonly string[];
}

/** One thing that a rule objects to. */
export interface Finding {
  readonly path: string;
  /** Counted from 1; 0 where the file as a whole is meant. */
  readonly line: number;
  readonly why: string;
}

/** A rule of STYLE.md together with a small tree that breaks it, which shows that the rule can fail. */
export interface Rule {
  readonly name: string;
  readonly find: (files: readonly SourceFile[]) => Finding[];
  readonly broken: Readonly<Record<string, string>>;
  /** Files, or folders with a last `/`, that may break the rule, with the reason. What no longer does is struck off. */
  readonly except?: Readonly<Record<string, string>>;
}

/** True where an exception's path, a file's or a folder's, covers the file. */
export function isExcepted(exception: string, path: string): boolean {
  return exception === path || (exception.endsWith("/") && path.startsWith(exception));
}

/** Reads all files below `root`, in a fixed order. */
export function readTree(root: string, folder = ""): SourceFile[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return IGNORED.has(entry.name) ? [] : readTree(root, path);
    /* In a linked worktree `.git` is a file. */
    return entry.isFile() && !IGNORED.has(entry.name) ? [toSourceFile(path, readFileSync(join(root, path)))] : [];
  });
}

/** Makes a file of the tree from its bytes. */
export function toSourceFile(path: string, content: Buffer): SourceFile {
  const text = content.includes(0) ? "" : content.toString("utf8");
  return { path, bytes: content.length, text, lines: text.replace(/\n$/, "").split("\n") };
}

/** True for TypeScript, AssemblyScript and JavaScript. */
export function isCode({ path }: SourceFile): boolean {
  return CODE.has(extname(path));
}

/** True for files that a program wrote and that are committed all the same. */
export function isGenerated({ path }: SourceFile): boolean {
  return path.endsWith(".gen.ts") || path === "package-lock.json" || path.endsWith("/package-lock.json");
}

/** True for data whose text is not our prose: attack samples, word lists, expected outputs. */
export function isData({ path }: SourceFile): boolean {
  return /(^|\/)(data|golden|source|regressions)\//.test(path) || /\.(tsv|jsonl|sum)$/.test(path);
}

/** The lines of code, with those that are only comment emptied, so that line numbers stay. */
export function codeLines({ lines }: SourceFile): string[] {
  return lines.map((line) => (/^\s*(\/\/|\/\*|\*)/.test(line) ? "" : line));
}

/** What a file imports, as written. */
export function importsOf(file: SourceFile): string[] {
  return [...codeLines(file).join("\n").matchAll(IMPORT)].map(([, name = ""]) => name);
}

/** @returns path from the root of a relative import; AssemblyScript leaves out the suffix */
export function resolveImport(from: string, name: string): string {
  const segments = from.split("/").slice(0, -1);
  for (const segment of name.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== ".") segments.push(segment);
  }
  const path = segments.join("/");
  return /\.(?:[mc]?js|json|tsx?)$/.test(path) ? path : `${path}.ts`;
}

/** A function or method with a body, by the lines where it begins and ends, counted from 1. */
export interface Body {
  readonly begin: number;
  readonly end: number;
}

const FUNCTION = /^(\s*)(?:export )?(?:async )?function\b/;
const ARROW = /^(\s*)(?:export )?const \w+.* = (?:async )?(?:\(.*=> \{|\()$/;
const METHOD = /^( {2})(?!if\b|for\b|while\b|switch\b|catch\b)(?:[a-z]+ )*#?\w+(?:<[^>]*>)?\(.*\)(?:: .+)?(?<!=>) \{$/;

/** Finds functions by their opening line and the first line after it that closes at the same depth. */
export function bodiesOf(file: SourceFile): Body[] {
  const lines = codeLines(file);
  return lines.flatMap((line, index) => {
    const opening = FUNCTION.exec(line) ?? ARROW.exec(line) ?? METHOD.exec(line);
    const indent = opening?.[1];
    if (indent === undefined) return [];
    const length = lines.slice(index).findIndex((later) => later === `${indent}}` || later === `${indent}};`);
    return length < 0 ? [] : [{ begin: index + 1, end: index + length + 1 }];
  });
}

/** Reports each line on which the expression matches. */
export function findLines(file: SourceFile, lines: readonly string[], expression: RegExp, why: string): Finding[] {
  return lines.flatMap((line, index) => (expression.test(line) ? [{ path: file.path, line: index + 1, why }] : []));
}
