/** The schema of policy files for editors and other checkers of files, made from the one in schema.ts. */
import { z } from "zod";
import { documentSchemas } from "./schema.ts";

/**
 * @returns the JSON Schema (2020-12) of one document of a policy file. It takes all that Merlon takes, and some of what
 * Merlon refuses: rules that compare fields, such as scopes said twice, have no form in it.
 */
export function policyJsonSchema(): object {
  const kinds = Object.values(documentSchemas).map((schema) => {
    const { $schema: _dialect, ...kind } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
    return kind;
  });
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: "Merlon policy", oneOf: kinds };
}
