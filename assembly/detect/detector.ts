/**
 * Which lexers look at a layer. The pass of decode/profile.ts has said which characters and words occur; a lexer runs
 * only where its attacks could be. `detectAll` runs every lexer everywhere, which tests use to prove that this choice
 * never hides a match.
 *
 * Guarantee: a gate may let a lexer run in vain; it never keeps one from a match. Proven in fuzz/prefilter.test.ts.
 */
import { Limit } from "../abi/status";
import { layer } from "../decode/layer";
import { Place } from "../decode/point";
import { Has } from "../decode/profile";
import { reachLimit } from "../decode/transaction";
import { place, setEveryLayer, spend } from "../decode/value";
import { bombGate, bombLex } from "./bomb";
import { crlfGate, crlfLex } from "./crlf";
import { deserializeGate, deserializeLex } from "./deserialize/deserialize";
import { graphqlGate, graphqlLex } from "./graphql";
import { includeGate, includeLex } from "./include";
import { knownGate, knownLex } from "./known/known";
import { ldapiGate, ldapiLex } from "./ldapi";
import { leakGate, leakLex } from "./leak/leak";
import { mailGate, mailLex } from "./mail";
import { nosqliGate, nosqliLex } from "./nosqli/nosqli";
import { objectGate, objectLex } from "./object";
import { traversalGate, traversalLex } from "./path/path";
import { scannerGate, scannerLex } from "./scanner";
import { shellGate, shellLex } from "./shell/shell";
import { sqliGate, sqliLex } from "./sqli/sqli";
import { ssrfGate, ssrfLex } from "./ssrf/ssrf";
import { templateGate, templateLex } from "./template/template";
import { tokenGate, tokenLex } from "./token";
import { uploadGate, uploadLex } from "./upload";
import { xpathGate, xpathLex } from "./xpath";
import { xssGate, xssLex } from "./xss/xss";
import { xxeGate, xxeLex } from "./xxe/xxe";

/** One bit a lexer, in the order of `LEXER_NAMES`. */
enum Lexer {
  SQLI = 1 << 0,
  XSS = 1 << 1,
  PATH = 1 << 2,
  SHELL = 1 << 3,
  INCLUDE = 1 << 4,
  CRLF = 1 << 5,
  LEAK = 1 << 6,
  TEMPLATE = 1 << 7,
  NOSQLI = 1 << 8,
  LDAPI = 1 << 9,
  XPATH = 1 << 10,
  MAIL = 1 << 11,
  OBJECT = 1 << 12,
  URL = 1 << 13,
  DESERIALIZE = 1 << 14,
  UPLOAD = 1 << 15,
  SCANNER = 1 << 16,
  KNOWN = 1 << 17,
  TOKEN = 1 << 18,
  BOMB = 1 << 19,
  XXE = 1 << 20,
  GRAPHQL = 1 << 21,
}

/** Names of the lexers in the order of their bits, separated by white space. */
/* One literal: joined strings would be joined at run time, in memory that is not theirs. */
export const LEXER_NAMES: string = `sqli xss path shell include crlf leak template nosqli ldapi xpath mail object url
deserialize upload scanner known token bomb xxe graphql`;

/** Set by tests: run every lexer whatever its gate says. */
let ungated: bool = false;

/** For tests: runs every lexer on every layer, or goes back to the gates. */
export function detectAll(on: bool): void {
  ungated = on;
  setEveryLayer(on);
}

/** Lexers that looked at the layer last: bits in the order of `LEXER_NAMES`; traces show them. */
export let lexed: u32 = 0;

function bit(lexer: Lexer, gate: bool): u32 {
  return gate ? <u32>lexer : 0;
}

/** Characters of plain words, numbers and paths: with nothing else, and no known word, few lexers can find anything. */
const PLAIN: u32 = Has.ALPHA | Has.DIGIT | Has.SPACE | Has.DASH | Has.COMMA | Has.DOT | Has.SLASH;

/** Lexers for values of plain characters without a known word. */
function plainLexers(): u32 {
  let lexers = bit(Lexer.DESERIALIZE, deserializeGate());
  if (layer.has & (Has.DIGIT | Has.DOT)) lexers |= bit(Lexer.PATH, traversalGate());
  if (layer.has & Has.DOT) {
    lexers |= bit(Lexer.OBJECT, objectGate()) | bit(Lexer.UPLOAD, uploadGate()) | bit(Lexer.TOKEN, tokenGate());
  }
  if (layer.has & Has.SLASH) lexers |= bit(Lexer.URL, ssrfGate()) | bit(Lexer.SCANNER, scannerGate());
  return lexers | bit(Lexer.KNOWN, knownGate()) | bit(Lexer.BOMB, bombGate());
}

