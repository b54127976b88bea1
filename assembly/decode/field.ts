/**
 * Names of fields that the core knows. A name is hashed once when the head is read, and looked up in one small table;
 * what is asked of it later are numbers.
 */
import { hashLanes, sameLanes } from "../bytes/hash";

/** The known names, in the order of `NAMES`, grouped by what is done with their values. */
export enum FieldName {
  OTHER = 0,
  METHOD = 1,
  PATH = 2,
  AUTHORITY = 3,
  HOST = 4,
  UPGRADE = 7,
  CONTENT_LENGTH = 10,
  /* From the first one to here, see `isSkipped`. */
  LAST_SKIPPED = 12,
  COOKIE = 13,
  REFERER = 14,
  AUTHORIZATION = 15,
  X_FORWARDED_FOR = 16,
  CONTENT_TYPE = 17,
  CONTENT_ENCODING = 18,
  GRPC_ENCODING = 19,
  CONNECT_CONTENT_ENCODING = 20,
  /* From here on, see `isRepeated`. */
  USER_AGENT = 21,
}

/** The names in the order of their numbers, from 1 on. */
const NAMES: string = `:method :path :authority host te expect upgrade connection keep-alive content-length
proxy-connection transfer-encoding cookie referer authorization x-forwarded-for content-type content-encoding
grpc-encoding connect-content-encoding user-agent accept accept-charset accept-encoding accept-language sec-fetch-dest
sec-fetch-mode sec-fetch-site sec-fetch-user sec-ch-ua sec-ch-ua-arch sec-ch-ua-bitness sec-ch-ua-form-factors
sec-ch-ua-full-version sec-ch-ua-full-version-list sec-ch-ua-mobile sec-ch-ua-model sec-ch-ua-platform
sec-ch-ua-platform-version sec-ch-ua-wow64 sec-ch-prefers-color-scheme sec-ch-prefers-reduced-motion sec-gpc dnt
upgrade-insecure-requests cache-control pragma priority x-requested-with x-forwarded-proto x-forwarded-port
`;

/** Above the last number. */
export const FIELD_NAMES: u32 = 64;
/** Bits of the index by hash. */
const INDEX_BITS: u32 = 8;

/** A name with its case folded, as `hashLanes` folds it. */
@unmanaged
class Entry {
  hash: u32;
  size: u32;
}

const ENTRY_BYTES: u32 = 48;
const entries: usize = memory.data(FIELD_NAMES * ENTRY_BYTES, 16);
const index: usize = memory.data(1 << INDEX_BITS, 16);

function entryOf(number: u32): Entry {
  return changetype<Entry>(entries + <usize>(number * ENTRY_BYTES));
}

/** @returns the number of a name by its hash, or `FieldName.OTHER` */
export function fieldName(hash: u32, at: usize, size: u32): u32 {
  for (let i: u32 = 0; i < FIELD_NAMES; i++) {
    const number = <u32>load<u8>(index + <usize>((hash + i) & ((1 << INDEX_BITS) - 1)));
    if (!number) break;
    const entry = entryOf(number);
    if (entry.hash == hash && entry.size == size) {
      return sameLanes(at, changetype<usize>(entry) + offsetof<Entry>(), size) ? number : <u32>FieldName.OTHER;
    }
  }
  return FieldName.OTHER;
}

/** Whether fields of this name are no part of the canonical transaction: they end at a hop, or frame the message. */
export function isSkipped(name: u32): bool {
  return name != FieldName.OTHER && name <= <u32>FieldName.LAST_SKIPPED;
}

/** Whether clients send the same value of this field with every request, and it is nobody's secret. */
export function isRepeated(name: u32): bool {
  return name >= <u32>FieldName.USER_AGENT;
}

/** Fills the table; called once when the module starts. */
export function fieldInit(): void {
  let text = changetype<usize>(NAMES);
  const end = text + ((<usize>NAMES.length) << 1);
  let number: u32 = 1;
  while (text < end) {
    const entry = entryOf(number);
    const bytes = changetype<usize>(entry) + offsetof<Entry>();
    let size: u32 = 0;
    while (load<u16>(text) > 0x20) {
      store<u8>(bytes + <usize>size, <u8>load<u16>(text));
      size++;
      text += 2;
    }
    text += 2;
    if (!size) continue;
    entry.size = size;
    entry.hash = hashLanes(bytes, size);
    let slot = entry.hash & ((1 << INDEX_BITS) - 1);
    while (load<u8>(index + <usize>slot)) slot = (slot + 1) & ((1 << INDEX_BITS) - 1);
    store<u8>(index + <usize>slot, <u8>number);
    number++;
  }
}
