/**
 * Parsers and decoders that a policy can switch off for a scope: where an application does not decode, nothing can hide
 * there, and what looks like an encoding is none. hosts/policy/schema.ts has their names in the same order.
 */
import { current } from "./transaction";

/** One bit each. */
export enum Parser {
  COOKIE = 1,
  FORM = 2,
  MULTIPART = 4,
  JSON = 8,
  XML = 16,
  GRAPHQL = 32,
  PROTOBUF = 64,
  PERCENT = 128,
  /** References of HTML and escapes of JavaScript. */
  HTMLJS = 256,
  BASE64 = 512,
  ZLIB = 1024,
  JWT = 2048,
}

/** Whether a parser is off for the current transaction. */
export function isOff(parser: Parser): bool {
  return (current.parsersOff & <u32>parser) != 0;
}
