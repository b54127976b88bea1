/**
 * What the filter itself asks of a request's head: fields that only Merlon may write, and whether the connection goes
 * on as something else than HTTP.
 */
import { equalsLower, startsLower } from "../../../assembly/bytes/ascii";
import { FieldName } from "../../../assembly/decode/field";
import { methodAt, methodSize } from "../../../assembly/decode/head";
import { fieldCount, fieldIn, fieldNamed } from "../../../assembly/decode/pairs";
import { proxy_remove_header_map_value } from "./env";
import { Count, count } from "./metrics";
import { answerAt, answerSize, askPairs, HeaderMap } from "./proxy";

/** Names taken out of one head; whoever sends more of them is refused room. */
const STRIPPED_MAX: u32 = 64;

/** Takes the first field out that begins with `x-merlon-`. @returns whether there was one */
function stripOne(map: HeaderMap): bool {
  const pairs = load<u32>(answerAt);
  if (answerSize < 4 || pairs > (answerSize - 4) >> 3) return false;
  let sizes = answerAt + 4;
  let at = sizes + ((<usize>pairs) << 3);
  const end = answerAt + <usize>answerSize;
  for (let i: u32 = 0; i < pairs && at < end; i++) {
    const size = load<u32>(sizes);
    /* Most names differ in their first byte. */
    if (size > 8 && load<u8>(at) == 0x78 && startsLower(at, size, "x-merlon-")) {
      proxy_remove_header_map_value(map, at, size);
      return true;
    }
    at += <usize>(size + load<u32>(sizes + 4) + 2);
    sizes += 8;
  }
  return false;
}

/**
 * Asks for the pairs of a head or of trailers, and takes out what clients have no business to send: `x-merlon-*`.
 * @returns false when the host cannot hand them over
 */
export function askClean(map: HeaderMap): bool {
  for (let i: u32 = 0; i < STRIPPED_MAX; i++) {
    if (!askPairs(map)) return false;
    if (!stripOne(map)) return true;
    count(Count.STRIPPED);
  }
  return false;
}

/**
 * Whether what follows the head read last is no body: a tunnel, or a WebSocket. A body that is framed as one is a body,
 * whatever else the request says of itself.
 */
export function isTunnel(): bool {
  const upgrade = fieldNamed(FieldName.UPGRADE);
  const isWebSocket =
    upgrade != null &&
    equalsLower(upgrade.valueAt, upgrade.valueSize, "websocket") &&
    equalsLower(methodAt, methodSize, "get");
  if (!isWebSocket && !equalsLower(methodAt, methodSize, "connect")) return false;
  for (let i: u32 = 0; i < fieldCount(); i++) {
    const field = fieldIn(i);
    if (equalsLower(field.nameAt, field.nameSize, "transfer-encoding")) return false;
  }
  const length = fieldNamed(FieldName.CONTENT_LENGTH);
  return length == null || equalsLower(length.valueAt, length.valueSize, "0");
}

/** Bytes that the head read last says its body has, at most 2^31; 0 where it does not say. */
export function declaredBytes(): u32 {
  const field = fieldNamed(FieldName.CONTENT_LENGTH);
  if (field == null) return 0;
  let bytes: u32 = 0;
  for (let i: u32 = 0; i < field.valueSize; i++) {
    const digit = <u32>load<u8>(field.valueAt + <usize>i) - 48;
    if (digit > 9) return 0;
    bytes = bytes > 214748363 ? 0x80000000 : bytes * 10 + digit;
    if (bytes == 0x80000000) break;
  }
  return bytes;
}
