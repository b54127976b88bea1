/**
 * A match as it is kept with its transaction and as hosts read it: the point's name, and for every layer from the raw
 * bytes to the one that showed it which span of it is meant, with some bytes around. Secrets are hidden here, before
 * anything is kept.
 */
import { CHAIN_MAX, EXCERPT_BYTES_MAX, MATCHES_MAX, POINT_TEXT_BYTES_MAX, RULE_LINE_BYTES_MAX } from "../abi/limits";
import { Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { copyBytes } from "../bytes/guard";
import { ropeAppend } from "../bytes/rope";
import { locate, locatedEnd, locatedStart } from "../decode/decoder";
import { Layer, layer } from "../decode/layer";
import { writePoint } from "../decode/point";
import { current, matchRope, RULE_SIGNATURE, reachLimit, setMatchSignature } from "../decode/transaction";
import { place, valueBase } from "../decode/value";
import { SEVERITY_BLOCK } from "../policy/image";
import { excepted, judgeMatch, severityOf } from "../policy/verdict";
import { hideAll, hideCards, isSecretPoint } from "./redact";

/** Begin of a match; the point's text follows, then the line of a rule, then the layers. */
@unmanaged
export class MatchHead {
  /** Bytes of the whole match. */
  size: u32;
  signature: u32;
  severity: u32;
  place: u32;
  pointSize: u32;
  layers: u32;
  /** Bytes of the line that names a rule, in the form of the catalog's; 0 for a signature. */
  ruleSize: u32;
  /** Why it does not count under the active policy, by `Spared`, and the exception that says so. */
  spared: u32;
  exception: u32;
}

/** Begin of a layer; the excerpt's bytes follow. */
@unmanaged
export class LayerHead {
  decoder: u32;
  /** The span, relative to the layer; for the first layer relative to the whole value. */
  start: u32;
  end: u32;
  /** Offset in the layer of the excerpt's first byte. */
  excerptAt: u32;
  excerptSize: u32;
}

const MATCH_BYTES_MAX: u32 =
  offsetof<MatchHead>() +
  POINT_TEXT_BYTES_MAX +
  RULE_LINE_BYTES_MAX +
  (CHAIN_MAX + 1) * (offsetof<LayerHead>() + EXCERPT_BYTES_MAX);

/** Bytes on each side of an excerpt that are looked at for numbers it has a part of: 19 digits, percent-encoded. */
const MARGIN_BYTES: u32 = 128;
/** Room for an excerpt and both margins; given anew for each match. */
let wide: usize = 0;

const chain: usize = memory.data(64, 16);
const starts: usize = memory.data(64, 16);
const ends: usize = memory.data(64, 16);

/** Fills `chain` from the raw layer to the current one, with the span in each. @returns how many */
function spansOf(start: u32, end: u32): u32 {
  const count = layer.depth + 1;
  let index = count;
  let one = layer;
  while (index) {
    index--;
    store<usize>(chain + ((<usize>index) << 2), changetype<usize>(one));
    store<u32>(starts + ((<usize>index) << 2), start);
    store<u32>(ends + ((<usize>index) << 2), end);
    if (!index) break;
    const parent = changetype<Layer>(one.parent);
    locate(one.decoder, parent.at, parent.size, start, end);
    start = locatedStart;
    end = locatedEnd;
    one = parent;
  }
  return count;
}

/** Copies an excerpt of a layer with card numbers hidden, those that it has only a part of included. */
function copyHidden(to: usize, one: Layer, from: u32, size: u32): void {
  const before = from < MARGIN_BYTES ? from : MARGIN_BYTES;
  const left = one.size - from - size;
  const after = left < MARGIN_BYTES ? left : MARGIN_BYTES;
  copyBytes(wide, one.at + <usize>(from - before), before + size + after);
  hideCards(wide, before + size + after);
  copyBytes(to, wide + <usize>before, size);
}

/** Writes one layer's record. @returns bytes written */
function writeLayer(to: usize, one: Layer, start: u32, end: u32, base: u32, secret: bool): u32 {
  const head = changetype<LayerHead>(to);
  const span = end - start;
  let lead = span < EXCERPT_BYTES_MAX ? (EXCERPT_BYTES_MAX - span) >> 1 : 0;
  if (lead > start) lead = start;
  const from = start - lead;
  const left = one.size - from;
  const size = left < EXCERPT_BYTES_MAX ? left : EXCERPT_BYTES_MAX;
  head.decoder = one.decoder;
  head.start = start + base;
  head.end = end + base;
  head.excerptAt = from + base;
  head.excerptSize = size;
  const excerpt = to + <usize>offsetof<LayerHead>();
  if (secret) hideAll(excerpt, size);
  else copyHidden(excerpt, one, from, size);
  return offsetof<LayerHead>() + size;
}

/** Keeps a match of the current layer's bytes [start, end). */
export function keepMatch(signature: u32, start: u32, end: u32): void {
  keep(signature, severityOf(signature), judgeMatch(signature), start, end, 0, 0);
}

/** Keeps what a rule has found: all of the current layer. @param line its line, see `MatchHead` @param spared as judged */
export function keepRule(line: usize, size: u32, spared: u32): void {
  keep(RULE_SIGNATURE, SEVERITY_BLOCK, spared, 0, layer.size, line, size);
}

function keep(signature: u32, severity: u32, spared: u32, start: u32, end: u32, line: usize, lineSize: u32): void {
  if (current.matches == MATCHES_MAX) {
    current.matchesDropped++;
    return;
  }
  const mark = arenaMark();
  const at = arenaAlloc(MATCH_BYTES_MAX);
  wide = arenaAlloc(EXCERPT_BYTES_MAX + 2 * MARGIN_BYTES);
  if (!at || !wide) {
    arenaRelease(mark);
    reachLimit(Limit.MEMORY);
    return;
  }
  const head = changetype<MatchHead>(at);
  head.signature = signature;
  head.severity = severity;
  head.place = <u32>place;
  head.spared = spared;
  head.ruleSize = lineSize;
  head.exception = excepted;
  head.pointSize = writePoint(at + <usize>offsetof<MatchHead>());
  head.layers = spansOf(start, end);
  let to = at + <usize>(offsetof<MatchHead>() + head.pointSize);
  copyBytes(to, line, lineSize);
  to += <usize>lineSize;
  const secret = isSecretPoint();
  for (let i: u32 = 0; i < head.layers; i++) {
    const one = changetype<Layer>(load<usize>(chain + ((<usize>i) << 2)));
    const base = i ? 0 : valueBase;
    const from = load<u32>(starts + ((<usize>i) << 2));
    to += <usize>writeLayer(to, one, from, load<u32>(ends + ((<usize>i) << 2)), base, secret);
  }
  head.size = <u32>(to - at);
  if (ropeAppend(matchRope(), at, head.size)) {
    setMatchSignature(current.matches, signature);
    current.matches++;
  } else reachLimit(Limit.MEMORY);
  arenaRelease(mark);
}
