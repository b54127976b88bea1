/** What a trace of the core says: every layer that was looked at, in order. Decoded by engine.ts, shown by explain. */

/** One layer of one value. */
export interface TraceEntry {
  /** The point's name in dotted form; the same for all layers of a value. */
  readonly point: string;
  /** What kind of place the value was found in: `query`, `header`, `json` … Detectors weigh places differently. */
  readonly place: string;
  /** From `raw` to the decoder that made this layer. */
  readonly decoders: readonly string[];
  /** Values inside values around this one, itself included: 2 for a field of JSON in a parameter. */
  readonly nest: number;
  /** Offset of the looked-at window in the whole value. */
  readonly offset: number;
  /** Bytes of the layer. */
  readonly size: number;
  /** How the layer begins, masked where policy says so; at most EXCERPT_BYTES_MAX bytes. */
  readonly excerpt: Uint8Array;
  /** Known words in the layer, at most 255. */
  readonly words: number;
  /** Lexers that looked at the layer, since its characters and words said that they may find something. */
  readonly lexers: readonly string[];
  /** Matches that the layer gave; one already given by an earlier layer of the value is not counted again. */
  readonly found: number;
  /** Work of the lexers, in units of about one visit of a byte. */
  readonly work: number;
}

/** All layers looked at while the trace was on. */
export interface Trace {
  readonly entries: readonly TraceEntry[];
  /** Layers beyond TRACE_BYTES_MAX, counted and not kept. */
  readonly dropped: number;
}
