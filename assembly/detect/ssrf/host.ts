/**
 * A host as resolvers compare it: lower case, percent escapes undone, and every character that UTS #46 maps to ASCII
 * (enclosed and full-width forms, other dots) mapped, invisible ones dropped. Then where it leads: by address, by a
 * name that always means this machine or network, or by an address in its labels.
 */
import { equalsLower, hexValue, isAlpha, isWord, lower } from "../../bytes/ascii";
import { hashWord } from "../../bytes/hash";
import { current } from "../../decode/transaction";
import { Form, Reach, reach, readCarried, readV4, readV6 } from "./address";

/** Bytes of a host that are read; RFC 1035 §2.3.4 allows 255. */
export const HOST_BYTES_MAX: u32 = 256;
const folded: usize = memory.data(HOST_BYTES_MAX + 64, 16);

/** Bytes of the folded host; it stands at `hostAt()`. */
export let hostSize: u32 = 0;
/** Whether folding changed more than case. */
export let hostFolded: bool = false;
/** Whether characters occurred that keyboards do not have. */
export let hostEnclosed: bool = false;
/** Whether all that was folded is what input methods of East Asia write. */
let hostWide: bool = false;
/** Where the host leads, and how that is written. */
export let hostReach: Reach = Reach.PUBLIC;
export let hostForm: Form = Form.NONE;

/** The folded host of the last `readHost`. */
export function hostAt(): usize {
  return folded;
}

function put(c: u32): void {
  if (hostSize == HOST_BYTES_MAX) return;
  store<u8>(folded + <usize>hostSize, <u8>lower(c));
  hostSize++;
}

/** The ASCII character that UTS #46 makes of one that no keyboard has, or 0. */
function plainOf(code: u32): u32 {
  if (code - 0x2460 < 9) return code - 0x2460 + 49;
  if (code == 0x24ea || code == 0x2070 || code == 0x2080) return 0x30;
  if (code - 0x24b6 < 26) return code - 0x24b6 + 97;
  if (code - 0x24d0 < 26) return code - 0x24d0 + 97;
  if (code - 0x1f130 < 26) return code - 0x1f130 + 97;
  if (code == 0xb9) return 0x31;
  if (code == 0xb2 || code == 0xb3) return code - 0x80;
  if (code - 0x2074 < 6) return code - 0x2040;
  if (code - 0x2081 < 9) return code - 0x2050;
  if (code - 0x1d7ce < 50) return 48 + ((code - 0x1d7ce) % 10);
  return code - 0x1d400 < 676 ? 97 + ((code - 0x1d400) % 26) : 0;
}

/** Puts what UTS #46 makes of a code point above ASCII; what it does not make ASCII becomes one high byte. */
function putFolded(code: u32): void {
  let c: u32 = 0x80;
  const plain = plainOf(code);
  if (code - 0xff01 < 94) c = code - 0xfee0;
  else if (code == 0x3002 || code == 0xff61) c = 0x2e;
  else if (code == 0xad || code == 0x200b || code == 0x2060 || code == 0xfeff || code - 0xfe00 < 16) c = 0;
  else if (plain) {
    c = plain;
    hostEnclosed = true;
  } else if (code - 0x2469 < 11) {
    hostEnclosed = true;
    put(48 + (code - 0x245f) / 10);
    c = 48 + ((code - 0x245f) % 10);
  }
  if (c != 0x80) {
    hostFolded = true;
    if (!(code - 0xff01 < 94 || code == 0x3002)) hostWide = false;
  }
  if (c) put(c);
}

/** Puts the character at `at`, which is above ASCII. @returns its end */
function putWide(at: usize, end: usize): usize {
  const lead = <u32>load<u8>(at);
  const size: u32 = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || at + <usize>size > end) {
    put(0x80);
    return at + 1;
  }
  let code = lead & (0xff >> (size + 1));
  for (let i: u32 = 1; i < size; i++) code = (code << 6) | (load<u8>(at + <usize>i) & 63);
  putFolded(code);
  return at + <usize>size;
}

function fold(at: usize, end: usize): void {
  hostSize = 0;
  hostFolded = false;
  hostEnclosed = false;
  hostWide = true;
  const bracket = at < end && load<u8>(at) == 0x5b;
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (c >= 0x80) {
      at = putWide(at, end);
      continue;
    }
    if (c == 0x25) {
      /* In brackets it begins a zone (RFC 6874), which says nothing of where the address leads. */
      if (bracket) {
        put(0x5d);
        return;
      }
      const value = at + 2 < end ? (hexValue(load<u8>(at + 1)) << 4) | hexValue(load<u8>(at + 2)) : 256;
      if (value - 33 < 94) {
        put(value);
        hostFolded = true;
        hostWide = false;
        at += 3;
        continue;
      }
    }
    if (c == 9 || c == 10 || c == 13) {
      hostFolded = true;
      hostWide = false;
    } else put(c);
    at++;
  }
}

