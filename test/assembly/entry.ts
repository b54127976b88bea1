/**
 * The test build of the core (`build/merlon.test.wasm`): the released module's face, and its internals under the names
 * that they have inside. Compiled by AssemblyScript; core.ts beside it is the tests' way in.
 */

export * from "../../assembly/bytes/arena";
export * from "../../assembly/bytes/ascii";
export { blockAlloc, blockFree } from "../../assembly/bytes/blocks";
export * from "../../assembly/bytes/crc32";
export * from "../../assembly/bytes/guard";
export * from "../../assembly/bytes/hash";
export * from "../../assembly/bytes/region";
export { ropeAppend, ropeCopy, ropeFree } from "../../assembly/bytes/rope";
export * from "../../assembly/bytes/scan";
export { hidesText, looksBase64, readsAsText } from "../../assembly/decode/base64";
export { addressHigh, addressLow, readAddress } from "../../assembly/decode/client";
export {
  bodyKindOf,
  boundaryAt,
  boundarySize,
  charsetIn,
  codingsOf,
  framingOf,
  sniffKind,
} from "../../assembly/decode/content";
export { decode, decodeChanged, locate, locatedEnd, locatedStart } from "../../assembly/decode/decoder";
export { fieldName, isRepeated, isSkipped } from "../../assembly/decode/field";
export { huffmanBuild, huffmanBytes, huffmanRead } from "../../assembly/decode/huffman";
export { layerIn, layersAlloc } from "../../assembly/decode/layer";
export { isKnownValue, rememberValue } from "../../assembly/decode/memo";
export { isNoise } from "../../assembly/decode/noise";
export { fieldCount, fieldIn, joinedAt, joinedValue, pairsRead } from "../../assembly/decode/pairs";
export {
  findLastName,
  findName,
  lastNameAt,
  lastNameSize,
  pointDepth,
  pointTruncate,
  pushHeaderName,
  pushName,
  pushWord,
  writeEscaped,
  writePoint,
} from "../../assembly/decode/point";
export { joinedWordPayload, profileLayer, wordPayload } from "../../assembly/decode/profile";
export { fromEbcdic } from "../../assembly/decode/recode";
export { stepBytes, stepCodePoint, stepPlain, stepRead, stepSet, stepSize } from "../../assembly/decode/step";
export { detectAll } from "../../assembly/detect/detector";
export { reach, readV4, readV6, value4 } from "../../assembly/detect/ssrf/address";
export { hostForm, hostReach, readHost } from "../../assembly/detect/ssrf/host";
export * from "../../assembly/index";
export { blocks, effectiveMode } from "../../assembly/policy/mode";
export { severityOf } from "../../assembly/policy/verdict";
export { writeStamp } from "../../assembly/report/line";
export { hideCards } from "../../assembly/report/redact";
export { wordTable } from "../../assembly/tables/words.gen";

import { Rope } from "../../assembly/bytes/rope";
import { Layer, layerIn, layersAlloc, setLayer } from "../../assembly/decode/layer";
import { Place } from "../../assembly/decode/point";
import { setCurrent, transactionOf } from "../../assembly/decode/transaction";
import { fuel, setFuel, setPlace, spend } from "../../assembly/decode/value";
import { isTrusted } from "../../assembly/policy/trusted";
import { isSecretPoint } from "../../assembly/report/redact";

/** Bytes of a rope's head. */
export const ROPE_BYTES: u32 = offsetof<Rope>();
/** Where a rope's head keeps its size. */
export const ROPE_SIZE: u32 = offsetof<Rope>("size");
/** Bytes of a layer, and offsets in it. */
export const LAYER_BYTES: u32 = offsetof<Layer>();
export const LAYER_HAS: u32 = offsetof<Layer>("has");
export const LAYER_WORDS: u32 = offsetof<Layer>("words");
export const LAYER_WORD_COUNT: u32 = offsetof<Layer>("wordCount");
export const LAYER_OPAQUE: u32 = offsetof<Layer>("opaque");

/** Makes a layer of sealed bytes and profiles nothing. */
export function layer_of(at: usize, size: u32): usize {
  const layer = layerIn(layersAlloc(), 0);
  layer.at = at;
  layer.size = size;
  setLayer(layer);
  return changetype<usize>(layer);
}

/** Whether the point on the stack, found in such a place, holds a secret. */
export function is_secret(place: u32): bool {
  setPlace(<Place>place);
  return isSecretPoint();
}

/** Makes a handle's transaction current, as calls do. */
export function enter_transaction(handle: u32): bool {
  const transaction = transactionOf(handle);
  if (!transaction) return false;
  setCurrent(transaction);
  return true;
}

/** Sets the fuel, spends some and says what is left. */
export function fuel_after(units: i32, spent: u32): i32 {
  setFuel(units);
  spend(spent);
  return fuel;
}

/** Whether the active policy trusts an address. */
export function is_trusted(high: u64, low: u64): bool {
  return isTrusted(high, low);
}
