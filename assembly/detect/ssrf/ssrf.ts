/**
 * URLs that make the server ask somewhere that the client could not, and their kin (redirect.ts).
 *
 * What an attack IS: a parameter that is one URL as a whole, whose host is not the site itself and leads where only the
 * server can go: the metadata service of a cloud; an address that is not public, written so that a filter does not see
 * it (address.ts, host.ts); a host that two readers of the URL disagree about; or a scheme that no browser sends to an
 * application, because it talks to other services. What is none: links to a public host; URLs inside a text; where the
 * page itself came from (Referer, Origin). A plain URL of `localhost` or a private network is everyday life of
 * developers and routers, so it is told and not blocked; so are a file server and a directory in a private network,
 * which intranets link to. On the machine itself no link leads to them. A port of a service that shows no pages is no
 * link either.
 */
import { VALUE_BYTES_MAX, VALUE_OVERLAP_BYTES } from "../../abi/limits";
import { Limit } from "../../abi/status";
import { equalsLower, isAlpha, isDigit, isSpace, startsLower } from "../../bytes/ascii";
import { findByte, findEither } from "../../bytes/scan";
import { eightAt, hasOther, layer } from "../../decode/layer";
import { findLastName, lastNameAt, lastNameSize, Place } from "../../decode/point";
import { Has } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { place, spend, valueBase } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { OtherWord } from "../../tables/words.gen";
import { report } from "../match";
import { Form, Reach } from "./address";
import {
  hasPort,
  hostAtRaw,
  hostEnd,
  hostFrom,
  otherAt,
  otherEnd,
  port,
  readAuthority,
  readPrefix,
  restAt,
  schemeAt,
  schemeSize,
  slashCount,
  userAt,
  userEnd,
} from "./authority";
import { hostForm, hostReach, hostSize, isSite, readHost } from "./host";
import { isWebScheme, judgeInclusion, judgeRedirect } from "./redirect";

/** Bytes before a URL that are no part of it: white space and quotes. */
const LEAD_BYTES_MAX: u32 = 4;
/** Where a long value's second window begins: no value begins there. */
const LATER_WINDOW: u32 = VALUE_BYTES_MAX - VALUE_OVERLAP_BYTES;
/** Work of one look beside the one pass over the value. */
const LOOK_UNITS: u32 = 768;

/** Places that hold what a client chose, not where it comes from. */
function isParameter(): bool {
  switch (place) {
    case Place.QUERY_NAME:
    case Place.QUERY:
    case Place.HEADER:
    case Place.COOKIE_NAME:
    case Place.COOKIE:
    case Place.FORM_NAME:
    case Place.FORM:
    case Place.PART:
    case Place.JSON:
    case Place.BODY:
    case Place.XML:
    case Place.XML_ATTR:
      return true;
    default:
      return false;
  }
}

/**
 * Whether the current layer can hold such an attack. Beside the profile it looks at the first 16 bytes and the last: a
 * URL with an ordinary name in front of an ordinary path needs no look, and there are many.
 */
export function ssrfGate(): bool {
  if (layer.size < 4 || valueBase >= LATER_WINDOW) return false;
  if (place == Place.PATH) {
    return (layer.has & (Has.COLON | Has.BACKSLASH | Has.CONTROL | Has.SPACE | Has.MARK)) != 0 && mayPath();
  }
  if (!isParameter() || !(layer.has & (Has.SLASH | Has.BACKSLASH | Has.COLON))) return false;
  const head = <u32>eightAt(layer.at);
  if (isSlash(head & 255)) {
    const second = (head >> 8) & 255;
    return isSlash(second) || second < 0x20;
  }
  return (layer.has & Has.COLON) != 0 && mayScheme();
}

function isSlash(c: u32): bool {
  return c == 0x2f || c == 0x5c;
}

/** Whether the value begins with a scheme behind which an odd host could stand. */
function mayScheme(): bool {
  const colons = <u32>i8x16.bitmask(i8x16.eq(v128.load(layer.at), i8x16.splat(0x3a)));
  const size = <u32>ctz(colons);
  if (!colons || size >= layer.size) return false;
  const web = isWeb(layer.at, size);
  const behind = eightAt(layer.at + <usize>size);
  if (!isSlash(<u32>(behind >> 8) & 255)) return web || isBareScheme(size);
  const second = <u32>(behind >> 16) & 255;
  if (!web || second != 0x2f) return isSlash(second) || second < 0x20 || web || isBareScheme(size);
  if (hasOther(OtherWord.HOST) || (layer.has & (Has.BACKSLASH | Has.CONTROL | Has.HIGH)) != 0) return true;
  const c = <u32>(behind >> 24) & 255;
  if (isDigit(c) || c == 0x5b || c == 0x25 || isSlash(c) || c <= 0x20) return true;
  const last = <u32>load<u8>(layer.at + <usize>(layer.size - 1));
  if ((last == 0x74 || last == 0x70 || last == 0x63) && endsInSourceName()) return true;
  return last == 0x3f || ((layer.has & Has.MARK) != 0 && findSign());
}