/** Lexers that need one of some signs: their gates are asked only where one of these is there. */
function signLexers(has: u32): u32 {
  let lexers: u32 = 0;
  if (has & Has.LESS) lexers |= bit(Lexer.INCLUDE, includeGate()) | bit(Lexer.XXE, xxeGate());
  if (has & (Has.NEWLINE | Has.LEAD)) lexers |= bit(Lexer.CRLF, crlfGate()) | bit(Lexer.MAIL, mailGate());
  if (has & (Has.CLOSE | Has.COLON)) lexers |= bit(Lexer.LDAPI, ldapiGate());
  if (has & (Has.OPEN | Has.SLASH | Has.COLON)) lexers |= bit(Lexer.XPATH, xpathGate());
  if (has & Has.BRACE) lexers |= bit(Lexer.GRAPHQL, graphqlGate());
  if (has & (Has.SLASH | Has.BACKSLASH | Has.COLON)) lexers |= bit(Lexer.URL, ssrfGate());
  return lexers;
}

/** The lexers whose gates open for the current layer. */
function openLexers(): u32 {
  if (place == Place.RESPONSE) return bit(Lexer.LEAK, leakGate());
  const has = layer.has;
  if (!(has & ~PLAIN) && !layer.words) return plainLexers();
  let lexers = bit(Lexer.SQLI, sqliGate()) | bit(Lexer.XSS, xssGate()) | bit(Lexer.SHELL, shellGate());
  lexers |= bit(Lexer.PATH, traversalGate()) | bit(Lexer.TEMPLATE, templateGate()) | bit(Lexer.NOSQLI, nosqliGate());
  lexers |= bit(Lexer.DESERIALIZE, deserializeGate()) | bit(Lexer.TOKEN, tokenGate()) | signLexers(has);
  lexers |= bit(Lexer.OBJECT, objectGate()) | bit(Lexer.UPLOAD, uploadGate()) | bit(Lexer.SCANNER, scannerGate());
  return lexers | bit(Lexer.KNOWN, knownGate()) | bit(Lexer.BOMB, bombGate());
}

/** The lexers that are to look at the current layer, one bit each; 0 for none. */
export function lexersWanted(): u32 {
  if (!ungated) return openLexers();
  return place == Place.RESPONSE ? <u32>Lexer.LEAK : ~(<u32>Lexer.LEAK);
}

/** What the gates of a layer cost beyond its bytes, and what a lexer costs before its first byte, in units. */
const GATES_UNITS: u32 = 160;
const LEXER_UNITS: u32 = 96;

/** Looks at the current layer. */
export function detectLayer(): void {
  lexed = 0;
  if (!spend(layer.size + GATES_UNITS)) {
    reachLimit(Limit.FUEL);
    return;
  }
  lexed = layer.wanted ? layer.wanted : lexersWanted();
  /* The gates are asked in tests too: the work is then the same, and with it the limit. */
  if (!spend(popcnt(ungated ? openLexers() : lexed) * LEXER_UNITS)) reachLimit(Limit.FUEL);
  if (lexed & Lexer.LEAK) leakLex();
  if (lexed & Lexer.SQLI) sqliLex();
  if (lexed & Lexer.XSS) xssLex();
  if (lexed & Lexer.PATH) traversalLex();
  if (lexed & Lexer.SHELL) shellLex();
  if (lexed & Lexer.INCLUDE) includeLex();
  if (lexed & Lexer.CRLF) crlfLex();
  if (lexed & Lexer.TEMPLATE) templateLex();
  if (lexed & Lexer.NOSQLI) nosqliLex();
  if (lexed & Lexer.LDAPI) ldapiLex();
  if (lexed & Lexer.XPATH) xpathLex();
  if (lexed & Lexer.MAIL) mailLex();
  if (lexed & Lexer.OBJECT) objectLex();
  if (lexed & Lexer.URL) ssrfLex();
  if (lexed & Lexer.DESERIALIZE) deserializeLex();
  if (lexed & Lexer.UPLOAD) uploadLex();
  if (lexed & Lexer.SCANNER) scannerLex();
  if (lexed & Lexer.KNOWN) knownLex();
  if (lexed & Lexer.TOKEN) tokenLex();
  if (lexed & Lexer.BOMB) bombLex();
  if (lexed & Lexer.XXE) xxeLex();
  if (lexed & Lexer.GRAPHQL) graphqlLex();
}
