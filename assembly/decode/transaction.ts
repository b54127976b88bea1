/**
 * The state of one request and its response between two calls: one block of parked memory, and chains of blocks for
 * the bytes really held. The current transaction's fields are plain memory; there is one current transaction a call.
 */
import { BLOCK_BYTES, TRANSACTIONS_MAX } from "../abi/limits";
import { blockAlloc, blockFree } from "../bytes/blocks";
import { zeroBytes } from "../bytes/guard";
import { Rope, ropeFree } from "../bytes/rope";
import { Inflater, inflateClose } from "./inflate";

/** Which parser reads the body. */
export enum BodyKind {
  NONE = 0,
  RAW = 1,
  FORM = 2,
  MULTIPART = 3,
  JSON = 4,
  /** Not known from the head: the first byte that is no white space decides. */
  SNIFF = 5,
  PROTOBUF = 6,
  XML = 7,
}

/** Whether a body is kept to be read in a second way at its end. */
export enum Second {
  UNKNOWN = 0,
  KEEP = 1,
  NONE = 2,
}

/** Parser state begins here in the block; the record below must end before. */
export const PARSER_AT: u32 = 768;
export const PARSER_BYTES: u32 = BLOCK_BYTES - PARSER_AT;

/** One parked transaction: the first PARSER_AT bytes of its block, of which these are the fields. */
@unmanaged
export class Transaction {
  handle: u32;
  flags: u32;
  phase: u32;
  now: u32;

  /** Peer and client addresses, IPv4 mapped into IPv6, network order. */
  peerHigh: u64;
  peerLow: u64;
  clientHigh: u64;
  clientLow: u64;

  /** What the host knows of the source: 0 nothing, else a `Source`. */
  source: u32;
  mode: u32;
  shadowMode: u32;

  bodyKind: u32;
  /** See `Second`. */
  second: u32;
  /** What the head asks for: parser, codings around the body, character set, framing. See content.ts. */
  declaredKind: u32;
  codings: u32;
  charset: u32;
  framing: u32;
  /** The body is no plain bytes of its kind: see coding.ts. */
  coded: u32;
  /** Bytes that came out of compressed ones. */
  inflated: u32;
  bodyBytes: u32;
  inspected: u32;
  responseBytes: u32;

  limits: u32;
  anomalies: u32;
  matches: u32;
  matchesDropped: u32;
  /** Signature of each kept match, a half word each. */
  signatures0: u64;
  signatures1: u64;
  signatures2: u64;
  signatures3: u64;
  action: u32;
  would: u32;
  shadow: u32;
  frozen: u32;

  /** Chains of held bytes. */
  matchFirst: usize;
  matchLast: usize;
  matchSize: u32;
  valueFirst: usize;
  valueLast: usize;
  valueSize: u32;
  /** Offset in its value of the first byte that the chain before it holds; so are the other starts. */
  valueStart: u32;
  extraFirst: usize;
  extraLast: usize;
  extraSize: u32;
  extraStart: u32;
  rawFirst: usize;
  rawLast: usize;
  rawSize: u32;
  rawStart: u32;
  trailerFirst: usize;
  trailerLast: usize;
  trailerSize: u32;
  /** A coded body as it came, for a reading of its own: see wire.ts. */
  wireFirst: usize;
  wireLast: usize;
  wireSize: u32;
  wireStart: u32;

  /** Codings, the outermost first: see coding.ts. */
  level0: u64;
  level1: u64;
  level2: u64;
  inflater0: usize;
  inflater1: usize;
  /** Decoder of characters: see recode.ts. */
  recodeHold: u32;
  recodeBits: u32;
  /** Messages in the body: see grpc.ts. */
  frameHead: u32;
  frameLeft: u32;
  frameFlags: u32;
  frameText: u32;
  frameInflater: usize;

  /** Raw HTTP/1 reader: see http1.ts. */
  rawState: u32;
  rawLeft: u32;
  rawLine: u32;
  rawStatusLine: u32;

  /** Units of the allowance of work that are used, below 0 for saved ones: see fuel.ts. */
  debt: i32;
  wireDebt: i32;
  responseDebt: i32;

