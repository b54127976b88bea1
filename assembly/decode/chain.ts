/**
 * From one value to all its plausible readings: the decoder that its place demands, then whatever else could be undone,
 * bounded in number, depth and work, the same bytes never twice. Every reading goes to the lexers.
 */
import {
  CHAIN_MAX,
  LAYERS_MAX,
  NEST_MAX,
  ROUNDS_MAX,
  VALUE_BYTES_MAX,
  VALUE_BYTES_MIN,
  VALUE_OVERLAP_BYTES,
} from "../abi/limits";
import { Limit } from "../abi/status";
import { arenaAlloc, arenaAllocValue, arenaMark, arenaRelease, sealValue } from "../bytes/arena";
import { copyBytes } from "../bytes/guard";
import { sameBytes } from "../bytes/scan";
import { base64Head, hidesText, looksBase64, readsAsText } from "./base64";
import { inspectCompressed, looksCompressed } from "./compressed";
import { Charset } from "./content";
import { Decoder, decode, decodeChanged } from "./decoder";
import { closeAccount, openAccount } from "./fuel";
import { mayBeGraphql, nestedGraphql } from "./graphql";
import { looksGzip, looksZlib } from "./gzip";
import { beginsLikeJson, nestedJson } from "./json";
import { inspectToken, tokenAt } from "./jwt";
import { Layer, layer, layerIn, layersAlloc, setLayer } from "./layer";
import { isNoise } from "./noise";
import { isOff, Parser } from "./parser";
import { mayBeParts, nestedParts } from "./parts";
import { Place } from "./point";
import { Has, profileLayer } from "./profile";
import { looksWide } from "./recode";
import { inspectSerialized, looksSerialized } from "./serialized";
import { current, markSignatures, reachLimit } from "./transaction";
import {
  everyLayer,
  fuel,
  inspectLayer,
  lexersFor,
  nest,
  place,
  SEEN_BYTES,
  seen,
  setNest,
  setPlace,
  setSeen,
  setValueBase,
  spend,
  told,
  valueBase,
} from "./value";
import { nestedXml } from "./xml";

/** What it costs, in units, to decode a byte and to profile one, and what a layer and a window cost beyond that. */
const DECODE_UNITS: u32 = 4;
const PROFILE_UNITS: u32 = 2;
const LAYER_UNITS: u32 = 64;
const WINDOW_UNITS: u32 = 64;

let room: usize = 0;
let count: u32 = 0;
/** The current window as it lies in the input, for the look that comes before any layer is made. */
const bare: Layer = changetype<Layer>(memory.data(offsetof<Layer>(), 16));
/** Values below this size are looked at with zeros behind them; in longer ones gates read nothing behind the end. */
const SHORT_BYTES: u32 = 64;
const short: usize = memory.data(SHORT_BYTES + 32, 16);

/** Whether an earlier layer has the same bytes. Most decoders shrink, so that sizes alone tell. */
function known(at: usize, size: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const other = layerIn(room, i);
    if (other.size == size && sameBytes(other.at, at, size)) return true;
  }
  return false;
}

/** Takes the bytes as the next layer, if there is room and they are new. @returns the layer or null */
function addLayer(at: usize, size: u32, parent: Layer, decoder: u32): Layer {
  if (known(at, size)) return changetype<Layer>(0);
  if (count == LAYERS_MAX) {
    reachLimit(Limit.LAYERS);
    return changetype<Layer>(0);
  }
  const next = layerIn(room, count);
  next.at = at;
  next.size = size;
  next.parent = changetype<usize>(parent);
  next.decoder = decoder;
  next.depth = parent ? parent.depth + 1 : 0;
  next.superseded = 0;
  next.wanted = 0;
  next.document = parent ? parent.document : 0;
  count++;
  return next;
}

/** Takes over what is known of the bytes from the same bytes elsewhere. */
function copyProfile(to: Layer, from: Layer): void {
  to.has = from.has;
  to.words = from.words;
  to.wordCount = from.wordCount;
  to.opaque = from.opaque;
  to.wanted = from.wanted;
}

