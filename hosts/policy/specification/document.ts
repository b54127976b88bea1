/**
 * What an OpenAPI document (3.0 and 3.1) says of requests: endpoints, parameters, security, types of bodies. It is read
 * whole before anything is compiled, and what is not asked of requests is noted with its place.
 */
import { type Path, Piece } from "./references.ts";
import { type SchemaNode, SchemaNodes } from "./schema-nodes.ts";
import type { MachineReader } from "./text-machines.ts";
import { type Reading, readValue, type Value, wholePattern } from "./value.ts";

/** One parameter of an operation. */
export interface Parameter {
  readonly in: "path" | "query" | "header" | "cookie";
  readonly name: string;
  readonly isRequired: boolean;
  /** What must hold of its text. */
  readonly value: Value;
  /** Other names that it may have in a query: those that begin so, and go on in brackets. */
  readonly hasMembers: boolean;
}

/** How a client shows who it is. */
export type Proof =
  | { readonly kind: "query" | "header" | "cookie"; readonly name: string }
  | { readonly kind: "scheme"; readonly scheme: string };

/** A part of a path template: texts, and names of parameters. */
export type Segment = readonly (string | { readonly name: string })[];

/** What bodies of some types have to be. */
export interface BodySchema {
  /** In lower case; `*` stands for any. */
  readonly types: readonly string[];
  /** Number of its node in the document's schemas. */
  readonly root: number;
}

/** One endpoint. */
export interface Operation {
  /** In capitals. */
  readonly method: string;
  /** As the document writes it, for people. */
  readonly path: string;
  readonly segments: readonly Segment[];
  readonly parameters: readonly Parameter[];
  /** Ways to show who one is, each of several proofs together; none where nobody has to. */
  readonly security: readonly (readonly Proof[])[];
  /** Types of bodies that it takes, in lower case; undefined where it says nothing. */
  readonly bodyTypes: readonly string[] | undefined;
  readonly isBodyRequired: boolean;
  /** What its JSON bodies have to be. */
  readonly bodies: readonly BodySchema[];
  /** Whether queries may have names that are not listed. */
  readonly isQueryOpen: boolean;
}

/** What is not asked of requests. */
export interface Unasked {
  readonly path: Path;
  readonly what: string;
}

/** A document. */
export interface ApiDocument {
  readonly basePaths: readonly string[];
  readonly operations: readonly Operation[];
  /** Nodes of what bodies have to be, and the machines that they name. */
  readonly schemas: readonly SchemaNode[];
  readonly machines: MachineReader;
  readonly unasked: readonly Unasked[];
}

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const OPERATIONS_MAX = 400;
const PARAMETERS_MAX = 100;
/** Parameters of a document that something is asked of; a policy has room for about as many questions. */
const ASKED_MAX = 1000;
const SCHEMAS_MAX = 20_000;
const SEGMENTS_MAX = 32;
const BASES_MAX = 4;
/** Types of bodies that are JSON (RFC 6839 §3.1), and those that may be. */
const JSON_TYPE = /^(?:application|text)\/json$|^[^/;*]+\/[^/;*]*\+json$/;
const ANY_TYPE = /^(?:application|\*)\/(?:\*|\*\+json)$/;
const NAME_CHARS_MAX = 120;
const UNASKED_MAX = 200;
/** Fields that the specification itself leaves out of `parameters`. */
const NO_HEADERS = new Set(["accept", "content-type", "authorization"]);

/**
 * @param root the document, as YAML or JSON gives it
 * @throws SpecFault with the place of what is wrong
 */
export function readDocument(root: unknown): ApiDocument {
  return new DocumentReader(new Piece(root, root, [])).read();
}

class DocumentReader {
  readonly #root: Piece;
  readonly #unasked: Unasked[] = [];
  readonly #schemas: Reading = { note: (at, what) => this.#note(at, what), left: SCHEMAS_MAX };
  readonly #bodies: SchemaNodes;
  #asked = 0;

  constructor(root: Piece) {
    this.#root = root;
    this.#bodies = new SchemaNodes(root.text("openapi") ?? "", (at, what) => this.#note(at, what));
  }

  #note(piece: Piece, what: string): void {
    if (this.#unasked.length < UNASKED_MAX) this.#unasked.push({ path: piece.path, what });
  }

