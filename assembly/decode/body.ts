/**
 * The body: chooses the parser that the head or the first bytes ask for, and hands it piece after piece. What a parser
 * gives up on goes on as plain text.
 */
import { Anomaly } from "../abi/status";
import { isSpace } from "../bytes/ascii";
import { collectAdd, collectBegin, collectEnd } from "./collect";
import { sniffKind } from "./content";
import { Decoder } from "./decoder";
import { FormState, formBegin, formFeed } from "./form";
import { JsonState, jsonBegin, jsonEnd, jsonFeed } from "./json";
import { multipartBegin, multipartEnd, multipartFeed } from "./multipart";
import { Place, pointTruncate, pushWord, Word } from "./point";
import { pollutionBegin, pollutionEnd } from "./pollution";
import { BodyKind, current, noteAnomaly, parserState } from "./transaction";

/** Starts the parser that `current.bodyKind` names. */
export function bodyBegin(): void {
  switch (current.bodyKind) {
    case BodyKind.FORM:
      pollutionBegin();
      formBegin(changetype<FormState>(parserState()), 0x26, Place.FORM_NAME, Place.FORM, Decoder.FORM);
      return;
    case BodyKind.JSON:
      jsonBegin(changetype<JsonState>(parserState()));
      collectBegin();
      return;
    case BodyKind.MULTIPART:
      multipartBegin();
      return;
    default:
      collectBegin();
  }
}

function switchTo(kind: BodyKind): void {
  current.bodyKind = <u32>kind;
  bodyBegin();
}

/** Skips white space before an untyped body; the first other byte chooses. @returns bytes read */
function sniff(at: usize, size: u32): u32 {
  for (let i: u32 = 0; i < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (isSpace(c)) continue;
    switchTo(sniffKind(c));
    return i;
  }
  return size;
}

/** Reads the next piece of the body. */
export function bodyFeed(at: usize, size: u32): void {
  pointTruncate(0);
  pushWord(Word.POST);
  while (size) {
    let read = size;
    switch (current.bodyKind) {
      case BodyKind.FORM:
        pushWord(Word.FORM);
        formFeed(changetype<FormState>(parserState()), at, size, false);
        break;
      case BodyKind.JSON:
        read = jsonFeed(changetype<JsonState>(parserState()), at, size);
        if (read < size) {
          noteAnomaly(Anomaly.JSON);
          switchTo(BodyKind.RAW);
        }
        break;
      case BodyKind.MULTIPART:
        pushWord(Word.MULTIPART);
        multipartFeed(at, size);
        break;
      case BodyKind.SNIFF:
        read = sniff(at, size);
        break;
      default:
        collectAdd(Place.BODY, Decoder.RAW, at, size);
    }
    pointTruncate(1);
    at += <usize>read;
    size -= read;
  }
  pointTruncate(0);
}

/** The body is complete, or as much of it as is looked at. */
export function bodyEnd(): void {
  pointTruncate(0);
  pushWord(Word.POST);
  switch (current.bodyKind) {
    case BodyKind.FORM:
      pushWord(Word.FORM);
      formFeed(changetype<FormState>(parserState()), 0, 0, true);
      pollutionEnd(Place.FORM, Decoder.FORM);
      break;
    case BodyKind.JSON:
      jsonEnd(changetype<JsonState>(parserState()));
      break;
    case BodyKind.MULTIPART:
      pushWord(Word.MULTIPART);
      multipartEnd();
      break;
    default:
      collectEnd(Place.BODY, Decoder.RAW, 0, 0);
  }
  pointTruncate(0);
}