/** Decodes a layer; @returns the new layer, or null where nothing changed or the result is known */
function tryDecoder(from: Layer, decoder: u32): Layer {
  if (from.depth >= CHAIN_MAX) {
    reachLimit(Limit.LAYERS);
    return changetype<Layer>(0);
  }
  if (!spend(from.size * DECODE_UNITS + LAYER_UNITS)) {
    reachLimit(Limit.FUEL);
    return changetype<Layer>(0);
  }
  const mark = arenaMark();
  const at = arenaAllocValue(from.size);
  if (!at) {
    reachLimit(Limit.MEMORY);
    return changetype<Layer>(0);
  }
  const size = decode(decoder, from.at, from.size, at);
  if (!decodeChanged) {
    arenaRelease(mark);
    return changetype<Layer>(0);
  }
  sealValue(at, size);
  if (decoder == Decoder.BASE64) {
    const text = readsAsText(at, size);
    if (looksCompressed(at, size, text) && !isOff(Parser.ZLIB) && mayNest()) inspectCompressed(at, size);
    if (!text) {
      arenaRelease(mark);
      return changetype<Layer>(0);
    }
  }
  const next = addLayer(at, size, from, decoder);
  if (next) profileLayer(next);
  else arenaRelease(mark);
  return next;
}

/** Characters of base64 (RFC 4648 §4, §5), white space between its lines among them. */
const BASE64: u32 = Has.ALPHA | Has.DIGIT | Has.PLUS | Has.SLASH | Has.DASH | Has.EQUALS | Has.SPACE | Has.NEWLINE;
/** With one of all others, trying is in vain. */
const NOT_BASE64: u32 = ~BASE64;

/** Whether the bytes are base64 of a text or of compressed bytes; most values of its alphabet are words and numbers. */
function hidesReading(at: usize, size: u32): bool {
  if (!looksBase64(at, size) || isOff(Parser.BASE64)) return false;
  if (hidesText(at, size)) return true;
  const head = base64Head(at);
  return looksZlib(head) || looksGzip(head);
}

/** Undoes one encoding where the layer has its signs. @returns the new layer, or `from` where nothing changed */
function undo(from: Layer, signs: u32, decoder: u32): Layer {
  if (!(from.has & signs)) return from;
  const next = tryDecoder(from, decoder);
  return next ? next : from;
}

/**
 * Undoes encodings one after another until nothing changes: percent, references, escapes, long UTF-8, base64, and from
 * the start again. Each step is a layer, so what a further step would destroy was looked at before. One line of
 * readings and no tree: the order in which encodings were nested comes out by the rounds, at a cost that is linear.
 */
function expand(base: Layer): void {
  let from = base;
  for (let round: u32 = 0; round < ROUNDS_MAX; round++) {
    const before = from;
    if (isWide(from)) from = undo(from, ANY, Decoder.WIDE);
    if (!isOff(Parser.PERCENT)) from = undo(from, Has.PERCENT, Decoder.PERCENT);
    if (!isOff(Parser.HTMLJS)) from = undo(from, Has.AMPERSAND, Decoder.ENTITY);
    if (isDocument(from)) return;
    const plain = from;
    if (changetype<usize>(from) != changetype<usize>(before)) lookInside(from);
    if (!isOff(Parser.HTMLJS)) from = undo(from, Has.BACKSLASH, Decoder.ESCAPE);
    from = undo(from, Has.LEAD, Decoder.UTF8);
    if (!(from.has & NOT_BASE64) && hidesReading(from.at, from.size)) from = undo(from, ANY, Decoder.BASE64);
    if (changetype<usize>(from) == changetype<usize>(before)) return;
    if (changetype<usize>(from) != changetype<usize>(plain)) lookInside(from);
    if (isNoise(from.at, from.size, from.opaque)) return;
  }
  reachLimit(Limit.LAYERS);
}

/** Whether the layer is UTF-16 of ASCII. */
function isWide(one: Layer): bool {
  return (one.has & Has.CONTROL) != 0 && looksWide(one.at, one.size);
}

/** Whether a form's values are in a character set of another family, as its head says and some servers believe. */
function isForeign(): bool {
  return place == Place.FORM && current.charset == <u32>Charset.EBCDIC;
}

