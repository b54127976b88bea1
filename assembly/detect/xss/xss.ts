/**
 * Cross-site scripting: a value that makes the page it is put into run script.
 *
 * Two languages, two readers. markup.ts asks what elements and attributes the value would add to a page; script.ts asks
 * what it would do inside a script. Both demand an effect, a node or a call that runs something, in a reading that
 * holds together; neither counts words.
 */
import { Limit } from "../../abi/status";
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { spend } from "../../decode/value";
import { HTML_MASK, HTML_SHIFT, JS_MASK, JS_SHIFT } from "../../tables/words.gen";
import { scanShifted, scanUtf7 } from "./charset";
import { scanMarkup } from "./markup";
import { escapesLetters, joinsStrings, scanData, scanScript, scanSymbols, scanUrl } from "./script";
import { scriptScheme } from "./url";

/** What a byte costs in all scans together that pass the layer once, in units. */
const SCAN_UNITS: u32 = 1;

/** Whether tags, or attributes that break out of one, can be there. */
function markupGate(): bool {
  return (
    (layer.has & Has.LESS) != 0 || ((layer.has & Has.EQUALS) != 0 && (layer.words & (HTML_MASK << HTML_SHIFT)) != 0)
  );
}

/** Longest value in which a function is looked for that nothing calls: a member that turns its object into a value. */
const UNCALLED_BYTES: u32 = 256;

/** Whether a function of `JsWord` can be called, tagged or assigned, or a secret joined to a string. */
function scriptGate(): bool {
  if (!(layer.words & (JS_MASK << JS_SHIFT))) return false;
  if (layer.has & (Has.OPEN | Has.BACKTICK | Has.EQUALS)) return true;
  return layer.size <= UNCALLED_BYTES && (layer.has & (Has.PLUS | Has.BRACE)) != 0;
}

/** Whether strings can be put together to the name of such a function. */
function joinGate(): bool {
  const needed = Has.BRACKET | Has.OPEN | Has.PLUS;
  const quotes = Has.SINGLE | Has.DOUBLE | Has.BACKTICK;
  return (layer.has & needed) == needed && (layer.has & quotes) != 0;
}

function symbolGate(): bool {
  const needed = Has.BRACKET | Has.OPEN | Has.PLUS | Has.MARK;
  return (layer.has & needed) == needed && layer.size >= 48;
}

/** Whether tags in UTF-7 can be there. */
function utf7Gate(): bool {
  return (layer.has & Has.DASH) != 0 && ((layer.words >> HTML_SHIFT) & HTML_MASK) != 0;
}

/** Whether a script element with shifted brackets can be there, and a call in it. */
function shiftedGate(): bool {
  return (layer.has & Has.HIGH) != 0 && (layer.words & (JS_MASK << JS_SHIFT)) != 0;
}

/** Whether the value can be a script URL that acts; all its words may stand in pieces, as line ends are dropped. */
function urlGate(): bool {
  const acts = Has.OPEN | Has.BACKTICK | Has.EQUALS;
  if (!(layer.has & Has.COLON) || !(layer.has & acts)) return false;
  if (layer.words & ((HTML_MASK << HTML_SHIFT) | (JS_MASK << JS_SHIFT))) return true;
  return (layer.has & Has.SPACE) != 0 && scriptScheme(layer.at, layer.at + <usize>layer.size) != 0;
}

/** Whether letters of functions may be written as escapes, so that no word of the layer names one. */
function escapeGate(): bool {
  return (layer.has & Has.BACKSLASH) != 0 && (layer.has & (Has.OPEN | Has.BACKTICK)) != 0 && escapesLetters();
}

function dataGate(): bool {
  const needed = Has.COLON | Has.COMMA | Has.SLASH;
  return (layer.has & needed) == needed;
}

/** Whether the current layer can hold such an attack. */
export function xssGate(): bool {
  return (
    markupGate() ||
    utf7Gate() ||
    scriptGate() ||
    joinGate() ||
    escapeGate() ||
    shiftedGate() ||
    urlGate() ||
    symbolGate() ||
    dataGate()
  );
}

/** Looks for such attacks in the current layer. */
export function xssLex(): void {
  if (!spend(layer.size * SCAN_UNITS)) {
    reachLimit(Limit.FUEL);
    return;
  }
  if (markupGate()) scanMarkup();
  if (utf7Gate()) scanUtf7();
  if (urlGate()) scanUrl();
  if (scriptGate() || (joinGate() && joinsStrings()) || escapeGate()) scanScript();
  if (shiftedGate()) scanShifted();
  if (dataGate()) scanData();
  if (symbolGate()) scanSymbols();
}
