/**
 * Addresses in XML: what a parser would do to get what stands there. Publishers of document types are known: every
 * document of theirs names their address, and catalogs answer for it.
 */

import { equalsLower, isAlpha, isDigit, isSpace, lower, startsLower } from "../../bytes/ascii";
import { HASH_SEED, hashEnd, hashStep, hashWord } from "../../bytes/hash";

/** Where an address leads. */
export enum Reach {
  /** Nowhere: empty, a part of the same document, a name that is looked up and not fetched. */
  NONE = 0,
  /** A file beside the document. */
  BESIDE = 1,
  /** A publisher of document types. */
  PUBLISHER = 2,
  /** Any other server. */
  FOREIGN = 3,
  /** A file by its whole path. */
  ABSOLUTE = 4,
  /** A file or a service of the parser's own machine or network, or a wrapper that reads or runs. */
  INSIDE = 5,
}

/**
 * Domains of two labels of those who publish document types, schemas and style sheets, each between white space; none
 * of them where anybody can put a page or a redirection.
 */
const PUBLISHERS: string = ` w3.org oasis-open.org
docbook.org apple.com sun.com oracle.com jcp.org apache.org hibernate.org
jboss.org jboss.com mybatis.org springframework.org opensymphony.com netscape.com freedesktop.org
gnome.org kde.org puppycrawl.com checkstyle.org testng.org eclipse.org mortbay.org wapforum.org
openmobilealliance.org xmlsoap.org nih.gov loc.gov tei-c.org musicxml.org daisy.org idpf.org
openebook.org cxml.org mozilla.org opengis.net openoffice.org opendocumentformat.org xml-cml.org
dublincore.org microsoft.com openxmlformats.org adobe.com ibm.com bea.com castor.org exolab.org
jasperforge.org sitemaps.org topografix.com garmin.com xbrl.org hl7.org omg.org ietf.org iana.org
scribus.net inkscape.org liquibase.org ofx.net opentravel.org gs1.org `;

let hostAt: usize = 0;
let hostSize: u32 = 0;

/** Finds the host behind `//`: without user and port. */
function readHost(at: usize, end: usize): void {
  hostAt = at;
  let stop = at;
  while (stop < end) {
    const c = <u32>load<u8>(stop);
    if (c == 0x40) hostAt = stop + 1;
    if (c == 0x2f || c == 0x5c || c == 0x3f || c == 0x23) break;
    stop++;
  }
  let to = hostAt;
  while (to < stop && load<u8>(to) != 0x3a) to++;
  hostSize = <u32>(to - hostAt);
}

/** Where each publisher's domain stands, by its hash, open addressed; filled at the first use. */
const SLOTS: u32 = 256;
const slots: usize = memory.data(SLOTS * 4, 16);
let filled: bool = false;

function slotAt(slot: u32): usize {
  return slots + ((<usize>(slot & (SLOTS - 1))) << 2);
}

function fill(): void {
  filled = true;
  const end = changetype<usize>(PUBLISHERS) + ((<usize>PUBLISHERS.length) << 1);
  let hash = HASH_SEED;
  let word: usize = 0;
  for (let at = changetype<usize>(PUBLISHERS); at < end; at += 2) {
    const c = <u32>load<u16>(at);
    if (c > 32) {
      if (!word) word = at;
      hash = hashStep(hash, c);
      continue;
    }
    if (!word) continue;
    let slot = hashEnd(hash);
    while (load<u32>(slotAt(slot))) slot++;
    store<u32>(slotAt(slot), <u32>word);
    hash = HASH_SEED;
    word = 0;
  }
}

/** Whether the text between white space is the same as the bytes, ignoring their case. */
function isWordOf(text: usize, at: usize, size: u32): bool {
  for (let i: u32 = 0; i < size; i++) {
    if (lower(load<u8>(at + <usize>i)) != <u32>load<u16>(text + ((<usize>i) << 1))) return false;
  }
  return <u32>load<u16>(text + ((<usize>size) << 1)) <= 32;
}