/** Whether the value ends in `.txt`, `.php` or `.inc`. */
function endsInSourceName(): bool {
  if (layer.size < 12) return false;
  const four = load<u32>(layer.at + <usize>(layer.size - 4)) | 0x20202000;
  return four == 0x7478742e || four == 0x7068702e || four == 0x636e692e;
}

/** Other schemes that need no two slashes. */
function isBareScheme(size: u32): bool {
  if (size != 3) return false;
  return startsLower(layer.at, 3, "ftp") || startsLower(layer.at, 3, "jar") || startsLower(layer.at, 3, "url");
}

/** Whether an `@` stands anywhere: a user in front of it may be of any length. */
function findSign(): bool {
  const end = layer.at + <usize>layer.size;
  return findByte(layer.at, end, 0x40) < end;
}

function isWeb(at: usize, size: u32): bool {
  return equalsLower(at, size, "http") || equalsLower(at, size, "https");
}

/** Whether a path has a URL in it as its rest, or a start that browsers read as another host. */
function mayPath(): bool {
  if (layer.has & Has.COLON || isTarget()) return true;
  const second = (<u32>eightAt(layer.at) >> 8) & 255;
  return isSlash(second) || second <= 0x20;
}

/**
 * `gopher:`, `dict:` and `tftp:` write to any port what the URL says; by `rmi:` and `iiop:` Java loads what the other
 * end names.
 */
function isService(at: usize, size: u32): bool {
  if (equalsLower(at, size, "gopher") || equalsLower(at, size, "dict") || equalsLower(at, size, "tftp")) return true;
  return equalsLower(at, size, "rmi") || equalsLower(at, size, "iiop");
}

/** `ldap:` with a name behind the host that is none of a directory (RFC 4516): what a look-up of Java loads. */
function isLookup(end: usize): bool {
  if (!startsLower(schemeAt, schemeSize, "ldap") || restAt + 1 >= end) return false;
  if (!hasPort || load<u8>(restAt) != 0x2f) return false;
  for (let at = restAt + 1; at < end; at++) {
    const c = <u32>load<u8>(at);
    if (!isAlpha(c) && !isDigit(c) && c != 0x2f && c != 0x2d && c != 0x5f && c != 0x2e && c != 0x23) return false;
  }
  return true;
}

/** Whether the host is the machine itself, as people write it. */
function isLoopback(): bool {
  const size = <u32>(hostEnd - hostAtRaw);
  return (
    startsLower(hostAtRaw, size, "127.") ||
    equalsLower(hostAtRaw, size, "localhost") ||
    equalsLower(hostAtRaw, size, "[::1]")
  );
}

/** Whether the scheme is one of programs that a site's own client has no use for, as a link of a page. */
function isForeignScheme(): bool {
  if (schemeSize < 3 || isWeb(schemeAt, schemeSize)) return false;
  if (startsLower(schemeAt, schemeSize, "ldap") || startsLower(schemeAt, schemeSize, "sftp")) return true;
  if (startsLower(schemeAt, schemeSize, "ftp") || startsLower(schemeAt, schemeSize, "smb")) return true;
  return startsLower(schemeAt, schemeSize, "rsync") || startsLower(schemeAt, schemeSize, "telnet");
}

/** Whether the URL goes to the value's end: no white space and no markup behind it. */
function isWhole(end: usize): bool {
  while (end > restAt && isSpace(load<u8>(end - 1))) end--;
  if (findEither(restAt, end, 0x20, 0x3c) < end) return false;
  return findEither(restAt, end, 0x0a, 0x09) == end;
}

/** Whether the header says where the client is, which is none of its choices. */
function isOrigin(): bool {
  if (place != Place.HEADER || !findLastName()) return false;
  return equalsLower(lastNameAt, lastNameSize, "origin") || equalsLower(lastNameAt, lastNameSize, "referer");
}