/** Whether the folded host is the name or a name below it. */
function isBelow(name: string): bool {
  const n = <u32>name.length;
  if (hostSize < n || !equalsLower(folded + <usize>(hostSize - n), n, name)) return false;
  return hostSize == n || load<u8>(folded + <usize>(hostSize - n - 1)) == 0x2e;
}

/**
 * Names of metadata services, in full. @see the clouds' documentation of their instance metadata
 */
function isMetadataName(): bool {
  if (isBelow("metadata.google.internal") || isBelow("metadata.goog") || isBelow("metadata.tencentyun.com"))
    return true;
  return isBelow("instance-data.ec2.internal") || equalsLower(folded, hostSize, "instance-data");
}

/** Names that mean this machine or this network: RFC 6761, hosts(5), container run times, clusters. */
function isLocalName(): bool {
  if (isBelow("localhost") || isBelow("localdomain") || isBelow("internal")) return true;
  if (isBelow("ip6-localhost") || isBelow("ip6-loopback")) return true;
  return isBelow("svc") || isBelow("svc.cluster.local") || isBelow("kubernetes.default");
}

/** Names whose owners let all of them mean the loopback address. */
function isLoopbackZone(): bool {
  return isBelow("localtest.me") || isBelow("lvh.me") || isBelow("vcap.me") || isBelow("lacolhost.com");
}

/** Zones that answer with the address in the name; in the second row to change the answer is their purpose. */
function isCarrier(): bool {
  return isBelow("nip.io") || isBelow("sslip.io") || isBelow("xip.io");
}

function isRebinder(): bool {
  return isBelow("rbndr.us") || isBelow("1u.ms");
}

function nameReach(): void {
  hostForm = Form.PLAIN;
  if (isMetadataName()) hostReach = Reach.METADATA;
  else if (isLocalName() || isLoopbackZone()) hostReach = Reach.LOCAL;
  else if (hostSize > 8 && readCarried(folded, folded + <usize>hostSize)) {
    /* Anybody's zone may say so, but for less than the metadata service it may be a machine's own name. */
    if (reach == Reach.METADATA || isCarrier()) hostReach = reach;
    if (isRebinder()) {
      hostReach = reach;
      hostForm = Form.HIDDEN;
    }
  }
}

/** Reads the host in [at, end), without port, and says where it leads. */
export function readHost(at: usize, end: usize): void {
  fold(at, end);
  hostReach = Reach.PUBLIC;
  hostForm = Form.NONE;
  if (!hostSize) return;
  const stop = folded + <usize>hostSize;
  v128.store(stop, i64x2.splat(0));
  if (load<u8>(folded) == 0x5b) {
    hostForm = readV6(folded, stop);
    if (hostForm != Form.NONE) hostReach = reach;
    return;
  }
  hostForm = readV4(folded, stop);
  if (hostForm != Form.NONE) hostReach = reach;
  else {
    const dot = load<u8>(stop - 1) == 0x2e;
    if (dot) hostSize--;
    if (hostSize) nameReach();
  }
  if (hostFolded && hostReach != Reach.PUBLIC && !isTyped()) hostForm = Form.HIDDEN;
}

/** An address of a private network in the wide characters of an input method, as its user may type it. */
function isTyped(): bool {
  return hostWide && hostForm == Form.PLAIN && load<u32>(folded) != 0x2e373231;
}

/** Whether the folded host is made of labels, the last of which can be a top-level domain: a host and no word. */
export function hasDomain(): bool {
  let label: u32 = 0;
  let letters: u32 = 0;
  let labels: u32 = 0;
  for (let i: u32 = 0; i < hostSize; i++) {
    const c = <u32>load<u8>(folded + <usize>i);
    if (c == 0x2e) {
      if (!label) return false;
      labels++;
      label = 0;
      letters = 0;
      continue;
    }
    if (!isWord(c) && c != 0x2d && c < 0x80) return false;
    label++;
    if (isAlpha(c)) letters++;
  }
  return labels != 0 && letters > 1 && letters == label;
}

/** Whether the folded host is the one that the request was sent to. */
export function isSite(): bool {
  return hostSize != 0 && current.siteHash == hashWord(folded, hostSize);
}
