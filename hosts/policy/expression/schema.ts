/** What an expression may speak of: variables with their types, and bounds of what they hold. */
import type { Type } from "./ast.ts";

/** A variable. */
export interface VariableInfo {
  readonly type: Type;
  /** One sentence for people: what it holds. */
  readonly about: string;
  /** Characters of the longest text in it. */
  readonly charsMax?: number;
  /** Elements of the list, or of the lists in the map. */
  readonly entriesMax?: number;
  /** Names of the map are in lower case and are written in any: header fields. */
  readonly foldsNames?: boolean;
}

/** Variables by their names. */
export type Schema = Readonly<Record<string, VariableInfo>>;

/** Types by their names. */
export const BOOL: Type = { kind: "bool" };
/** See BOOL. */
export const INT: Type = { kind: "int" };
/** See BOOL. */
export const STRING: Type = { kind: "string" };
/** See BOOL. */
export const TIMESTAMP: Type = { kind: "timestamp" };
/** See BOOL. */
export const DURATION: Type = { kind: "duration" };
/** See BOOL. */
export const IP: Type = { kind: "ip" };
/** See BOOL. */
export const CIDR: Type = { kind: "cidr" };
/** See BOOL. */
export const ANY: Type = { kind: "any" };

/** @returns the type of a list of such values */
export function listOf(of: Type): Type {
  return { kind: "list", of };
}

/** @returns the type of a map from names to such values */
export function mapOf(of: Type): Type {
  return { kind: "map", of };
}
