/** Merlon as the benchmark calls it: one request through the core, as a host drives it but without its sockets. */
import { readFileSync } from "node:fs";
import { Engine } from "../../hosts/core/engine.ts";
import type { Inspector, RequestHead, Transaction } from "../../hosts/core/verdict.ts";
import { type BenchRequest, headerOf } from "./mix.ts";

const PEER = "192.0.2.10";
/** The clock that the core is given: fixed, as everything else in the mix is. */
const NOW_SECONDS = 1_790_000_000;

/** A request in the shape that the core is given, made before anything is measured. */
export interface PreparedRequest {
  readonly head: RequestHead;
  readonly body: Uint8Array;
  readonly wireBytes: number;
}

/**
 * The core with its built-in policy.
 * @param wasm another module than `build/merlon.wasm`, to compare builds; its hash is not checked
 */
export function loadMerlon(wasm?: string): Engine {
  return Engine.load(wasm === undefined ? {} : { wasm: readFileSync(wasm) });
}

/** Not measured. */
export function prepareRequest(request: BenchRequest): PreparedRequest {
  const { method, target, rawHeaders, body, wireBytes } = request;
  const authority = headerOf(request, "host");
  return { head: { method, target, authority, scheme: "https", rawHeaders }, body, wireBytes };
}

/** The measured path: begin, head, body, end, free. */
export function inspect(inspector: Inspector, request: PreparedRequest): void {
  feed(inspector, request).free();
}

/** What the core says of a request in mode `block`, and how much of its body it read. Not measured. */
export function judge(
  inspector: Inspector,
  request: PreparedRequest,
): { readonly blocks: boolean; readonly inspectedBytes: number; readonly failed: boolean } {
  const transaction = feed(inspector, request);
  const { wouldAction, inspectedBytes, failed } = transaction.verdict();
  transaction.free();
  return { blocks: wouldAction === "block", inspectedBytes, failed };
}

function feed(inspector: Inspector, request: PreparedRequest): Transaction {
  const transaction = inspector.begin(PEER, NOW_SECONDS);
  transaction.head(request.head);
  if (request.body.length > 0) transaction.body(request.body);
  transaction.end();
  return transaction;
}
