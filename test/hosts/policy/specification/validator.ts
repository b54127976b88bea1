/** A plain validator of requests, written from the standard and not from the compiler: the judge of checks.test.ts. */

/** The part of JSON Schema that the tests use. */
export interface Schema {
  readonly type: "string" | "integer" | "number" | "boolean" | "array";
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
}

type Said = readonly [schema: Schema, isRequired: boolean] | undefined;

/** One operation. */
export interface Operation {
  readonly path: string;
  readonly method: string;
  readonly p: Said;
  readonly ä: Said;
  readonly header: Said;
  readonly cookie: Said;
  readonly pathSchema: Schema | undefined;
  readonly security: readonly Readonly<Record<string, readonly never[]>>[];
  readonly body: { readonly required: boolean; readonly types: readonly string[] } | undefined;
}

/** What the tests say of an API. */
export interface Document {
  readonly base: string;
  readonly operations: readonly Operation[];
}

/** A request as it is meant, nothing escaped. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly cookie: string | undefined;
}

/** @returns the stamps of all violations, sorted */
export function violationsOf({ base, operations }: Document, asked: Request): string[] {
  if (base !== "" && asked.path !== base && !asked.path.startsWith(`${base}/`)) return [];
  const rest = asked.path.slice(base.length);
  const fitting = [...new Set(operations.map(({ path }) => path))].filter((path) => matcher(path).test(rest));
  fitting.sort(compare);
  const [path] = fitting;
  const of = (method: string): Operation | undefined =>
    operations.find((one) => one.path === path && one.method === method);
  const operation = of(asked.method) ?? (asked.method === "HEAD" ? of("GET") : undefined);
  if (operation === undefined) return asked.method === "OPTIONS" ? [] : ["api-undefined-endpoint"];
  const found = new Set<string>();
  const texts = new Map<string, string>();
  for (const [name, value] of asked.query) texts.set(name, texts.has(name) ? `${texts.get(name)},${value}` : value);
  const keys = operation.security.some((way) => Object.keys(way).length === 0)
    ? []
    : operation.security.flatMap(Object.keys);
  const known = new Set([
    ...(operation.p === undefined ? [] : ["p"]),
    ...(operation.ä === undefined ? [] : ["ä"]),
    ...(keys.includes("inQuery") ? ["k"] : []),
  ]);
  if ([...texts.keys()].some((name) => !known.has(name))) found.add("api-undefined-parameter");
  const parameters: readonly (readonly [Said, string | undefined])[] = [
    [operation.p, texts.get("p")],
    [operation.ä, texts.get("ä")],
    [operation.header, asked.headers["x-t"]],
    [operation.cookie, asked.cookie],
  ];
  for (const [said, text] of parameters) {
    if (said === undefined) continue;
    if (text === undefined && said[1]) found.add("api-missing-parameter");
    if (text !== undefined && !isValid(said[0], text)) found.add("api-invalid-parameter");
  }
  const inPath = matcher(operation.path).exec(rest)?.[1];
  if (inPath !== undefined && operation.pathSchema !== undefined && !isValid(operation.pathSchema, inPath)) {
    found.add("api-invalid-parameter");
  }
  if (!isShown(operation, asked, texts)) found.add("api-missing-auth");
  if (!hasGoodType(operation, asked)) found.add("api-invalid-request");
  return [...found].sort();
}

function matcher(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replace("{x}", "([^/]+)")}$`);
}

/** Texts before parameters, segment by segment. */
function compare(one: string, other: string): number {
  const [left, right] = [one.split("/"), other.split("/")];
  for (const [index, segment] of left.entries()) {
    const [mine, theirs] = [segment, right[index] ?? ""].map((text) => (text.includes("{") ? text.length - 3 : 1000));
    if (mine !== theirs) return (theirs ?? 0) - (mine ?? 0);
  }
  return 0;
}

function isValid(schema: Schema, text: string): boolean {
  const { minimum = -Infinity, maximum = Infinity, minLength = 0, maxLength = Infinity } = schema;
  switch (schema.type) {
    case "boolean":
      return text === "true" || text === "false";
    case "integer":
      return /^-?[0-9]+$/.test(text) && Number(text) >= minimum && Number(text) <= maximum;
    case "number":
      return /^-?[0-9]+(\.[0-9]+)?$/.test(text) && Number(text) >= minimum && Number(text) <= maximum;
    case "array": {
      const items = text === "" && (schema.minItems ?? 0) === 0 ? [] : text.split(",");
      const isCounted = items.length >= (schema.minItems ?? 0) && items.length <= (schema.maxItems ?? Infinity);
      return isCounted && items.every((item) => schema.items === undefined || isValid(schema.items, item));
    }
    default:
      if (schema.enum !== undefined && !schema.enum.includes(text)) return false;
      if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(text)) return false;
      if (schema.format === "date" && !/^\d{4}-(0[1-9]|1[012])-([012]\d|3[01])$/.test(text.replace(/-00$/, "x")))
        return false;
      return [...text].length >= minLength && [...text].length <= maxLength;
  }
}

function isShown({ security }: Operation, asked: Request, query: ReadonlyMap<string, string>): boolean {
  const shown: Readonly<Record<string, boolean>> = {
    key: asked.headers["x-key"] !== undefined,
    inQuery: query.has("k"),
    login: /^bearer +\S/i.test(asked.headers["authorization"] ?? ""),
  };
  return security.length === 0 || security.some((way) => Object.keys(way).every((name) => shown[name] === true));
}

function hasGoodType({ body }: Operation, asked: Request): boolean {
  if (body === undefined) return true;
  const written = asked.headers["content-type"];
  if (written === undefined) return !body.required;
  const type = (written.split(";")[0] ?? "").trim().toLowerCase();
  return body.types.some((one) => (one.endsWith("/*") ? type.startsWith(one.slice(0, -1)) : type === one));
}
