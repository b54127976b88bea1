/** Wires the rooms of the core together and reserves their memory, once, when the module is instantiated. */
import { arenaInit } from "../bytes/arena";
import { crc32, crc32Init } from "../bytes/crc32";
import { allow, pad } from "../bytes/guard";
import { reserve } from "../bytes/region";
import { base64Init } from "../decode/base64";
import { textFeed } from "../decode/body";
import { onTrusted } from "../decode/client";
import { onText } from "../decode/coding";
import { entityInit } from "../decode/entity";
import { fieldInit } from "../decode/field";
import { spellPath } from "../decode/json";
import { Format, onSpell } from "../decode/point";
import { profileInit } from "../decode/profile";
import { onBodyText, onLayer, onWant } from "../decode/value";
import { spellXml } from "../decode/xml/state";
import { onMatch } from "../detect/match";
import { imageInit } from "../policy/image";
import { layersWanted, lookAtLayer, onRule, rulesBody } from "../policy/rule/rule";
import { isTrusted } from "../policy/trusted";
import { verdictInit } from "../policy/verdict";
import { lineInit } from "../report/line";
import { keepMatch, keepRule } from "../report/record";
import { resultInit } from "../report/result";
import { WORD_TABLE_BITS, wordTable } from "../tables/words.gen";
import { INPUT_BYTES_MAX } from "./limits";

/** Where hosts write what they hand over. */
export let inputAt: usize = 0;
let tablesCrc: u32 = 0;

/** Whether the tables still have the bytes they were built with. */
export function tablesIntact(): bool {
  return crc32(wordTable, 8 << WORD_TABLE_BITS) == tablesCrc;
}

/** Spells out the way in a document of any format. */
function spellDocument(state: usize, format: u32): void {
  if (format == Format.XML) spellXml(state);
  else spellPath(state);
}

/** Called by the module's start code. */
export function start(): void {
  if (inputAt) return;
  allow(8, <u32>(__heap_base - 8));
  crc32Init();
  tablesCrc = crc32(wordTable, 8 << WORD_TABLE_BITS);
  arenaInit();
  inputAt = reserve(INPUT_BYTES_MAX + 16);
  pad(inputAt + <usize>INPUT_BYTES_MAX, 16);
  profileInit();
  base64Init();
  entityInit();
  fieldInit();
  imageInit();
  verdictInit();
  resultInit();
  lineInit();
  onSpell(spellDocument);
  onText(textFeed);
  onLayer(lookAtLayer);
  onWant(layersWanted);
  onBodyText(rulesBody);
  onMatch(keepMatch);
  onRule(keepRule);
  onTrusted(isTrusted);
}