/** A user that reads like a host, so that a look at the URL's begin goes wrong: `www.shop.example@`, `shop.com:80@`. */
function isHostLikeUser(): bool {
  if (userEnd <= userAt + 3) return false;
  const size = <u32>(userEnd - userAt);
  if (startsLower(userAt, size, "www.")) return true;
  for (let at = userAt; at + 4 <= userEnd; at++) {
    if (load<u8>(at) != 0x2e) continue;
    const next = at + 4 < userEnd ? <u32>load<u8>(at + 4) : 0x3a;
    if (next != 0x3a && next != 0x25 && next != 0x40 && next != 0x20 && next != 0x26) continue;
    if (startsLower(at + 1, 3, "com") || startsLower(at + 1, 3, "net") || startsLower(at + 1, 3, "org")) return true;
  }
  return false;
}

/** Whether the host's form is not to be told from one that somebody is about to type. */
function isUnfinished(end: usize): bool {
  if (hostForm != Form.SHORT || restAt < end || hasPort) return false;
  return !(startsLower(hostAtRaw, <u32>(hostEnd - hostAtRaw), "127.") && load<u8>(hostEnd - 1) != 0x30);
}

/** A number behind slashes and no scheme: a comment, a share, a slip of the finger. */
function isBareNumber(): bool {
  if (schemeSize || hostForm != Form.HIDDEN) return false;
  for (let at = hostAtRaw; at < hostEnd; at++) {
    const c = <u32>load<u8>(at);
    if (c == 0x2e || c == 0x3a || c >= 0x80) return false;
  }
  return true;
}

/**
 * Ports of services that speak to programs and never show a page: remote shells, mail, directories, shares, databases,
 * queues, and the interfaces of containers and clusters. IANA port registry; the services' own documentation.
 */
function isServicePort(): bool {
  switch (port) {
    case 21: // ftp
    case 22: // ssh
    case 23: // telnet
    case 25: // smtp
    case 110: // pop3
    case 111: // portmapper
    case 135: // epmap
    case 139: // netbios
    case 143: // imap
    case 389: // ldap
    case 445: // smb
    case 873: // rsync
    case 1433: // SQL Server
    case 1521: // Oracle
    case 2049: // nfs
    case 2181: // ZooKeeper
    case 2375: // Docker
    case 2376: // Docker
    case 2379: // etcd
    case 3306: // MySQL
    case 3389: // remote desktop
    case 5432: // PostgreSQL
    case 5900: // vnc
    case 5984: // CouchDB
    case 6379: // Redis
    case 8500: // Consul
    case 9042: // Cassandra
    case 9200: // Elasticsearch
    case 9300: // Elasticsearch
    case 10250: // kubelet
    case 10255: // kubelet
    case 11211: // memcached
    case 27017: // MongoDB
    case 50070: // HDFS
      return true;
    default:
      return false;
  }
}

/**
 * Whether the URL has the browser's protocol talk to a service, or asks for a page that only the machine itself sees.
 * An address with a service's own protocol is a setting; so is one in JSON.
 */
function isInside(end: usize): bool {
  if (place == Place.JSON || place >= Place.XML || !isWebScheme()) return false;
  return isServicePort() || startsLower(restAt, <u32>(end - restAt), "/server-status");
}

/** Weighs the host read last. @returns whether something was told */
function judgeHost(end: usize): bool {
  const to = restAt;
  if (hostReach == Reach.METADATA && !isBareNumber()) {
    report(Signature.SSRF_METADATA, layer.at, to);
    return true;
  }
  if (hostReach != Reach.LOCAL || isBareNumber()) return false;
  if (isSite()) return true;
  if (hostForm == Form.HIDDEN || (hostForm == Form.SHORT && !isUnfinished(end))) {
    report(Signature.SSRF_HIDDEN, layer.at, to);
  } else if (isHostLikeUser()) report(Signature.SSRF_CONFUSION, layer.at, to);
  else if (isForeignScheme() && (place == Place.QUERY || place == Place.FORM) && isLoopback())
    report(Signature.SSRF_SCHEME, layer.at, to);
  else if (place == Place.HEADER) return true;
  else report(isInside(end) ? Signature.SSRF_SERVICE : Signature.SSRF_LOCAL, layer.at, to);
  return true;
}

/** Whether the other reader of the URL ends where only the server can go, or the first one does. */
function judgeOther(): bool {
  if (!otherAt) return false;
  readHost(hostAtRaw, hostEnd);
  const first = hostReach;
  const site = isSite();
  readHost(otherAt, otherEnd);
  const second = hostReach;
  if (!hostSize || (site && second == Reach.PUBLIC)) return false;
  if (first == Reach.PUBLIC && second == Reach.PUBLIC) return false;
  report(Signature.SSRF_CONFUSION, layer.at, otherEnd);
  return true;
}