/** Whether the host is a domain of the list or below one. */
function isPublisher(at: usize, size: u32): bool {
  if (!filled) fill();
  const domain = domainAt(at, size);
  const domainSize = <u32>(at + <usize>size - domain);
  let slot = hashWord(domain, domainSize);
  while (true) {
    const word = load<u32>(slotAt(slot));
    if (!word) return false;
    if (isWordOf(<usize>word, domain, domainSize)) return true;
    slot++;
  }
}

/** Bytes of the scheme in front of a colon, 0 for none. */
function schemeSize(at: usize, size: u32): u32 {
  for (let i: u32 = 0; i < size && i < 32; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c == 0x3a) return i;
    if (!isAlpha(c) && (!i || (!isDigit(c) && c != 0x2b && c != 0x2d && c != 0x2e))) return 0;
  }
  return 0;
}

/** Whether a relative path climbs or names what servers keep to themselves. */
function climbs(at: usize, size: u32): bool {
  for (let i: u32 = 0; i + 1 < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c == 0x2e && load<u8>(at + <usize>i + 1) == 0x2e) return true;
    if ((c | 32) == 0x77 && startsLower(at + <usize>i, size - i, "web-inf")) return true;
  }
  return false;
}

/** @returns where the address leads */
export function reachOf(at: usize, size: u32): Reach {
  while (size && isSpace(load<u8>(at))) {
    at++;
    size--;
  }
  if (!size || load<u8>(at) == 0x23) return Reach.NONE;
  const first = <u32>load<u8>(at);
  if (first == 0x2f || first == 0x5c) {
    const second = size > 1 ? <u32>load<u8>(at + 1) : 0;
    return second == 0x2f || second == 0x5c ? Reach.INSIDE : Reach.ABSOLUTE;
  }
  const scheme = schemeSize(at, size);
  if (!scheme) return climbs(at, size) ? Reach.INSIDE : Reach.BESIDE;
  if (scheme == 1) return Reach.ABSOLUTE;
  if (equalsLower(at, scheme, "urn") || equalsLower(at, scheme, "about")) return Reach.NONE;
  if (!equalsLower(at, scheme, "http") && !equalsLower(at, scheme, "https")) return Reach.INSIDE;
  let host = at + <usize>scheme + 1;
  const end = at + <usize>size;
  while (host < end && (load<u8>(host) == 0x2f || load<u8>(host) == 0x5c)) host++;
  readHost(host, end);
  return isPublisher(hostAt, hostSize) ? Reach.PUBLISHER : Reach.FOREIGN;
}

/** Begin of the last two labels of a host. */
function domainAt(at: usize, size: u32): usize {
  let dots = 0;
  let p = at + <usize>size;
  while (p > at) {
    if (load<u8>(p - 1) == 0x2e && ++dots == 2) return p;
    p--;
  }
  return at;
}

/** Whether two http addresses have the same last two labels of their hosts. */
export function sharesDomain(a: usize, aSize: u32, b: usize, bSize: u32): bool {
  if (reachOf(a, aSize) < Reach.PUBLISHER) return true;
  const firstAt = domainAt(hostAt, hostSize);
  const firstSize = <u32>(hostAt + <usize>hostSize - firstAt);
  reachOf(b, bSize);
  const at = domainAt(hostAt, hostSize);
  if (<u32>(hostAt + <usize>hostSize - at) != firstSize) return false;
  for (let i: u32 = 0; i < firstSize; i++) {
    if (lower(load<u8>(at + <usize>i)) != lower(load<u8>(firstAt + <usize>i))) return false;
  }
  return true;
}

/** Whether an address ends in what parts of documents are called, so that a file beside is the author's own. */
export function isPartName(at: usize, size: u32): bool {
  if (size > 4 && startsLower(at + <usize>(size - 4), 4, ".xml")) return true;
  return size > 4 && (isTypeName(at, size) || startsLower(at + <usize>(size - 4), 4, ".dbk"));
}

/** Whether an address ends in what document types and their parts are called. */
export function isTypeName(at: usize, size: u32): bool {
  if (size < 5) return false;
  const tail = at + <usize>(size - 4);
  return startsLower(tail, 4, ".dtd") || startsLower(tail, 4, ".ent") || startsLower(tail, 4, ".mod");
}
