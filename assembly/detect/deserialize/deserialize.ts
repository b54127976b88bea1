/**
 * Serialised objects that make a program build what the sender chose.
 *
 * What an attack IS: a value that as a whole is a stream of a serialiser that calls code while it reads (PHP, Java,
 * .NET BinaryFormatter, Python pickle, Ruby Marshal), as bytes, in base64 or in hexadecimal, where what it builds is
 * not plain data; or a document of JSON or XML whose reader takes the class from it, where the class is one of those
 * that act when they are built or set (type-name.ts). What is none: arrays and plain objects of PHP in a shop's cookie
 * (an object of the shop's own class that holds plain values is told, not blocked);
 * JSON-LD's `@type`; a class named in a text, a stack trace or a search; a session of Ruby that holds strings.
 */
import { VALUE_BYTES_MAX, VALUE_OVERLAP_BYTES } from "../../abi/limits";
import { Limit } from "../../abi/status";
import { isDigit, startsLower } from "../../bytes/ascii";
import { Decoder, decode } from "../../decode/decoder";
import { eightAt, hasOther, layer } from "../../decode/layer";
import { findLastName, lastNameAt, lastNameSize, Place } from "../../decode/point";
import { Has } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { place, spend, valueBase } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { OtherWord } from "../../tables/words.gen";
import { report } from "../match";
import { phpIsPlain, phpObjectEnd } from "./php";
import { isPickle, isRubyObject } from "./stream";
import { typeLex, typeMay } from "./type-name";

/** Base64 text that is decoded here, since streams are mostly no text and the chain of decoders leaves them alone. */
const BASE64_BYTES_MAX: u32 = 2048;
/** Where a long value's second window begins: no value begins there. */
const LATER_WINDOW: u32 = VALUE_BYTES_MAX - VALUE_OVERLAP_BYTES;
/** Work for each byte of a stream whose strings are compared with rows of names. */
const STREAM_UNITS: u32 = 3;
const decoded: usize = memory.data(BASE64_BYTES_MAX + 64, 16);

/** First four bytes as a number, in memory order. */
const JAVA: u32 = 0x0500edac;
const JAVA_BASE64: u32 = 0x41304f72; // rO0A
const DOTNET: u32 = 0x00000100;
const DOTNET_BASE64: u32 = 0x41454141; // AAEA
const ACED: u32 = 0x64656361;

/** What the value begins like. */
enum Start {
  NONE = 0,
  PHP = 1,
  JAVA = 2,
  DOTNET = 3,
  PYTHON = 4,
  RUBY = 5,
  /** Base64 of Python's or Ruby's stream. */
  CODED = 6,
  JAVA_HEX = 7,
}

/** The letter and colon of a PHP value, behind the name and bar of a session file's entry. */
function isPhpStart(at: usize): bool {
  const three = <u32>eightAt(at);
  const c = (three & 255) | 32;
  if (c != 0x6f && c != 0x63 && c != 0x61) return false;
  const next = (three >> 16) & 255;
  return ((three >> 8) & 255) == 0x3a && (isDigit(next) || next == 0x2b);
}

/** Looks at the first bytes only. */
function startOf(): Start {
  const at = layer.at;
  const eight = eightAt(at);
  const four = <u32>eight;
  if (isPhpStart(at)) return Start.PHP;
  if (four == JAVA) return Start.JAVA;
  if (four == JAVA_BASE64) return ((eight >> 32) & 255) == 0x42 ? Start.JAVA : Start.NONE;
  if (four == DOTNET_BASE64 || four == DOTNET) return Start.DOTNET;
  if ((four | 0x20202020) == ACED && (<u32>(eight >> 32) | 0x20202020) == 0x35303030) return Start.JAVA_HEX;
  const two = four & 0xffff;
  if (two == 0x0804) return Start.RUBY;
  if ((four & 0xffffff) == 0x684142) return Start.CODED; // BAh
  if (two == 0x4167) return Start.CODED; // gA
  const first = four & 255;
  if (first == 0x80) return ((four >> 8) & 255) - 2 < 4 ? Start.PYTHON : Start.NONE;
  if ((layer.has & Has.NEWLINE) != 0 && (first == 0x63 || first == 0x28)) return Start.PYTHON;
  if (layer.has & Has.PIPE) {
    let bar = at;
    const size: u32 = layer.size < 32 ? layer.size : 32;
    const stop = at + <usize>(size - 1);
    while (bar < stop && load<u8>(bar) > 0x20 && load<u8>(bar) != 0x7c) bar++;
    if (load<u8>(bar) == 0x7c && isPhpStart(bar + 1)) return Start.PHP;
  }
  return Start.NONE;
}