/** Reads and weighs the URL at `at`, which goes to `end`. */
function judgeUrl(at: usize, end: usize): void {
  if (!readPrefix(at, end)) {
    if (schemeSize == 3 && equalsLower(schemeAt, 3, "jar") && hostFrom < end) judgeInner(end);
    return;
  }
  if (!readAuthority(end)) return;
  if (schemeSize && (isService(schemeAt, schemeSize) || isLookup(end))) {
    if (isWhole(end)) report(Signature.SSRF_SCHEME, layer.at, restAt);
    return;
  }
  if (judgeOther()) return;
  if (!isWhole(end)) return;
  readHost(hostAtRaw, hostEnd);
  if (!hostSize || judgeHost(end) || place == Place.HEADER || place >= Place.XML) return;
  judgeRedirect(hostFrom, end);
  judgeInclusion(end);
}

/** `jar:` around a URL of the web: the server fetches it. */
function judgeInner(end: usize): void {
  const inner = schemeAt + 4;
  const left = <u32>(end - inner);
  if (startsLower(inner, left, "http:/") || startsLower(inner, left, "https:/") || startsLower(inner, left, "ftp:/")) {
    report(Signature.SSRF_SCHEME, layer.at, end);
  }
}

/** Whether the colon at `at`, behind a scheme of `size` bytes, is a URL's and that begins a step of the path. */
function isInner(at: usize, size: u32): bool {
  const before = at - layer.at;
  if (before < <usize>size || load<u8>(at + 1) != 0x2f) return false;
  return before == <usize>size || load<u8>(at - <usize>(size + 1)) == 0x2f;
}

/** A URL that is the rest of a path: `/proxy/http://host/`, also with one slash, as path cleaners leave it. */
function judgePath(end: usize): void {
  let at = layer.at;
  while (at < end) {
    at = findByte(at, end, 0x3a);
    if (at + 1 >= end) return;
    let from = at;
    while (from > layer.at && at - from < 8 && isAlpha(load<u8>(from - 1))) from--;
    const size = <u32>(at - from);
    if (isInner(at, size) && isService(from, size) && at + 2 < end && load<u8>(at + 2) == 0x2f) {
      report(Signature.SSRF_SCHEME, from, at);
      return;
    }
    if (isInner(at, size) && isWeb(from, size)) {
      if (!readPrefix(from, end) || !readAuthority(end)) return;
      readHost(hostAtRaw, hostEnd);
      if (hostReach == Reach.METADATA) report(Signature.SSRF_METADATA, from, restAt);
      else if (hostReach == Reach.LOCAL && (hostForm == Form.HIDDEN || (hostForm == Form.SHORT && restAt < end)))
        report(Signature.SSRF_HIDDEN, from, restAt);
      return;
    }
    at++;
  }
}

/** Whether the path begins with `@`, and no slash before it. */
function isTarget(): bool {
  return load<u8>(layer.at) == 0x40 && (layer.has & Has.SLASH) != 0;
}

/** A target that begins with `@`: put behind the address of a back end, it makes that a user and names another host. */
function judgeTarget(end: usize): void {
  let at = layer.at + 1;
  while (at < end && !endsHost(load<u8>(at))) at++;
  if (at > layer.at + 2) report(Signature.SSRF_CONFUSION, layer.at, at);
}

function endsHost(c: u32): bool {
  return c == 0x2f || c == 0x3f || c == 0x23 || c <= 0x20;
}

/** Looks for such attacks in the current layer. */
export function ssrfLex(): void {
  if (!ssrfGate()) return;
  if (!spend((layer.size >> 2) + LOOK_UNITS)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const end = layer.at + <usize>layer.size;
  if (place == Place.PATH && isTarget()) judgeTarget(end);
  if (place == Place.PATH && (layer.has & Has.COLON) != 0) judgePath(end);
  let at = layer.at;
  while (at < end && at - layer.at < <usize>LEAD_BYTES_MAX && isLead(load<u8>(at))) at++;
  if (place == Place.PATH) {
    if (readPrefix(at, end) && !schemeSize && slashCount > 1 && readAuthority(end)) {
      readHost(hostAtRaw, hostEnd);
      if (hostSize) judgeRedirect(hostFrom, end);
    }
    return;
  }
  if (!isOrigin()) judgeUrl(at, end);
}

function isLead(c: u32): bool {
  return isSpace(c) || c == 0x22 || c == 0x27;
}
