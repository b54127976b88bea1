/**
 * Data bombs: compressed bodies that grow beyond all that a program would send. decode/coding.ts counts what goes into
 * a stream and what comes out; it hands over the bytes at which the stream was given up, and here they get their name.
 *
 * What a bomb IS: at least BOMB_BYTES_MIN of output, and BOMB_RATIO times the input, a ratio that DEFLATE reaches only
 * for one pattern without end. What is none: logs, tables and empty images, which stay below a hundred.
 */
import { layer } from "../decode/layer";
import { Place } from "../decode/point";
import { place } from "../decode/value";
import { Signature } from "../tables/signatures.gen";
import { report } from "./match";

/** Whether the current layer is the place where a stream was given up. */
export function bombGate(): bool {
  return place == Place.BOMB;
}

/** Tells the bomb. */
export function bombLex(): void {
  if (bombGate()) report(Signature.DATA_BOMB_INFLATE, layer.at, layer.at + <usize>layer.size);
}
