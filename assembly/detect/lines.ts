/**
 * Values of several lines whose first line is one token: an address, a key, a folder. Protocols of lines (SMTP, IMAP,
 * Redis, memcached) take what stands on the next line for a field or command of its own. A text begins otherwise: its
 * first line has words.
 */
import { isSpace } from "../bytes/ascii";
import { layer } from "../decode/layer";
import { Has } from "../decode/profile";
import { valueBase } from "../decode/value";

/** Longest first line, in bytes. */
const TOKEN_MAX: usize = 128;
/** Lines that are read behind the first. */
const LINES_MAX: u32 = 8;

/** The line that was read last, without its break, and whether the first line is an address. */
export let lineAt: usize = 0;
export let lineEnd: usize = 0;
export let firstIsAddress: bool = false;
let cursor: usize = 0;
let lines: u32 = 0;

/** Whether the current layer has lines and may be such a value: behind its lines a text of any length may follow. */
export function linesGate(): bool {
  return (layer.has & Has.NEWLINE) != 0 && valueBase == 0;
}

function isBreak(c: u32): bool {
  return c == 0x0a || c == 0x0d;
}

/** Starts on the lines of the current layer. @returns false if its first line is not one token */
export function linesBegin(): bool {
  const end = layer.at + <usize>layer.size;
  let at = layer.at;
  const stop = end - at > TOKEN_MAX ? at + TOKEN_MAX : end;
  firstIsAddress = false;
  while (at < stop && !isBreak(load<u8>(at)) && !isSpace(load<u8>(at))) {
    if (load<u8>(at) == 0x40 && at > layer.at) firstIsAddress = true;
    at++;
  }
  if (at == layer.at) return false;
  while (at < stop && isSpace(load<u8>(at)) && !isBreak(load<u8>(at))) at++;
  cursor = at;
  lines = 0;
  return at < stop && isBreak(load<u8>(at));
}

/** Reads the next line that is not empty. @returns false at the end */
export function linesNext(): bool {
  const end = layer.at + <usize>layer.size;
  while (cursor < end && isSpace(load<u8>(cursor))) cursor++;
  if (cursor >= end || lines == LINES_MAX) return false;
  lineAt = cursor;
  while (cursor < end && !isBreak(load<u8>(cursor))) cursor++;
  lineEnd = cursor;
  lines++;
  return true;
}