/** Whether a value inside this one may be opened; one too many is reported. */
function mayNest(): bool {
  if (nest < NEST_MAX) return true;
  reachLimit(Limit.NEST);
  return false;
}

/** Values below this hold none of those that `lookInside` opens. */
const OPENED_BYTES_MIN: u32 = 8;

function isGzip(first: u32): bool {
  return looksGzip(first) && !isOff(Parser.ZLIB);
}

function isToken(at: usize, size: u32): bool {
  return tokenAt(at, size) != 0 && !isOff(Parser.JWT);
}

/** Whether the value begins like something that `lookInside` opens. */
function opens(at: usize, size: u32): bool {
  if (size < OPENED_BYTES_MIN) return false;
  const first = load<u32>(at);
  return looksSerialized(first) || isGzip(first) || isToken(at, size);
}

/** Looks at the values that a reading holds by its first bytes: parts of a token, strings of PHP, compressed bytes. */
function lookInside(one: Layer): void {
  if (!opens(one.at, one.size)) return;
  const first = load<u32>(one.at);
  if (looksSerialized(first)) {
    if (mayNest()) inspectSerialized(one);
  } else if (isGzip(first)) {
    /* A body's own compression was undone before it is read as it came. */
    if (!told && mayNest()) inspectCompressed(one.at, one.size);
  } else if (mayNest()) inspectToken(one);
}

/**
 * Whether the layer is a complete JSON document. Its leaves are then values of their own and were looked at; the syntax
 * around them needs no look. An XML document's does: markup means something to more than its parser.
 */
function isDocument(one: Layer): bool {
  if (nest >= NEST_MAX) return false;
  if (!one.document && mayBeXml(one)) {
    const before = current.matches;
    if (nestedXml(one)) one.document = 1;
    /* What a leaf has shown is not told of the whole again: an exception for the leaf shall hold. */
    markSignatures(seen, before);
  }
  if (!one.document && mayBeGraphql(one) && !isOff(Parser.GRAPHQL)) {
    one.document = 1;
    const before = current.matches;
    nestedGraphql(one);
    markSignatures(seen, before);
  }
  if (!one.document && mayBeParts(one) && !isOff(Parser.MULTIPART)) {
    one.document = 1;
    const before = current.matches;
    nestedParts(one);
    markSignatures(seen, before);
  }
  if (isOff(Parser.JSON) || !nestedJson(one)) return false;
  one.superseded = 1;
  return true;
}

/** Whether the layer may be an XML document whose leaves nobody has looked at. */
function mayBeXml(one: Layer): bool {
  const signs = Has.LESS | Has.MARK;
  return (one.has & signs) == signs && !told && place != Place.XML_MARKUP && !isOff(Parser.XML);
}

/** Sign of an encoding that needs none. */
const ANY: u32 = 0xffffffff;

/** Characters without which no encoding of a value could be undone, base64 excepted. */
const ENCODED: u32 = Has.PERCENT | Has.AMPERSAND | Has.BACKSLASH | Has.LEAD;

/**
 * Fills `bare` and says whether the window needs no closer look: nothing could be decoded, and no lexer would run. So
 * it is with most values; they are passed over once and become no layer.
 *
 * Guarantee: what this leaves out, no lexer would have seen. See fuzz/prefilter.test.ts.
 */
function isPlain(decoder: u32, at: usize, size: u32): bool {
  bare.at = at;
  bare.size = size;
  if (size < SHORT_BYTES) {
    copyBytes(short, at, size);
    v128.store(short + <usize>size, i64x2.splat(0));
    v128.store(short + <usize>size + 16, i64x2.splat(0));
    bare.at = short;
  }
  profileLayer(bare);
  bare.wanted = 0;
  if (place != Place.RESPONSE) {
    if (bare.has & ENCODED || (decoder == Decoder.FORM && (bare.has & Has.PLUS) != 0)) return false;
    if (beginsLikeJson(at, at + <usize>size)) return false;
    if ((decoder == Decoder.QUOTED && (bare.has & Has.EQUALS) != 0) || isForeign()) return false;
    if ((bare.has & Has.CONTROL) != 0 && looksWide(at, size)) return false;
    if (!(bare.has & NOT_BASE64) && hidesReading(at, size)) return false;
    if (opens(at, size) || mayBeXml(bare) || mayBeGraphql(bare) || mayBeParts(bare)) return false;
  }
  setLayer(bare);
  bare.wanted = lexersFor();
  return !bare.wanted && !everyLayer;
}

