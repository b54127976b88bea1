/**
 * A layer: one reading of one value, with what was learnt about its bytes in the one pass over them. Layers live in
 * the arena while their value is looked at.
 */

import { LAYERS_MAX } from "../abi/limits";
import { arenaAlloc } from "../bytes/arena";
import { OTHER_SHIFT, OtherWord } from "../tables/words.gen";

/** One reading; made in the room of `layersAlloc`, and gone when its value's inspection ends. */
@unmanaged
export class Layer {
  /** The bytes: 16-aligned, zero-padded to a multiple of 64. */
  at: usize;
  size: u32;
  /** Layer this one was decoded from, null for the first. */
  parent: usize;
  decoder: u32;
  /** Decoders between the raw bytes and here. */
  depth: u32;
  /** Which characters occur: bits of `Has`. */
  has: u32;
  /** Which words occur: the payloads of all known words, or-ed. See tables/words. */
  words: u32;
  /** Known words in the layer, counted up to 255. */
  wordCount: u32;
  /** Bytes that are not text: control characters and broken UTF-8. */
  opaque: u32;
  /** 1 when the layer is only a step towards the next (a form value before its escapes are undone). */
  superseded: u32;
  /** Lexers that want to look at it, 0 where that was not asked yet. */
  wanted: u32;
  /** 1 when the leaves of the document that the layer is were looked at, in this layer or one before it. */
  document: u32;
}

/** The layer that lexers look at now. */
export let layer: Layer = changetype<Layer>(0);

/** Whether a word of this kind of the group `other` may occur in the layer: kinds share bits, so it may be another. */
export function hasOther(kind: OtherWord): bool {
  return ((layer.words >> OTHER_SHIFT) & <u32>kind) == <u32>kind;
}

/** Eight bytes from `at` on, which lies in the layer or at its end; zeros behind the end. */
export function eightAt(at: usize): u64 {
  return i64x2.extract_lane(v128.load(at), 0);
}

/** Makes a layer the one that lexers look at. */
export function setLayer(next: Layer): void {
  layer = next;
}

/** Room for the layers of one value. @returns 0 when the scratch is used up */
export function layersAlloc(): usize {
  return arenaAlloc(LAYERS_MAX * offsetof<Layer>());
}

/** The i-th layer in the room that `layersAlloc` gave. */
export function layerIn(room: usize, index: u32): Layer {
  return changetype<Layer>(room + <usize>(index * offsetof<Layer>()));
}