  /** Hash of the host that the request was sent to, without port and in lower case. */
  siteHash: u32;
  /** Rows of known attacks whose path the request has, one bit each. */
  pathRows: u64;

  /** Bank of the policies that it began with. */
  bank: u32;
  /** What the policy says of this request: see policy/scope.ts. The generations name the images that said it. */
  generation: u32;
  shadowGeneration: u32;
  inspectMost: u32;
  holdMost: u32;
  /** Bits of the failures that are closed, by `Failure`: the active policy's, and the candidate's. */
  failures: u32;
  shadowFailures: u32;
  application: u32;
  page: u32;
  /** Bits of parsers that are off: see parser.ts. */
  parsersOff: u32;
  /** Whether some finding counts: bit 0 under the active policy, bit 1 under the candidate. */
  malicious: u32;
  /** Servers would not agree which path is meant: exceptions of scopes do not count. */
  unclear: u32;
  /** Scopes with exceptions or masks, the active policy's and the candidate's, 16 bits each. */
  scopeCount: u32;
  shadowScopeCount: u32;
  /** Block of what is remembered of rules, 0 for none: see policy/rule/state.ts. */
  rules: usize;
  /** Chain of blocks that hold the body against what it has to be: see policy/schema/bodies.ts. */
  readers: usize;
  /** Whether some rule wants to see every value, and the body's text. */
  rulesPoints: u32;
  rulesBody: u32;
  /** Thresholds of the active policy that the request counts for, one bit each. */
  counted: u64;
  scopes0: u64;
  scopes1: u64;
  scopes2: u64;
  scopes3: u64;
  scopes4: u64;
  scopes5: u64;
  shadowScopes0: u64;
  shadowScopes1: u64;
  shadowScopes2: u64;
  shadowScopes3: u64;
  shadowScopes4: u64;
  shadowScopes5: u64;
}

/** The transaction of the running call. */
export let current: Transaction = changetype<Transaction>(0);

/** Makes a transaction the one that the running call works on. */
export function setCurrent(transaction: Transaction): void {
  current = transaction;
}

/** Records of the kept matches, as report/record.ts made them. */
export function matchRope(): Rope {
  return changetype<Rope>(changetype<usize>(current) + offsetof<Transaction>("matchFirst"));
}

/** Bytes of the value that a streaming parser is in. */
export function valueRope(): Rope {
  return changetype<Rope>(changetype<usize>(current) + offsetof<Transaction>("valueFirst"));
}

/** A parser's second chain: pairs kept for pollution, a part's header block, a comment inside a text. */
export function extraRope(): Rope {
  return changetype<Rope>(changetype<usize>(current) + offsetof<Transaction>("extraFirst"));
}

/** Head bytes of a raw message not yet complete; afterwards the body's bytes, for a second reading. */
export function rawRope(): Rope {
  return changetype<Rope>(changetype<usize>(current) + offsetof<Transaction>("rawFirst"));
}

/** Trailer lines of a raw message not yet complete. */
export function trailerRope(): Rope {
  return changetype<Rope>(changetype<usize>(current) + offsetof<Transaction>("trailerFirst"));
}

/** Bytes of a coded body as they came. */
export function wireRope(): Rope {
  return changetype<Rope>(changetype<usize>(current) + offsetof<Transaction>("wireFirst"));
}

/** Address of the streaming parser's state. */
export function parserState(): usize {
  return changetype<usize>(current) + <usize>PARSER_AT;
}

/** Records that a limit was reached. */
export function reachLimit(limit: u32): void {
  current.limits |= limit;
}

/** Records that back ends would read these bytes in different ways. */
export function noteAnomaly(anomaly: u32): void {
  current.anomalies |= anomaly;
}

/* Handles: index in the low 14 bits, a generation above, never 0. */
const INDEX_BITS: u32 = 14;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;
const slots: usize = memory.data(TRANSACTIONS_MAX * 4, 16);
const generations: usize = memory.data(TRANSACTIONS_MAX * 4, 16);
const freeIndexes: usize = memory.data(TRANSACTIONS_MAX * 4, 16);
let freeCount: u32 = 0;
let indexesMade: u32 = 0;
let open: u32 = 0;