  read(): ApiDocument {
    const version = this.#root.text("openapi") ?? this.#root.fail("has no openapi; it takes documents of 3.0 and 3.1");
    if (!/^3\.[01]\.\d+/.test(version))
      this.#root.at("openapi")?.fail("is no version of OpenAPI that is read; write 3.0 or 3.1");
    const paths = this.#root.at("paths");
    const operations = (paths?.entries() ?? []).flatMap(([path, item]) => {
      return path.startsWith("x-") ? [] : this.#operationsOf(path, item);
    });
    if (operations.length === 0) this.#root.fail("has no paths; nothing could be held against it");
    if (operations.length > OPERATIONS_MAX) {
      this.#root.fail(`has ${operations.length} operations, and ${OPERATIONS_MAX} are taken; split it by paths`);
    }
    return {
      basePaths: this.#basePaths(),
      operations,
      schemas: this.#bodies.nodes,
      machines: this.#bodies.machines,
      unasked: this.#unasked,
    };
  }

  #basePaths(): string[] {
    const bases = this.#root.list("servers").map((server) => {
      const written = server.text("url") ?? "/";
      const url = written.replace(/\{([^{}]+)\}/g, (_all, name: string) => {
        return server.at("variables")?.at(name)?.text("default") ?? server.fail("has a variable without a default");
      });
      const path = /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/]*(\/.*)?$/i.exec(url)?.[1] ?? (/^[a-z]+:/i.test(url) ? "/" : url);
      return `/${path.replace(/[?#].*$/, "").replace(/^\/+|\/+$/g, "")}`.replace(/^\/$/, "");
    });
    const unique = [...new Set(bases.length === 0 ? [""] : bases)];
    if (unique.length > BASES_MAX)
      this.#root.at("servers")?.fail(`has more than ${BASES_MAX} base paths; set basePath`);
    return unique;
  }

  #operationsOf(path: string, item: Piece): Operation[] {
    const segments = this.#segmentsOf(path, item);
    const methods = item.entries().filter(([name]) => METHODS.includes(name));
    if (item.at("servers") !== undefined) this.#note(item, "servers of a path are not asked");
    return methods.map(([method, operation]): Operation => {
      const parameters = this.#parametersOf(item, operation);
      const query = parameters.filter((one) => one.in === "query");
      const body = operation.at("requestBody");
      const types = body
        ?.at("content")
        ?.entries()
        .map(([type]) => typeOf(type));
      return {
        method: method.toUpperCase(),
        path,
        segments,
        parameters,
        security: this.#securityOf(operation),
        bodyTypes: types,
        isBodyRequired: body?.flag("required") ?? false,
        bodies: body === undefined ? [] : this.#bodiesOf(body),
        isQueryOpen: query.some(({ name }) => name === ""),
      };
    });
  }

  #bodiesOf(body: Piece): BodySchema[] {
    const content = body.at("content")?.entries() ?? [];
    const schemas = content.flatMap(([written, media]) => {
      const schema = media.at("schema");
      return schema === undefined ? [] : [{ type: typeOf(written), schema, media }];
    });
    const exact = schemas.filter(({ type }) => JSON_TYPE.test(type));
    // A type that is said in full goes before one with a star.
    const asked = exact.length > 0 ? exact : schemas.filter(({ type }) => ANY_TYPE.test(type));
    for (const { type, media } of schemas) {
      if (!asked.some((one) => one.media === media)) {
        this.#note(media, `what a body of ${type.slice(0, 60)} holds is not asked, only its type`);
      }
    }
    const types = new Map<number, string[]>();
    for (const { type, schema } of asked) {
      const root = this.#bodies.rootOf(schema);
      types.set(root, [...(types.get(root) ?? []), type]);
    }
    return [...types].flatMap(([root, own]) => (root === 0 ? [] : [{ types: own, root }]));
  }

  #segmentsOf(path: string, item: Piece): Segment[] {
    if (!path.startsWith("/") || /[?#]/.test(path)) item.fail("is no path; write one such as /users/{id}");
    const segments = path
      .split("/")
      .slice(1)
      .map((segment): Segment => {
        const parts = segment.split(/(\{[^{}]*\})/).filter((part) => part !== "");
        return parts.map((part) => (part.startsWith("{") ? { name: part.slice(1, -1) } : part));
      });
    if (segments.length <= SEGMENTS_MAX) return segments;
    return item.fail(`has more than ${SEGMENTS_MAX} segments; no endpoint is that deep`);
  }

  /** Those of an operation take the place of those of its path that have their name and place. */
  #parametersOf(item: Piece, operation: Piece): Parameter[] {
    const known = new Map<string, Parameter>();
    for (const piece of [...item.list("parameters"), ...operation.list("parameters")]) {
      const parameter = this.#parameterOf(piece);
      if (parameter !== undefined) known.set(`${parameter.in} ${parameter.name}`, parameter);
    }
    if (known.size > PARAMETERS_MAX) operation.fail(`has more than ${PARAMETERS_MAX} parameters; split it`);
    this.#asked += [...known.values()].filter((one) => one.value.length > 0 || one.isRequired).length;
    if (this.#asked > ASKED_MAX)
      operation.fail(`is too much: more than ${ASKED_MAX} parameters are asked; split it by paths`);
    return [...known.values()];
  }

  #parameterOf(piece: Piece): Parameter | undefined {
    const where = piece.text("in");
    const found = (["path", "query", "header", "cookie"] as const).find((one) => one === where);
    if (found === undefined) return piece.fail("is no parameter — in takes path, query, header, cookie");
    const name = piece.text("name") ?? piece.fail("is a parameter without a name");
    if (name === "" || name.length > NAME_CHARS_MAX) return piece.fail("is a parameter without a usable name");
    if (found === "header" && NO_HEADERS.has(name.toLowerCase())) return undefined;
    if (found === "header" && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return piece.fail("is no header");
    const style = piece.text("style") ?? (found === "query" || found === "cookie" ? "form" : "simple");
    const schema = piece.at("schema");
    const isObject = schema !== undefined && [schema.at("type")?.value].flat().includes("object");
    const isSpread = isObject && found === "query" && style === "form" && piece.at("explode")?.value !== false;
    const isRequired = found === "path" || piece.flag("required");
    // The members of such an object are names of their own, and any of them may be missing.
    if (isSpread) {
      this.#note(piece, "an object whose fields are parameters takes any name");
      return { in: found, name: "", isRequired: false, value: [], hasMembers: false };
    }
    const hasMembers = style === "deepObject";
    let value = this.#valueOf(piece, schema, style);
    if (found === "path" && wholePattern(value, "[^/]+") === undefined) {
      this.#note(piece, "several conditions for a part of the path are not asked");
      value = [];
    }
    return { in: found, name, isRequired: isRequired && !hasMembers, value, hasMembers };
  }

  #valueOf(piece: Piece, schema: Piece | undefined, style: string): Value {
    if (schema === undefined) {
      if (piece.at("content") !== undefined) this.#note(piece, "a parameter with a media type is not asked");
      return [];
    }
    const separators: Readonly<Record<string, string>> = {
      form: ",",
      simple: ",",
      spaceDelimited: " ",
      pipeDelimited: "|",
    };
    const separator = Object.hasOwn(separators, style) ? separators[style] : undefined;
    if (separator === undefined) {
      this.#note(piece, `the style ${style.slice(0, 20)} is not asked`);
      return [];
    }
    // Values of one name are joined by commas, however many there are.
    const joined = piece.at("explode")?.value === true ? "," : separator;
    const value = readValue(schema, this.#schemas, joined);
    return piece.flag("allowEmptyValue") && value.length > 0
      ? [{ kind: "either", of: [value, [{ kind: "whole", pattern: "" }]] }]
      : value;
  }

  #securityOf(operation: Piece): Proof[][] {
    const from = operation.at("security") === undefined ? this.#root : operation;
    const ways = from
      .list("security")
      .map((way) => way.entries().flatMap(([name, piece]) => this.#proofOf(name, piece)));
    // One that asks for nothing is enough.
    return ways.some((way) => way.length === 0) ? [] : ways;
  }

  #proofOf(name: string, at: Piece): Proof[] {
    const scheme = this.#root.at("components")?.at("securitySchemes")?.at(name);
    if (scheme === undefined) return at.fail("is no security scheme of components; mend the name");
    const where = scheme.text("in");
    switch (scheme.text("type")) {
      case "apiKey": {
        const kind = (["query", "header", "cookie"] as const).find((one) => one === where);
        const key = scheme.text("name");
        if (kind === undefined || key === undefined || key === "" || key.length > NAME_CHARS_MAX) {
          return scheme.fail("is an apiKey without in or name");
        }
        return [{ kind, name: kind === "header" ? key.toLowerCase() : key }];
      }
      case "http":
        return [{ kind: "scheme", scheme: (scheme.text("scheme") ?? "").toLowerCase() }];
      case "oauth2":
      case "openIdConnect":
        return [{ kind: "scheme", scheme: "bearer" }];
      default:
        this.#note(scheme, "this kind of proof is not seen in a request");
        return [];
    }
  }
}

function typeOf(type: string): string {
  return (type.split(";")[0] ?? "").trim().toLowerCase();
}
