/**
 * Readers of a transaction's body: one for each body that a rule has found to be that of the request, a block each.
 * What they find is told at decision points, in the order of its kinds, so that how the body was cut never shows.
 */
import { BLOCK_BYTES, SCHEMA_READERS_MAX } from "../../abi/limits";
import { Limit } from "../../abi/status";
import { blockAlloc } from "../../bytes/blocks";
import { pushName, pushWord, Word } from "../../decode/point";
import { current, reachLimit } from "../../decode/transaction";
import { Section, sectionOf } from "../tables";
import {
  faultTake,
  READER_BYTES,
  Reader,
  readerBegin,
  readerEnd,
  readerFeed,
  readerUse,
  Way,
  wayLevel,
  wayNameAt,
  wayNameSize,
  wayNext,
} from "./reader";
import { bodyIn, Fault, NONE, ruleOf, schemasOf } from "./rows";
import { textUse } from "./text";

/** Opens the tables of an image. @returns false where it has none */
function open(image: usize): bool {
  if (!schemasOf(image)) return false;
  textUse(sectionOf(image, Section.AUTOMATA));
  return true;
}

function readerAt(block: usize): Reader {
  return changetype<Reader>(block);
}

/** Starts to hold the body to come against a row of the image's bodies. */
export function bodyHold(slot: u32, image: usize, body: u32): void {
  if (!open(image)) return;
  let count: u32 = 0;
  for (let block = current.readers; block; block = readerAt(block).next) count++;
  const block = count < SCHEMA_READERS_MAX && READER_BYTES <= BLOCK_BYTES ? blockAlloc() : 0;
  if (!block) {
    reachLimit(Limit.MEMORY);
    return;
  }
  readerUse(readerAt(block), sectionOf(image, Section.TEXTS));
  readerBegin(slot, body);
  readerAt(block).next = current.readers;
  current.readers = block;
}

/** Reads the next bytes of the body for a slot's readers. */
export function bodiesFeed(slot: u32, image: usize, at: usize, size: u32): void {
  if (!current.readers || !open(image)) return;
  for (let block = current.readers; block; block = readerAt(block).next) {
    if (readerAt(block).slot != slot) continue;
    readerUse(readerAt(block), sectionOf(image, Section.TEXTS));
    readerFeed(at, size);
  }
}

/** The body is complete. What was not looked at, for want of room or beyond a limit, is no fault of it. */
export function bodiesEnd(slot: u32, image: usize): void {
  if (!current.readers || !open(image)) return;
  const isAll = (current.limits & (Limit.OVERSIZE | Limit.INFLATED | Limit.MEMORY)) == 0;
  for (let block = current.readers; block; block = readerAt(block).next) {
    if (readerAt(block).slot != slot) continue;
    readerUse(readerAt(block), sectionOf(image, Section.TEXTS));
    readerEnd(isAll);
  }
}

/** The fault taken last: its kind, and the rule that tells it. */
let fault: u32 = 0;
export let faultRule: u32 = 0;

/** Takes the next fault of a slot's readers that a rule tells. @returns false when there is none */
export function faultNext(slot: u32, image: usize): bool {
  if (!current.readers || !open(image)) return false;
  for (let block = current.readers; block; block = readerAt(block).next) {
    const reader = readerAt(block);
    if (reader.slot != slot) continue;
    readerUse(reader, sectionOf(image, Section.TEXTS));
    for (fault = faultTake(); fault != NONE; fault = faultTake()) {
      faultRule = ruleOf(bodyIn(reader.body), fault);
      if (faultRule != NONE) return true;
    }
  }
  return false;
}

/** Pushes the point at which the fault taken last is. */
export function faultPoint(): void {
  pushWord(Word.POST);
  if (fault == <u32>Fault.BODY) return;
  pushWord(Word.JSON_DOC);
  let next: u32 = 0;
  for (let way: Way = wayLevel(fault, next); way != Way.END; way = wayLevel(fault, next)) {
    pushWord(way == Way.NAME ? Word.HASH : Word.ARRAY);
    if (wayNameSize) pushName(wayNameAt, wayNameSize);
    next = wayNext;
  }
}
