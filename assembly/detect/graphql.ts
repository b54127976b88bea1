/**
 * GraphQL documents that cost or tell more than a client needs: told, not blocked, since only the API's owner knows
 * what its clients ask. What counts is the document's shape, wherever it stands; strings in it are values of their own
 * (decode/graphql.ts).
 */
import { GQL_ALIASES_MAX, GQL_DEPTH_MAX } from "../abi/limits";
import { Limit } from "../abi/status";
import { documentAliases, documentAsksSchema, documentDepth, mayBeGraphql, readGraphql } from "../decode/graphql";
import { layer } from "../decode/layer";
import { reachLimit } from "../decode/transaction";
import { spend } from "../decode/value";
import { Signature } from "../tables/signatures.gen";
import { report } from "./match";

/** Whether the current layer can be such a document. */
export function graphqlGate(): bool {
  return mayBeGraphql(layer);
}

/** Looks at the shape of the document that the current layer is. */
export function graphqlLex(): void {
  if (!graphqlGate()) return;
  if (!spend(layer.size)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const end = layer.at + <usize>layer.size;
  if (!readGraphql(layer.at, end, false)) return;
  if (documentAsksSchema) report(Signature.GQL_INTROSPECTION_SCHEMA, layer.at, end);
  if (documentDepth > GQL_DEPTH_MAX) report(Signature.GQL_DEPTH_SELECTIONS, layer.at, end);
  if (documentAliases > GQL_ALIASES_MAX) report(Signature.GQL_ALIASES_MANY, layer.at, end);
}
