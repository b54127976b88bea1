/** Rules about the shape of the whole: who may import whom, what is tested, what is reached by any program. */
import {
  codeLines,
  type Finding,
  findLines,
  importsOf,
  isCode,
  type Rule,
  resolveImport,
  type SourceFile,
} from "./source.ts";

/** The core's folders in the order in which a request passes them; each may import itself and what is left of it. */
const CORE_LAYERS = ["bytes", "decode", "detect", "policy", "report", "abi"];
/** Anyone in the core may import these: they import nothing but each other. */
const CORE_LEAVES = /^assembly\/(?:abi\/(?:limits|status)\.ts|tables\/)/;
const CORE_SCRIPT = "assembly/tables/generate.ts";
const ENGINE = "hosts/core/engine.ts";
/** What hosts share, each built on those before it. */
const SHARED_HOSTS = ["hosts/core", "hosts/policy", "hosts/records"];
/** Where a program, a compilation or a test starts. */
const ROOTS = [
  /^assembly\/(?:index|checked\/checker|tables\/generate)\.ts$/,
  /^hosts\/build\.ts$|\/main\.tsx?$/,
  /^test\/assembly\/entry\.ts$|\.test\.ts$/,
];
/** Modules made of declarations alone have nothing that a test could run. */
const RUNS = /\bfunction\b|=>|\)(?:: [^{;=]+)? \{$/;

/** @returns the folder of the core that a file belongs to: `decode`; `index` for what lies above the folders */
function coreLayer(path: string): number {
  const layer = CORE_LAYERS.indexOf(path.split("/")[1] ?? "");
  return layer < 0 ? CORE_LAYERS.length : layer;
}

/** @returns the host that a file belongs to: `hosts/controller`, `hosts/dataplane/sidecar` */
function hostOf(path: string): string {
  return path
    .split("/")
    .slice(0, path.startsWith("hosts/dataplane/") ? 3 : 2)
    .join("/");
}

function isAssemblyScript(path: string): boolean {
  return (path.startsWith("assembly/") && path !== CORE_SCRIPT) || path.startsWith("hosts/dataplane/envoy/");
}

function mayImport(from: string, to: string): boolean {
  if (from.startsWith("test/") || from.startsWith("fuzz/")) return true;
  if (to.startsWith("test/") || to.startsWith("fuzz/")) return false;
  if (from.startsWith("assembly/")) {
    if (from === "assembly/index.ts") return to.startsWith("assembly/") || to.startsWith("hosts/dataplane/envoy/");
    if (!to.startsWith("assembly/")) return false;
    if (CORE_LEAVES.test(to)) return true;
    return !CORE_LEAVES.test(from) && coreLayer(to) <= coreLayer(from);
  }
  if (from.startsWith("hosts/dataplane/envoy/"))
    return to.startsWith("hosts/dataplane/envoy/") || to.startsWith("assembly/");
  if (!from.startsWith("hosts/")) return true;
  if (to.startsWith("build/")) return from === ENGINE;
  // Where the version stands.
  if (to === "package.json") return true;
  const [host, other] = [hostOf(from), hostOf(to)];
  if (host === other) return true;
  // The build bundles what programs serve.
  if (host === "hosts/cli" || host === "hosts/demo" || from === "hosts/build.ts") return to.startsWith("hosts/");
  if (host === "hosts/web")
    return other === "hosts/core" || other === "hosts/policy" || other === "hosts/postanalytics";
  // Each shared host may import what is left of it; programs may import all of them.
  const shared = SHARED_HOSTS.indexOf(host);
  const left = shared < 0 ? SHARED_HOSTS : SHARED_HOSTS.slice(0, shared);
  return left.includes(other);
}

function relativeImports(file: SourceFile): string[] {
  return importsOf(file).flatMap((name) => (name.startsWith(".") ? [resolveImport(file.path, name)] : []));
}

function findLayering(files: readonly SourceFile[]): Finding[] {
  return files.filter(isCode).flatMap((file) =>
    relativeImports(file).flatMap((to) => {
      return mayImport(file.path, to) ? [] : [{ path: file.path, line: 0, why: `must not import ${to}` }];
    }),
  );
}

/** @returns the package of an import: `@scope/name` or `name`, without what follows */
function packageOf(name: string): string {
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function readManifest(files: readonly SourceFile[]): Manifest {
  return JSON.parse(files.find(({ path }) => path === "package.json")?.text ?? "{}");
}

function findUndeclared(files: readonly SourceFile[]): Finding[] {
  const { dependencies = {}, devDependencies = {} } = readManifest(files);
  return files.filter(isCode).flatMap((file) => {
    // What is bundled or only builds is not installed where Merlon runs.
    const runs = file.path.startsWith("hosts/") && !/^hosts\/(?:build\.ts|demo\/|web\/)/.test(file.path);
    return importsOf(file).flatMap((name) => {
      if (name.startsWith(".") || name.startsWith("node:")) return [];
      const known =
        Object.hasOwn(dependencies, packageOf(name)) || (!runs && Object.hasOwn(devDependencies, packageOf(name)));
      return known ? [] : [{ path: file.path, line: 0, why: `${name} is not among its dependencies` }];
    });
  });
}

function findInexact(files: readonly SourceFile[]): Finding[] {
  const { dependencies = {}, devDependencies = {}, optionalDependencies = {} } = readManifest(files);
  const architecture = files.find(({ path }) => path === "ARCHITECTURE.md");
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).flatMap(([name, version]) => {
    const exact = /^\d+\.\d+\.\d+$/.test(version) ? [] : [`${name} has no exact version`];
    const argued = architecture === undefined || architecture.text.includes(name) ? [] : [`${name} has no line there`];
    return [
      ...exact.map((why) => ({ path: "package.json", line: 0, why })),
      ...argued.map((why) => ({ path: "ARCHITECTURE.md", line: 0, why })),
    ];
  });
}

function findUntested(files: readonly SourceFile[]): Finding[] {
  const paths = new Set(files.map(({ path }) => path));
  return files.flatMap((file) => {
    const { path } = file;
    if (!isCode(file) || !/^(?:hosts|assembly)\//.test(path)) return [];
    if (/\/(?:index|env|main)\.tsx?$|^assembly\/tables\//.test(path)) return [];
    if (!codeLines(file).some((line) => RUNS.test(line))) return [];
    const mirror = `test/${path.replace(/\.tsx?$/, ".test.ts")}`;
    return paths.has(mirror) ? [] : [{ path, line: 0, why: `has no ${mirror}` }];
  });
}

function findOrphans(files: readonly SourceFile[]): Finding[] {
  const paths = new Set(files.map(({ path }) => path));
  return files.flatMap(({ path }) => {
    const module = /^test\/((?:hosts|assembly)\/.*)\.test\.ts$/.exec(path)?.[1];
    if (module === undefined || paths.has(`${module}.ts`) || paths.has(`${module}.tsx`)) return [];
    return [{ path, line: 0, why: "mirrors no module" }];
  });
}

function findUnreached(files: readonly SourceFile[]): Finding[] {
  const byPath = new Map(files.filter(isCode).map((file) => [file.path, file]));
  const reached = new Set<string>();
  const open = [...byPath.keys()].filter(
    (path) => ROOTS.some((root) => root.test(path)) && !/^test\/(?:hosts|assembly)\/.*\.test\./.test(path),
  );
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const file = byPath.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    open.push(...relativeImports(file));
  }
  return [...byPath.keys()]
    .filter((path) => /^(?:hosts|assembly)\/.*(?<!\.d)\.tsx?$/.test(path) && !reached.has(path))
    .map((path) => ({ path, line: 0, why: "no program imports it; its own test does not count" }));
}

interface Locked {
  readonly integrity?: string;
  readonly os?: string | readonly string[];
  readonly libc?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Where the containers and CI run: there, nothing is installed without a hash. */
function runsOnOurLinux({ os = "linux", libc = ["glibc"] }: Locked): boolean {
  return [os].flat().includes("linux") && libc.includes("glibc");
}

/**
 * `npm ci` refuses a lockfile that lacks a package of another system, and `npm install` drops it where the registry at
 * hand has none; such entries were added by hand and are missed here first.
 */
function findUnlocked(files: readonly SourceFile[]): Finding[] {
  const file = files.find(({ path }) => path === "package-lock.json");
  const packages: Readonly<Record<string, Locked>> = JSON.parse(file?.text || "{}").packages ?? {};
  const missing = Object.values(packages).flatMap(({ dependencies, optionalDependencies }) =>
    Object.keys({ ...dependencies, ...optionalDependencies }).filter(
      (name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)),
    ),
  );
  const unproven = Object.entries(packages).flatMap(([path, locked]) =>
    path === "" || locked.integrity !== undefined || !runsOnOurLinux(locked) ? [] : [path],
  );
  return [
    ...missing.map((name) => ({ path: "package-lock.json", line: 0, why: `lacks ${name}` })),
    ...unproven.map((name) => ({ path: "package-lock.json", line: 0, why: `has no hash for ${name}` })),
  ];
}

/** Every rule that looks at files together. */
export const IMPORT_RULES: readonly Rule[] = [
  {
    name: "imports go to the layers before, to one's own host and to what hosts share, and never to tests",
    find: findLayering,
    broken: {
      "assembly/decode/uri.ts": 'import { sqli } from "../detect/sqli";\n',
      "hosts/web/main.ts": 'import {\n  a,\n} from "../controller/a.ts";\n',
      "hosts/cli/main.ts": 'const a = await import("../../test/a.ts");\n',
      "hosts/core/a.ts": 'export type { B } from "../policy/b.ts";\n',
    },
  },
  {
    name: "only the engine touches WebAssembly and the core's typings",
    find: (files) =>
      files
        .filter((file) => isCode(file) && file.path.startsWith("hosts/") && file.path !== ENGINE)
        .flatMap((file) => findLines(file, codeLines(file), /\bWebAssembly\b/, `belongs to ${ENGINE}`)),
    broken: { "hosts/cli/a.ts": "new WebAssembly.Module(bytes);\n" },
  },
  {
    name: "functions of AssemblyScript have no decorators",
    find: (files) =>
      files
        .filter((file) => isCode(file) && isAssemblyScript(file.path))
        .flatMap((file) => {
          const expression = /^\s*@(?:inline|lazy|external|unsafe|global)\b/;
          return findLines(file, codeLines(file), expression, "tools cannot parse it");
        }),
    broken: { "assembly/bytes/a.ts": "@inline\nfunction a(): u32 { return 1; }\n" },
  },
  {
    name: "what is imported is declared, and a host runs on `dependencies` alone",
    find: findUndeclared,
    broken: {
      "package.json": JSON.stringify({ devDependencies: { esbuild: "1.0.0" } }),
      "hosts/core/a.ts": 'import { build } from "esbuild";\n',
    },
  },
  {
    name: "dependencies have an exact version, and a line in ARCHITECTURE.md",
    find: findInexact,
    broken: { "package.json": JSON.stringify({ dependencies: { zod: "^4.0.0" } }) },
  },
  {
    name: "the lockfile names every package of every system, and has a hash for what we run",
    find: findUnlocked,
    broken: {
      "package-lock.json": JSON.stringify({ packages: { "node_modules/a": { optionalDependencies: { b: "1.0.0" } } } }),
    },
  },
  {
    name: "every module has its test at the same path",
    find: findUntested,
    broken: { "hosts/core/a.ts": "export function a(): void {}\n" },
    except: {
      "assembly/checked/checker.ts":
        "runs in every test of the checked build; that it traps is in test/hosts/build.test.ts",
      "assembly/decode/xml/": "pieces of assembly/decode/xml.ts, whose test drives them all",
      "assembly/detect/": "test/assembly/detect/signatures.test.ts shows every signature's attacks and near misses",
      "hosts/core/error.ts": "a class and its codes, raised in every other test",
      "hosts/postanalytics/search/fields.ts":
        "a table; predicate.test.ts asks for every field of it, in both databases",
      "hosts/postanalytics/search/search-fault.ts": "a class, raised in every other test of searches",
      "hosts/postanalytics/store/blocks/entry-reader.ts": "scanner.test.ts groups by all fields that it reads",
      "hosts/postanalytics/store/blocks/few-groups.ts": "scanner.test.ts holds it against the table of records",
      "hosts/postanalytics/store/blocks/group-scan.ts": "scanner.test.ts holds it against the table of records",
      "hosts/postanalytics/store/blocks/newest-scan.ts": "scanner.test.ts holds it against the table of records",
      "hosts/postanalytics/store/blocks/page-sums.ts": "scanner.test.ts holds it against the table of records",
      "hosts/postanalytics/store/blocks/small-tables.ts": "scanner.test.ts groups by all of its fields",
      "hosts/postanalytics/store/blocks/tally-scan.ts": "scanner.test.ts holds it against the table of records",
      "hosts/postanalytics/store/condition.ts":
        "attack-list.test.ts and record-list.test.ts show whose records it lets through",
      "hosts/postanalytics/store/database.ts": "declares; database-suite.ts holds both databases to it",
      "hosts/postanalytics/store/insertion.ts":
        "record-log.test.ts shows that it writes each record once, whatever dies",
      "hosts/postanalytics/store/kinds.ts": "attack-list.test.ts groups by all of its fields",
      "hosts/postanalytics/store/migrations/": "statements; every test of the store runs them in both databases",
      "hosts/postanalytics/store/postgres-groups.ts":
        "attack-list.test.ts and statistics.test.ts run it on a real server",
      "hosts/postanalytics/store/record-groups.ts":
        "blocks/scanner.test.ts holds blocks against it; attack-list.test.ts shows what it asks of small tables",
      "hosts/postanalytics/store/rebuild.ts": "test/hosts/cli/store.test.ts breaks stores and rebuilds them",
      "hosts/postanalytics/store/store.ts": "declares; record-store.test.ts and its neighbours hold the store to it",
      "hosts/dataplane/envoy/": "runs in Envoy only: test/conformance/envoy.test.ts",
    },
  },
  {
    name: "every test at a module's path has that module",
    find: findOrphans,
    broken: { "test/hosts/core/gone.test.ts": "" },
    except: { "test/assembly/detect/signatures.test.ts": "the signatures' own data, for all detectors at once" },
  },
  {
    name: "every module is part of a program",
    find: findUnreached,
    broken: { "hosts/core/a.ts": "" },
  },
];
