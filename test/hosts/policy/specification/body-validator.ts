/** A plain validator of JSON values, written from the words of JSON Schema alone: what the core is held against. */

/** A schema, of the words that are asked. */
export interface BodySchema {
  readonly [word: string]: unknown;
}

type Named = Readonly<Record<string, unknown>>;

const FORMS: Readonly<Record<string, RegExp>> = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  date: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/,
};

function isNamed(value: unknown): value is Named {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** @param root what `$ref` leads to @returns whether the value is as the schema says */
export function isValid(schema: unknown, value: unknown, root: unknown): boolean {
  return faultsOf(schema, value, root).length === 0;
}

/** @returns the kinds of what is wrong; with `allOf` and its like one kind may stand for another */
export function faultsOf(schema: unknown, value: unknown, root: unknown): string[] {
  if (schema === false) return ["invalid"];
  if (!isNamed(schema)) return [];
  if (typeof schema["$ref"] === "string") return faultsOf(root, value, root);
  const isNull = value === null && schema["nullable"] === true && schema["type"] !== undefined;
  if (!isNull && !isKind(schema, value)) return ["invalid"];
  const faults: string[] = [];
  if (typeof value === "string" && !isText(schema, value)) faults.push("invalid");
  if (typeof value === "number" && !isNumber(schema, value)) faults.push("invalid");
  if (Array.isArray(value)) faults.push(...listFaults(schema, value, root));
  if (isNamed(value)) faults.push(...objectFaults(schema, value, root));
  for (const one of listOf(schema["allOf"])) faults.push(...faultsOf(one, value, root));
  const fits = (name: string): number => listOf(schema[name]).filter((one) => isValid(one, value, root)).length;
  if (schema["anyOf"] !== undefined && fits("anyOf") === 0) faults.push("invalid");
  if (schema["oneOf"] !== undefined && fits("oneOf") !== 1) faults.push("invalid");
  return faults;
}

function isKind(schema: BodySchema, value: unknown): boolean {
  const types = [schema["type"] ?? []].flat();
  const own = typeOf(value);
  const isOne = types.length === 0 || types.includes(own) || (types.includes("integer") && Number.isInteger(value));
  const isSame = (one: unknown): boolean => JSON.stringify(one) === JSON.stringify(value);
  if (schema["enum"] !== undefined && !listOf(schema["enum"]).some(isSame)) return false;
  return isOne && (schema["const"] === undefined || isSame(schema["const"]));
}

function number(value: unknown, none: number): number {
  return typeof value === "number" ? value : none;
}

function isText(schema: BodySchema, value: string): boolean {
  const size = [...value].length;
  if (size < number(schema["minLength"], 0) || size > number(schema["maxLength"], Infinity)) return false;
  if (typeof schema["pattern"] === "string" && !new RegExp(schema["pattern"], "u").test(value)) return false;
  const form = FORMS[String(schema["format"])];
  return form?.test(value) ?? true;
}

function isNumber(schema: BodySchema, value: number): boolean {
  const isOpen = (word: string): boolean => schema[word] === true;
  const [least, most] = [number(schema["minimum"], -Infinity), number(schema["maximum"], Infinity)];
  if (isOpen("exclusiveMinimum") ? value <= least : value < least) return false;
  if (isOpen("exclusiveMaximum") ? value >= most : value > most) return false;
  if (value <= number(schema["exclusiveMinimum"], -Infinity)) return false;
  if (value >= number(schema["exclusiveMaximum"], Infinity)) return false;
  const isWhole = (by: number): boolean => Math.abs(value / by - Math.round(value / by)) < 1e-9;
  return isWhole(number(schema["multipleOf"], value || 1));
}

function listFaults(schema: BodySchema, value: readonly unknown[], root: unknown): string[] {
  const isCounted =
    value.length >= number(schema["minItems"], 0) && value.length <= number(schema["maxItems"], Infinity);
  return [...(isCounted ? [] : ["invalid"]), ...value.flatMap((one) => faultsOf(schema["items"], one, root))];
}

function objectFaults(schema: BodySchema, value: Named, root: unknown): string[] {
  const listed = isNamed(schema["properties"]) ? schema["properties"] : {};
  const names = Object.keys(value);
  const isCounted =
    names.length >= number(schema["minProperties"], 0) && names.length <= number(schema["maxProperties"], Infinity);
  const missing = listOf(schema["required"]).some((name) => !Object.hasOwn(value, String(name)));
  const inside = names.flatMap((name) => {
    const isListed = Object.hasOwn(listed, name);
    const own = isListed ? listed[name] : schema["additionalProperties"];
    return own === false ? ["undefined"] : faultsOf(own, value[name], root);
  });
  return [...(isCounted ? [] : ["invalid"]), ...(missing ? ["missing"] : []), ...inside];
}
