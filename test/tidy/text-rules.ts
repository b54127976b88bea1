/** Rules about files and their text: names, sizes, words, comments. */
import { basename, extname } from "node:path";
import {
  bodiesOf,
  codeLines,
  type Finding,
  findLines,
  isCode,
  isData,
  isGenerated,
  type Rule,
  type SourceFile,
} from "./source.ts";

const FILE_LINES_MAX = 600;
const FUNCTION_LINES_MAX = 70;
const LINE_CHARACTERS_MAX = 120;
const FILE_BYTES_MAX = 256 * 1024;

const EXTENSIONS = new Set([
  ".py",
  ...[
    ".bpf",
    ".c",
    ".css",
    ".csv",
    ".go",
    ".h",
    ".html",
    ".http",
    ".java",
    ".json",
    ".jsonl",
    ".log",
    ".md",
    ".mjs",
    ".mod",
  ],
  ...[".png", ".proto", ".sh", ".sql", ".sum", ".svg", ".tpl", ".ts", ".tsv", ".tsx", ".txt", ".yaml", ".yml"],
  ...[".dockerignore", ".gitignore", ".helmignore", ".npmrc"],
]);
/** Names that other tools prescribe. */
const PRESCRIBED = new Set([
  ...["ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "STYLE.md"],
  ...["Chart.yaml", "Dockerfile", "NOTES.txt", "_helpers.tpl"],
]);
const KEBAB = /^\.?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/;
const HOMELESS = "utils?|helpers?|common|misc|managers?";
/** Written so that this file does not name what it forbids. */
const REGISTRY = new RegExp(
  "npm_js|py_pi\\b|python_hosted|crates_\\.io|proxy_\\.golang|ruby_gems|repo1_\\.maven".replaceAll("_", ""),
  "i",
);
const LISTS = new RegExp(`\\b(?:${["black", "white"].map((colour) => `${colour}[- ]?list`).join("|")})`, "i");
const EXPORT =
  /^export (?:declare )?(?:abstract )?(?:async )?(function|const|let|class|interface|type|enum) (?!\{)(\w+)/;

function perFile(
  applies: (file: SourceFile) => boolean,
  find: (file: SourceFile) => Finding[],
): (files: readonly SourceFile[]) => Finding[] {
  return (files) => files.filter(applies).flatMap(find);
}

function whole(file: SourceFile, why: string): Finding[] {
  return [{ path: file.path, line: 0, why }];
}

function isOurProse(file: SourceFile): boolean {
  return !isGenerated(file) && !isData(file) && file.path !== "LICENSE";
}

/** A doc comment also covers values and types that follow without an empty line: a list and its type. */
function findUndocumented(file: SourceFile): Finding[] {
  return file.lines.flatMap((line, index) => {
    const [, kind = "", name = ""] = EXPORT.exec(line) ?? [];
    if (name === "") return [];
    let above = index - 1;
    while (/^@\w+/.test(file.lines[above] ?? "")) above--;
    const previous = file.lines[above] ?? "";
    const grouped = ["const", "let", "type"].includes(kind) && previous !== "" && !/^import\b/.test(previous);
    if (previous.endsWith("*/") || grouped) return [];
    return [{ path: file.path, line: index + 1, why: `export ${name} has no doc comment` }];
  });
}

function findUnopened(file: SourceFile): Finding[] {
  const first = file.lines[0]?.startsWith("#!") === true ? 1 : 0;
  const opening = file.lines[first] ?? "";
  const comment = isCode(file) ? /^\/\*\*/ : extname(file.path) === ".sql" ? /^--/ : /^(?:#|\/\/|\/\*)/;
  return comment.test(opening) ? [] : whole(file, "does not open with a comment that says what it is and why");
}

/** The lines of a file, in texts with those of fenced blocks emptied: a request there is as long as it is. */
function proseLines({ path, lines }: SourceFile): readonly string[] {
  if (!path.endsWith(".md")) return lines;
  let fenced = false;
  return lines.map((line) => {
    if (line.startsWith("```")) fenced = !fenced;
    return fenced ? "" : line;
  });
}

const LONG_LINE = "x".repeat(LINE_CHARACTERS_MAX + 1);
const LONG_FUNCTION = `function f() {\n${"  g();\n".repeat(FUNCTION_LINES_MAX)}}\n`;
const LONG_METHOD = `class A {\n  b(c: C): void {\n${"    g();\n".repeat(FUNCTION_LINES_MAX)}  }\n}\n`;

/** Every rule that looks at one file at a time. */
export const TEXT_RULES: readonly Rule[] = [
  {
    name: `hand-written code has at most ${FILE_LINES_MAX} lines a file`,
    find: perFile(
      (file) => /\.(ts|tsx|mjs|c|h|go|css|sql|sh)$/.test(file.path) && !isGenerated(file),
      (file) => (file.lines.length > FILE_LINES_MAX ? whole(file, `${file.lines.length} lines`) : []),
    ),
    broken: { "hosts/core/a.ts": "a();\n".repeat(FILE_LINES_MAX + 1) },
  },
  {
    name: `a function has at most ${FUNCTION_LINES_MAX} lines`,
    find: perFile(isCode, (file) =>
      bodiesOf(file).flatMap(({ begin, end }) => {
        const size = end - begin + 1;
        return size > FUNCTION_LINES_MAX ? [{ path: file.path, line: begin, why: `function of ${size} lines` }] : [];
      }),
    ),
    broken: { "hosts/core/a.ts": LONG_FUNCTION, "hosts/core/b.ts": LONG_METHOD },
  },
  {
    name: `a line has at most ${LINE_CHARACTERS_MAX} characters, tables, addresses and blocks in texts apart`,
    find: perFile(
      (file) => /\.(ts|tsx|mjs|c|h|go|css|sql|sh|md)$/.test(file.path) && isOurProse(file),
      (file) =>
        proseLines(file).flatMap((line, index) => {
          if ([...line].length <= LINE_CHARACTERS_MAX || /https?:\/\/|^\|/.test(line)) return [];
          return [{ path: file.path, line: index + 1, why: `${line.length} characters` }];
        }),
    ),
    broken: { "hosts/core/a.ts": LONG_LINE, "README.md": LONG_LINE },
  },
  {
    name: "names of files and folders are kebab-case",
    find: perFile(
      (file) =>
        (!PRESCRIBED.has(basename(file.path)) && !file.path.startsWith("docs/audits/")) ||
        file.path
          .split("/")
          .slice(0, -1)
          .some((s) => !KEBAB.test(s)),
      (file) => (file.path.split("/").every((segment) => KEBAB.test(segment)) ? [] : whole(file, "not kebab-case")),
    ),
    broken: { "hosts/core/blockPage.ts": "", "hosts/block_page/a.ts": "" },
  },
  {
    name: "a file is named after the thing inside",
    find: perFile(
      (file) => !PRESCRIBED.has(basename(file.path)),
      (file) =>
        new RegExp(`(?:^|[/.-])(?:${HOMELESS})(?:[/.-]|$)|(?:^|/)data\\.[a-z]+$`).test(file.path)
          ? whole(file, "a homeless name; say what the thing is")
          : [],
    ),
    broken: { "hosts/core/string-utils.ts": "", "hosts/common/a.ts": "", "hosts/core/data.ts": "" },
  },
  {
    name: "declared names say what the thing is",
    find: perFile(isCode, (file) => {
      const type = /\b(?:function|class|interface|type|enum) \w*(?:Utils?|Helpers?|Common|Misc|Manager)\b/;
      const value = /\b(?:function|const|let) (?:utils?|helpers?|common|misc)\b/i;
      return [type, value].flatMap((expression) => findLines(file, codeLines(file), expression, "a homeless name"));
    }),
    broken: { "hosts/core/a.ts": `const ${"helpers"} = 1;\n`, "hosts/core/b.ts": `class Policy${"Manager"} {}\n` },
  },
  {
    name: "access lists allow, deny or gray",
    find: perFile(isOurProse, (file) => findLines(file, file.lines, LISTS, "say allow list or deny list")),
    broken: { "README.md": `the ${"white"}list` },
  },
  {
    name: "no file names a package registry",
    find: perFile(
      () => true,
      (file) => findLines(file, file.lines, REGISTRY, "names a package registry"),
    ),
    broken: { "docs/a.md": `from ${"Py"}PI`, ".npmrc": `registry=https://registry.${"npm"}js.org/` },
  },
  {
    name: "code opens with a comment that says what it is and why",
    find: perFile(
      (file) =>
        /\.(ts|tsx|mjs|c|h|go|sql|sh)$/.test(file.path) || file.path === ".ci/run" || file.path === "Dockerfile",
      findUnopened,
    ),
    broken: { "hosts/core/a.ts": 'import { b } from "./b.ts";\n', ".ci/run": "#!/usr/bin/env bash\nset -eu\n" },
  },
  {
    name: "every export has a doc comment",
    find: perFile((file) => isCode(file) && !isGenerated(file) && !/\.test\.ts$/.test(file.path), findUndocumented),
    broken: { "hosts/core/a.ts": "/** What. */\n\nexport function b(): void {}\n" },
  },
  {
    name: "generated files name their generator and say so",
    find: perFile(
      (file) => file.path.endsWith(".gen.ts"),
      (file) =>
        /^\/\*\*[\s\S]*?GENERATED by [\w/.-]+\.ts\b/.test(file.text.slice(0, 1000))
          ? []
          : whole(file, "its header must say: GENERATED by <path of the generator>"),
    ),
    broken: { "assembly/tables/a.gen.ts": "/** A table. */\n" },
  },
  {
    name: "only known kinds of file",
    find: perFile(
      (file) => !PRESCRIBED.has(basename(file.path)) && file.path !== ".ci/run",
      (file) => {
        const name = basename(file.path);
        return EXTENSIONS.has(name.startsWith(".") && extname(name) === "" ? name : extname(name))
          ? []
          : whole(file, "unknown kind of file");
      },
    ),
    broken: { "docs/a.docx": "", "hosts/core/a.js": "" },
  },
  {
    name: `no file is larger than ${FILE_BYTES_MAX / 1024} KiB`,
    find: perFile(
      (file) => file.bytes > FILE_BYTES_MAX,
      (file) => whole(file, `${file.bytes} bytes`),
    ),
    broken: { "docs/a.png": "x".repeat(FILE_BYTES_MAX + 1) },
  },
  {
    name: "no test runs alone",
    find: perFile(isCode, (file) =>
      findLines(file, codeLines(file), /\b(?:test|it|describe|bench|suite)\.only\b/, "would leave out all others"),
    ),
    broken: { "test/a.test.ts": `test.${"only"}("b", () => {});\n` },
  },
  {
    name: "a TODO names its issue",
    find: perFile(isOurProse, (file) =>
      findLines(
        file,
        file.lines,
        /(?:\/\/|^\s*\/?\*+|#|<!--|--)\s*(?:TODO|FIXME)\b(?!\(#\d+\))/,
        "write it as TODO(#12)",
      ),
    ),
    broken: { "hosts/core/a.ts": `// ${"TO"}DO: later\n` },
  },
];