/** Whether the current layer can hold such an attack; of its bytes only the first ones are looked at. */
export function deserializeGate(): bool {
  if (valueBase >= LATER_WINDOW || layer.size < 6) return false;
  /* Sessions keep what the client says it is, and older readers took it for a value of their own. */
  if (place == Place.USER_AGENT || place == Place.REFERER) return startOf() == Start.PHP;
  return startOf() != Start.NONE || typeMay() || hasOther(OtherWord.GADGET);
}

/** State that a Java framework keeps in its pages; a stream there is the framework's own. */
function isViewState(): bool {
  if (!findLastName()) return false;
  const size = lastNameSize;
  return startsLower(lastNameAt, size, "javax.faces") || startsLower(lastNameAt, size, "jakarta.faces");
}

/** Bytes in files and bodies, as programs of one system send each other. Nobody does that in base64. */
function isWire(): bool {
  return (place == Place.BODY || place == Place.PART) && layer.opaque != 0;
}

/** Decodes the layer's begin and weighs Python's and Ruby's streams in it. */
function judgeCoded(end: usize): void {
  const size = layer.size < BASE64_BYTES_MAX ? layer.size : BASE64_BYTES_MAX;
  if (!spend(size * STREAM_UNITS)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const bytes = decode(Decoder.BASE64, layer.at, size, decoded);
  v128.store(decoded + <usize>bytes, i64x2.splat(0));
  if (load<u8>(decoded) == 0x80) {
    if (isPickle(decoded, bytes)) report(Signature.DESERIALIZE_PICKLE, layer.at, end);
  } else if (load<u16>(decoded) == 0x0804 && isRubyObject(decoded, bytes)) {
    report(Signature.DESERIALIZE_RUBY, layer.at, end);
  }
}

/** `00 01 00 00 00 FF FF FF FF`: header and root of [MS-NRBF] §2.6.1, or its base64. */
function isBinaryFormatter(): bool {
  const head = v128.load(layer.at);
  const second = <u32>i32x4.extract_lane(head, 1);
  const third = <u32>i32x4.extract_lane(head, 2);
  if (<u32>i32x4.extract_lane(head, 0) == DOTNET) return second == 0xffffff00 && (third & 255) == 0xff;
  return second == 0x2f444141 && third == 0x2f2f2f2f; // AAD/ ////
}

function judgeStream(start: Start, end: usize): void {
  switch (start) {
    case Start.PHP: {
      const stop = phpObjectEnd(layer.at, end);
      if (!stop) return;
      /* What a program itself keeps in a cookie comes back with every request. */
      if (place == Place.COOKIE && phpIsPlain(layer.at, end)) report(Signature.DESERIALIZE_STATE, layer.at, stop);
      else report(Signature.DESERIALIZE_PHP, layer.at, stop);
      return;
    }
    case Start.JAVA:
    case Start.JAVA_HEX:
      if (isWire() ? hasOther(OtherWord.GADGET) : !isViewState()) report(Signature.DESERIALIZE_JAVA, layer.at, end);
      return;
    case Start.DOTNET:
      if (isBinaryFormatter() && !isWire()) report(Signature.DESERIALIZE_NET, layer.at, end);
      return;
    case Start.PYTHON:
      if (!spend(layer.size * STREAM_UNITS)) reachLimit(Limit.FUEL);
      else if (isPickle(layer.at, layer.size)) report(Signature.DESERIALIZE_PICKLE, layer.at, end);
      return;
    case Start.RUBY:
      if (!spend(layer.size * STREAM_UNITS)) reachLimit(Limit.FUEL);
      else if (isRubyObject(layer.at, layer.size)) report(Signature.DESERIALIZE_RUBY, layer.at, end);
      return;
    case Start.CODED:
      judgeCoded(end);
      return;
    default:
  }
}

/** Looks for such attacks in the current layer. */
export function deserializeLex(): void {
  if (!deserializeGate()) return;
  if (!spend(layer.size)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const end = layer.at + <usize>layer.size;
  judgeStream(startOf(), end);
  typeLex(end);
}
