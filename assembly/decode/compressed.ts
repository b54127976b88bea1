/**
 * Compressed bytes in a value: a part of a form, or what came out of base64. What comes out of them is a value of its
 * own, in windows where it is long, with `gzip` in its point. Each byte brings its own work; how many there may be in
 * all values of a request is bounded.
 */
import { FUEL_PER_BYTE, VALUES_INFLATED_BYTES_MAX } from "../abi/limits";
import { Limit } from "../abi/status";
import { collectAdd, collectBegin, collectEnd } from "./collect";
import { Decoder } from "./decoder";
import { gzipBegin, gzipRun, gzipStop, looksGzip, looksZlib, Wrapping } from "./gzip";
import { inflateClose, inflateOpen, madeAt, madeSize } from "./inflate";
import { pointDepth, pointTruncate, pushWord, Word } from "./point";
import { current, reachLimit } from "./transaction";
import { fuel, place, setFuel } from "./value";

/**
 * Whether bytes that came out of base64 begin like compressed ones; zlib's two bytes are too few to tell, but cheap to
 * try. @param layer they become a layer of their own, where gzip is seen to
 */
export function looksCompressed(at: usize, size: u32, layer: bool): bool {
  if (size < 8) return false;
  const first = load<u32>(at);
  return looksZlib(first) || (!layer && looksGzip(first));
}

/** Looks at what the compressed bytes hold, as far as they are sound. */
export function inspectCompressed(at: usize, size: u32): void {
  const one = inflateOpen();
  if (!one) return;
  gzipBegin(one, looksGzip(load<u32>(at)) ? Wrapping.GZIP : Wrapping.ZLIB);
  /* The outer parser may be in the middle of its own value: its chain is set aside. Noise is no anomaly here. */
  const first0 = current.valueFirst;
  const last0 = current.valueLast;
  const size0 = current.valueSize;
  const start0 = current.valueStart;
  const anomalies = current.anomalies;
  current.valueFirst = 0;
  current.valueLast = 0;
  current.valueSize = 0;
  current.valueStart = 0;
  const depth = pointDepth();
  pushWord(Word.GZIP);
  one.at = at;
  one.end = at + <usize>size;
  while (gzipRun(one)) {
    const many = madeSize;
    setFuel(fuel + <i32>(FUEL_PER_BYTE * many));
    collectAdd(place, Decoder.RAW, madeAt, many);
    current.inflated += many;
    if (current.inflated <= VALUES_INFLATED_BYTES_MAX) continue;
    reachLimit(Limit.INFLATED);
    gzipStop(one);
  }
  collectEnd(place, Decoder.RAW, 0, 0);
  collectBegin();
  pointTruncate(depth);
  current.valueFirst = first0;
  current.valueLast = last0;
  current.valueSize = size0;
  current.valueStart = start0;
  current.anomalies = anomalies;
  inflateClose(one);
}
