/**
 * The filter's configuration: a JSON object with `policy`, a policy image in base64, and `probe`, which adds the
 * verdict's line to what the filter sends, for tests and canaries. Keys are found as text; an image is checked by its
 * own checksum.
 */
import { stepBase64 } from "../../../assembly/decode/base64";
import { stepBytes, stepRead, stepSize } from "../../../assembly/decode/step";

/** Whether verdict lines are shown. */
export let probe: bool = false;
/** Bytes of the image that `configurationRead` decoded to the begin of the text. */
export let imageSize: u32 = 0;

/** @returns address behind `"key":` and white space, or 0 */
function findValue(at: usize, end: usize, key: string): usize {
  const size = <u32>key.length;
  const text = changetype<usize>(key);
  for (; at + <usize>size + 3 < end; at++) {
    if (load<u8>(at) != 0x22) continue;
    let i: u32 = 0;
    while (i < size && <u32>load<u8>(at + 1 + <usize>i) == <u32>load<u16>(text + ((<usize>i) << 1))) i++;
    if (i < size || load<u8>(at + 1 + <usize>size) != 0x22) continue;
    at += <usize>size + 2;
    while (at < end && (load<u8>(at) == 0x20 || load<u8>(at) == 0x3a || load<u8>(at) == 10 || load<u8>(at) == 13)) at++;
    return at;
  }
  return 0;
}

/** Reads the configuration in [at, at + size); the image, if there is one, is decoded in place to `at`. */
export function configurationRead(at: usize, size: u32): void {
  const end = at + <usize>size;
  const flag = findValue(at, end, "probe");
  probe = flag != 0 && flag < end && load<u8>(flag) == 0x74;
  imageSize = 0;
  let from = findValue(at, end, "policy");
  if (!from || from >= end || load<u8>(from) != 0x22) return;
  from++;
  let stop = from;
  while (stop < end && load<u8>(stop) != 0x22) stop++;
  let to = at;
  while (from < stop) {
    stepBase64(from, stop);
    from += <usize>stepRead;
    let bytes = stepBytes;
    for (let i: u32 = 0; i < stepSize; i++) {
      store<u8>(to++, <u8>bytes);
      bytes >>= 8;
    }
  }
  imageSize = <u32>(to - at);
}
