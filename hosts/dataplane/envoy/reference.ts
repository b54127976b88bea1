/**
 * Ids of requests that were stopped or recorded: ULIDs, as hosts/core/ulid.ts makes them. An instance has no source of
 * randomness, so the lower 80 bits are a hash over the clock in nanoseconds, the peer with its port, the stream and all
 * ids before: unique, and nobody's secret.
 */
import { proxy_get_current_time_nanoseconds } from "./env";
import { answerAt, answerSize, askProperty } from "./proxy";
import { Stream, StreamFlag } from "./streams";

/** Characters of an id, and of the part of it that people are shown. */
export const ID_CHARACTERS: u32 = 26;
export const REFERENCE_CHARACTERS: u32 = 16;

const clock: usize = memory.data(8, 8);
let state: u64 = 0;

/** A step of splitmix64. */
function mix(value: u64): u64 {
  let z = value + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/** Gives a stream its id, if it has none. */
export function nameStream(stream: Stream): void {
  if (stream.flags & StreamFlag.NAMED) return;
  stream.flags |= StreamFlag.NAMED;
  const now = proxy_get_current_time_nanoseconds(clock) == 0 ? load<u64>(clock) : 0;
  state = mix(state ^ now ^ ((<u64>stream.context) << 32));
  if (askProperty("source\0address")) {
    for (let i: u32 = 0; i < answerSize && i < 64; i++) state = mix(state ^ <u64>load<u8>(answerAt + <usize>i));
  }
  const low = mix(state);
  /* 48 bits of time, then 80 of hash. */
  stream.idHigh = (((now / 1000000) & 0xffffffffffff) << 16) | (state & 0xffff);
  stream.idLow = low;
}

/** Milliseconds since 1970 at which a stream got its id. */
export function namedAt(stream: Stream): u64 {
  return stream.idHigh >> 16;
}

const ALPHABET: string = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Writes the first characters of a stream's id, most of them 26. @returns bytes written */
export function writeId(to: usize, stream: Stream, characters: u32): u32 {
  for (let i: u32 = 0; i < characters; i++) {
    /* Five bits each, the first of two zeros and three bits. */
    const shift: u32 = 125 - i * 5;
    let bits: u64;
    if (shift >= 64) bits = stream.idHigh >> (shift - 64);
    else if (shift > 59) bits = (stream.idHigh << (64 - shift)) | (stream.idLow >> shift);
    else bits = stream.idLow >> shift;
    store<u8>(to + <usize>i, <u8>load<u16>(changetype<usize>(ALPHABET) + ((<usize>(bits & 31)) << 1)));
  }
  return characters;
}

function writeDigits(to: usize, value: u32, digits: u32): usize {
  for (let i = digits; i; i--) {
    store<u8>(to + <usize>(i - 1), <u8>(48 + (value % 10)));
    value /= 10;
  }
  return to + <usize>digits;
}

/**
 * Writes a time as RFC 3339 in UTC with milliseconds, 24 bytes.
 * @see https://howardhinnant.github.io/date_algorithms.html#civil_from_days
 */
export function writeTime(to: usize, ms: u64): u32 {
  const start = to;
  const days = <u32>(ms / 86400000) + 719468;
  const rest = <u32>(ms % 86400000);
  const era = days / 146097;
  const ofEra = days - era * 146097;
  const yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146096) / 365;
  const ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const shifted = (5 * ofYear + 2) / 153;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  to = writeDigits(to, yearOfEra + era * 400 + (month < 3 ? 1 : 0), 4);
  store<u8>(to++, 0x2d);
  to = writeDigits(to, month, 2);
  store<u8>(to++, 0x2d);
  to = writeDigits(to, ofYear - (153 * shifted + 2) / 5 + 1, 2);
  store<u8>(to++, 0x54);
  to = writeDigits(to, rest / 3600000, 2);
  store<u8>(to++, 0x3a);
  to = writeDigits(to, (rest / 60000) % 60, 2);
  store<u8>(to++, 0x3a);
  to = writeDigits(to, (rest / 1000) % 60, 2);
  store<u8>(to++, 0x2e);
  to = writeDigits(to, rest % 1000, 3);
  store<u8>(to++, 0x5a);
  return <u32>(to - start);
}