/** Transactions open now. */
export function transactionsOpen(): u32 {
  return open;
}

/** @returns a zeroed transaction, or null when memory or handles are used up */
export function transactionOpen(): Transaction {
  let index: u32;
  if (freeCount) {
    index = load<u32>(freeIndexes + ((<usize>(freeCount - 1)) << 2));
  } else {
    if (indexesMade == TRANSACTIONS_MAX) return changetype<Transaction>(0);
    index = indexesMade;
  }
  const block = blockAlloc();
  if (!block) return changetype<Transaction>(0);
  if (freeCount) freeCount--;
  else indexesMade++;
  /* A parser clears its own state when it begins. */
  zeroBytes(block, PARSER_AT);
  const generation = load<u32>(generations + ((<usize>index) << 2)) + 1;
  store<u32>(generations + ((<usize>index) << 2), generation);
  store<usize>(slots + ((<usize>index) << 2), block);
  const transaction = changetype<Transaction>(block);
  transaction.handle = (generation << INDEX_BITS) | index | (generation << INDEX_BITS == 0 ? 1 << INDEX_BITS : 0);
  open++;
  return transaction;
}

/** @returns the open transaction of a handle, or null */
export function transactionOf(handle: u32): Transaction {
  const index = handle & INDEX_MASK;
  const block = load<usize>(slots + ((<usize>index) << 2));
  if (!block) return changetype<Transaction>(0);
  const transaction = changetype<Transaction>(block);
  return transaction.handle == handle ? transaction : changetype<Transaction>(0);
}

/** Gives back everything the transaction holds. */
export function transactionFree(transaction: Transaction): void {
  current = transaction;
  ropeFree(matchRope());
  ropeFree(valueRope());
  ropeFree(extraRope());
  ropeFree(rawRope());
  ropeFree(trailerRope());
  ropeFree(wireRope());
  inflateClose(changetype<Inflater>(transaction.inflater0));
  inflateClose(changetype<Inflater>(transaction.inflater1));
  inflateClose(changetype<Inflater>(transaction.frameInflater));
  if (transaction.rules) blockFree(transaction.rules);
  /* Each block begins with where the next one is. */
  for (let block = transaction.readers; block; ) {
    const next = load<usize>(block);
    blockFree(block);
    block = next;
  }
  const index = transaction.handle & INDEX_MASK;
  store<usize>(slots + ((<usize>index) << 2), 0);
  store<u32>(freeIndexes + ((<usize>freeCount) << 2), index);
  freeCount++;
  open--;
  blockFree(changetype<usize>(transaction));
  current = changetype<Transaction>(0);
}

/** Frees every open transaction: the module is as after its start. */
export function transactionsReset(): void {
  for (let i: u32 = 0; i < indexesMade; i++) {
    const block = load<usize>(slots + ((<usize>i) << 2));
    if (block) transactionFree(changetype<Transaction>(block));
  }
}

/** Stands where a match has no signature, because a rule of the policy made it. */
export const RULE_SIGNATURE: u32 = 65535;

/** Signature of a kept match. */
export function matchSignature(index: u32): u32 {
  return <u32>load<u16>(changetype<usize>(current) + offsetof<Transaction>("signatures0") + ((<usize>index) << 1));
}

/** Sets the bit of each kept match's signature, from the match with this number on. @param bits a bit a signature */
export function markSignatures(bits: usize, from: u32): void {
  for (let i = from; i < current.matches; i++) {
    const signature = matchSignature(i);
    /* Rules have no numbers, and are told once a request. */
    if (signature == RULE_SIGNATURE) continue;
    const byte = bits + <usize>(signature >> 3);
    const bit = (<u32>1) << (signature & 7);
    store<u8>(byte, <u8>(<u32>load<u8>(byte) | bit));
  }
}

/** Notes the signature of a kept match. @param index below MATCHES_MAX */
export function setMatchSignature(index: u32, signature: u32): void {
  store<u16>(changetype<usize>(current) + offsetof<Transaction>("signatures0") + ((<usize>index) << 1), <u16>signature);
}