/** Copies the window into padded memory and makes it the first layer. @returns null when the scratch is used up */
function firstLayer(): Layer {
  const copy = arenaAllocValue(bare.size);
  if (!copy) return changetype<Layer>(0);
  copyBytes(copy, bare.at, bare.size);
  sealValue(copy, bare.size);
  const first = addLayer(copy, bare.size, changetype<Layer>(0), Decoder.RAW);
  if (first) copyProfile(first, bare);
  return first;
}

function inspectAll(): void {
  for (let i: u32 = 0; i < count; i++) {
    const next = layerIn(room, i);
    if (next.superseded) continue;
    if (fuel <= 0) {
      reachLimit(Limit.FUEL);
      return;
    }
    setLayer(next);
    inspectLayer();
  }
}

/** Builds the layers of one window and looks at each. */
function inspectWindow(decoder: u32, at: usize, size: u32): void {
  if (!spend(size * PROFILE_UNITS + WINDOW_UNITS)) {
    reachLimit(Limit.FUEL);
    return;
  }
  if (isPlain(decoder, at, size)) return;
  const mark = arenaMark();
  room = layersAlloc();
  count = 0;
  setSeen(arenaAlloc(SEEN_BYTES));
  if (seen) {
    v128.store(seen, told ? v128.load(told) : i64x2.splat(0));
    v128.store(seen + 16, told ? v128.load(told + 16) : i64x2.splat(0));
  }
  const first = room && seen ? firstLayer() : changetype<Layer>(0);
  if (!first) {
    reachLimit(Limit.MEMORY);
    arenaRelease(mark);
    return;
  }
  let base = first;
  if (decoder != Decoder.RAW) {
    const decoded = tryDecoder(first, decoder);
    if (decoded) {
      /* Not every reader of a part undoes what its head announces. */
      if (decoder != Decoder.QUOTED) first.superseded = 1;
      base = decoded;
    }
  }
  if (isForeign()) base = undo(base, ANY, Decoder.EBCDIC);
  /* A response is looked at as it is: nobody decodes it again; of a bomb the bytes do not matter. */
  if (place != Place.RESPONSE && place != Place.BOMB) {
    if (!isDocument(base)) {
      lookInside(base);
      expand(base);
    }
    /* In a form a base64 text's + has become a space. */
    const plus = first.superseded && (first.has & Has.PLUS) != 0 && !isOff(Parser.BASE64);
    if (plus && looksBase64(at, size)) undo(first, ANY, Decoder.BASE64);
  }
  inspectAll();
  arenaRelease(mark);
}

/**
 * Looks at one whole value, in windows where it is long.
 * @param where kind of place it was found in; the point's name is on the point stack
 * @param decoder the decoding that the place demands, `Decoder.RAW` for none
 * @param base offset of the first byte in the whole value
 */
export function inspectValue(where: Place, decoder: u32, at: usize, size: u32, base: u32): void {
  /* Rules may ask for values of any size but none. */
  if (size < VALUE_BYTES_MIN && (!size || !current.rulesPoints)) return;
  const outerPlace = place;
  const outerBase = valueBase;
  const outerLayer = layer;
  const outerSeen = seen;
  const outerRoom = room;
  const outerCount = count;
  setNest(nest + 1);
  setPlace(where);
  while (size) {
    const window = size < VALUE_BYTES_MAX ? size : VALUE_BYTES_MAX;
    setValueBase(base);
    if (nest == 1) openAccount(window);
    inspectWindow(decoder, at, window);
    if (nest == 1) closeAccount();
    if (window == size) break;
    const advance = window - VALUE_OVERLAP_BYTES;
    at += <usize>advance;
    base += advance;
    size -= advance;
  }
  setNest(nest - 1);
  setPlace(outerPlace);
  setValueBase(outerBase);
  setLayer(outerLayer);
  setSeen(outerSeen);
  room = outerRoom;
  count = outerCount;
}
