/**
 * The trace that `explain` asks for: one entry for each layer that was looked at, in order: where the value was found,
 * which decoders led to the layer, which lexers ran, and how it begins. Secrets are hidden as in records.
 *
 * Off, it costs nothing: it takes the detectors' place in the hook of decode/value.ts only while a trace is on.
 */
import { CHAIN_MAX, EXCERPT_BYTES_MAX, POINT_TEXT_BYTES_MAX, TRACE_BYTES_MAX } from "../abi/limits";
import { copyBytes } from "../bytes/guard";
import { reserve } from "../bytes/region";
import { Layer, layer } from "../decode/layer";
import { writePoint } from "../decode/point";
import { current } from "../decode/transaction";
import { fuel, nest, onLayer, place, setEveryLayer, valueBase } from "../decode/value";
import { lexed } from "../detect/detector";
import { lookAtLayer } from "../policy/rule/rule";
import { hideAll, hideCards, isSecretPoint } from "./redact";

/** Names of `Place` in their order, separated by white space. */
export const PLACE_NAMES: string = `method path query_name query header cookie_name cookie referer form_name form
part_name filename part_header part json_key json body trailer authority response user_agent fragment bomb xml
xml_attr xml_markup xml_comment`;

/** Begin of a trace; the entries follow. */
@unmanaged
export class Trace {
  /** Bytes of the trace with its entries. */
  size: u32;
  entries: u32;
  /** Layers that were looked at after the room was used up. */
  dropped: u32;
}

/** Begin of an entry; the point's text follows, then a byte for each decoder, then the excerpt. */
@unmanaged
export class TraceEntry {
  /** Bytes of the whole entry. */
  size: u32;
  place: u32;
  /** Values inside values around this one, itself included. */
  nest: u32;
  /** Offset of the layer's value in the whole one, above 0 in later windows of a long value. */
  base: u32;
  layerSize: u32;
  /** Known words in the layer, counted up to 255. */
  words: u32;
  /** Lexers that ran, one bit each in the order of LEXER_NAMES. */
  lexers: u32;
  /** Matches that the layer gave. */
  found: u32;
  /** Work that the lexers did, in units of about one visit of a byte. */
  work: u32;
  pointSize: u32;
  decoders: u32;
  excerptSize: u32;
}

/** Longest number that redaction hides: a cut one would no longer be known for what it is. */
const CARD_BYTES_MAX: u32 = 40;
const ENTRY_BYTES_MAX: u32 =
  offsetof<TraceEntry>() + POINT_TEXT_BYTES_MAX + CHAIN_MAX + 1 + EXCERPT_BYTES_MAX + CARD_BYTES_MAX;

let room: usize = 0;

/** Begins an empty trace. @returns false when there is no memory for it */
export function traceBegin(): bool {
  if (!room) room = reserve(TRACE_BYTES_MAX);
  if (!room) return false;
  const trace = changetype<Trace>(room);
  trace.size = offsetof<Trace>();
  trace.entries = 0;
  trace.dropped = 0;
  onLayer(traceLayer);
  setEveryLayer(true);
  return true;
}

/** Ends the trace; what it holds stays until the next begins. */
export function traceEnd(): void {
  onLayer(lookAtLayer);
  setEveryLayer(false);
}

/** Address of the trace, 0 where none was begun. */
export function traceAt(): usize {
  return room;
}

/** Looks at the current layer as ever, and notes it. */
function traceLayer(): void {
  const matches = current.matches + current.matchesDropped;
  const before = fuel;
  lookAtLayer();
  const trace = changetype<Trace>(room);
  if (trace.size + ENTRY_BYTES_MAX > TRACE_BYTES_MAX) {
    trace.dropped++;
    return;
  }
  const entry = changetype<TraceEntry>(room + <usize>trace.size);
  entry.found = current.matches + current.matchesDropped - matches;
  entry.work = <u32>(before - fuel);
  writeEntry(entry);
  trace.size += entry.size;
  trace.entries++;
}

function writeEntry(entry: TraceEntry): void {
  entry.place = <u32>place;
  entry.nest = nest;
  entry.base = valueBase;
  entry.layerSize = layer.size;
  entry.words = layer.wordCount;
  entry.lexers = lexed;
  let to = changetype<usize>(entry) + <usize>offsetof<TraceEntry>();
  entry.pointSize = writePoint(to);
  to += <usize>entry.pointSize;
  entry.decoders = layer.depth + 1;
  let one = layer;
  for (let i = entry.decoders; i; i--) {
    store<u8>(to + <usize>(i - 1), <u8>one.decoder);
    one = changetype<Layer>(one.parent);
  }
  to += <usize>entry.decoders;
  entry.excerptSize = writeExcerpt(to);
  entry.size = <u32>(to + <usize>entry.excerptSize - changetype<usize>(entry));
}

/** Writes how the layer begins, secrets hidden. @returns bytes written */
function writeExcerpt(to: usize): u32 {
  const most = EXCERPT_BYTES_MAX + CARD_BYTES_MAX;
  const size = layer.size < most ? layer.size : most;
  copyBytes(to, layer.at, size);
  if (isSecretPoint()) hideAll(to, size);
  else hideCards(to, size);
  return size < EXCERPT_BYTES_MAX ? size : EXCERPT_BYTES_MAX;
}
