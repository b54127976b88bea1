/** The small numbers that cross the border: what calls return and which limits a transaction met. */

/** What a call returns. Values below 16 are answers, from 16 on something was wrong with the call. */
export enum Status {
  /** Go on: nothing known yet asks for a block. */
  PASS = 0,
  /** The active policy blocks this transaction; later calls answer the same. */
  BLOCK = 1,
  /** The handle is not of an open transaction. */
  BAD_HANDLE = 16,
  /** The call does not fit the transaction's phase. */
  BAD_PHASE = 17,
  /** The block of bytes is not what its format says. */
  MALFORMED = 18,
  /** The bytes given exceed a limit of the call. */
  LIMIT = 19,
  /** The policy image was made for another version, is damaged or too large. */
  BAD_POLICY = 20,
  /** The module's tables or a policy no longer have the content that was loaded. */
  CORRUPT = 21,
}

/** Bits of the limits a transaction reached; their names are what hosts show. */
export enum Limit {
  HEADERS = 1,
  PAIRS = 2,
  DEPTH = 4,
  LAYERS = 8,
  NEST = 16,
  FUEL = 32,
  MEMORY = 64,
  OVERSIZE = 128,
  POLLUTION = 256,
  PART_HEAD = 512,
  NAME = 1024,
  TOKENS = 2048,
  INFLATED = 4096,
  ENTITIES = 8192,
}

/** Names of the bits of `Limit`, lowest first, separated by one space. */
export const LIMIT_NAMES: string =
  "headers pairs depth layers nest fuel memory oversize pollution part_head name tokens inflated entities";

/** Bits of what only parsers can see: back ends would read these bytes in different ways. */
export enum Anomaly {
  JSON = 1,
  MULTIPART = 2,
  FORM = 4,
  HEAD = 8,
  CONTENT_TYPE = 16,
  ENCODING = 32,
  PROTOBUF = 64,
  XML = 128,
}
/** Names of the bits of `Anomaly`, lowest first, separated by one space. */
export const ANOMALY_NAMES: string = "json multipart form head content_type encoding protobuf xml";
