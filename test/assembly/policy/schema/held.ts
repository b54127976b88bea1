/** Bodies held against schemas, for tests of the core: a policy in a line, and what is found of a body in another. */
import { compilePolicy } from "../../../../hosts/policy/image.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import type { Policy } from "../../../../hosts/policy/schema.ts";
import type { Core, Pair } from "../../core.ts";
import { NOW } from "../../policy-image.ts";

/** What may be said of a specification beside its schema. */
export interface HoldOptions {
  /** `requestBody` in place of one that needs a body of `application/json`. */
  readonly requestBody?: unknown;
  readonly version?: string;
  readonly violations?: Readonly<Record<string, string>>;
  readonly mode?: string;
  /** More documents of the policy. */
  readonly more?: readonly object[];
}

const KINDS = ["undefinedField", "missingField", "invalidField", "invalidBody"];
const BLOCKED = Object.fromEntries(KINDS.map((kind) => [kind, "block"]));
const HEAD = { apiVersion: "merlon.dev/v1alpha1" };

/** A specification whose one endpoint, `POST /a`, takes bodies that are as a schema says. */
export function openapiOf(schema: unknown, { requestBody, version = "3.1.0" }: HoldOptions = {}): object {
  const content = { "application/json": { schema: { $ref: "#/components/schemas/root" } } };
  return {
    openapi: version,
    paths: { "/a": { post: { requestBody: requestBody ?? { required: true, content } } } },
    components: { schemas: { root: schema } },
  };
}

/** A WafApiSpec document. */
export function specOf(name: string, openapi: object, violations: object = BLOCKED): object {
  return { ...HEAD, kind: "WafApiSpec", metadata: { name }, spec: { openapi, violations } };
}

/** A policy with documents beside its defaults. */
export function policyWith(documents: readonly object[], mode = "block"): Policy {
  const all = [{ ...HEAD, kind: "WafPolicy", spec: { defaults: { mode } } }, ...documents];
  return parsePolicy(all.map((document) => JSON.stringify(document)).join("\n---\n"), "p");
}

/** Loads a policy. @throws where the core refuses it */
export function load(core: Core, policy: Policy, slot: "active" | "shadow" = "active"): void {
  const status = core.loadPolicy(slot, compilePolicy(policy));
  if (status !== 0) throw new Error(`the core refused the policy with ${status}`);
}

/** Loads a policy that holds bodies of `POST /a` against a schema. @returns what is not asked of them */
export function hold(core: Core, schema: unknown, options: HoldOptions = {}): readonly string[] {
  const { violations, mode, more = [] } = options;
  const policy = policyWith([specOf("shop", openapiOf(schema, options), violations), ...more], mode);
  load(core, policy);
  return policy.apiSpecs?.[0]?.unasked ?? [];
}

/** Sends a body in pieces to `POST /a`. @returns the line of what was found */
export function lineOf(core: Core, pieces: readonly Uint8Array[], fields?: readonly Pair[], path = "/a"): string {
  const handle = core.begin("192.0.2.7", NOW);
  const head: Pair[] = [
    [":method", "POST"],
    [":path", path],
    [":authority", "a.example"],
    ...(fields ?? ([["content-type", "application/json"]] satisfies Pair[])),
  ];
  core.pairs("tx_head", handle, head);
  for (const piece of pieces) core.piece("tx_body", handle, piece);
  core.end(handle);
  const line = core.line(handle);
  core.free(handle);
  return line;
}

/** @returns what is found of a body, as `invalid-field@post.json_doc.hash.a` */
export function found(core: Core, body: string | readonly Uint8Array[], fields?: readonly Pair[]): string[] {
  const line = lineOf(core, typeof body === "string" ? [Buffer.from(body, "utf8")] : body, fields);
  return [...line.matchAll(/api-([a-z-]+@\S+)/g)].map(([, what = ""]) => what);
}
