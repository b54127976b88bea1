/** Path traversal: first form, `../` that climbs. */
import { layer } from "../decode/layer";
import { Has } from "../decode/profile";
import { Signature } from "../tables/signatures.gen";
import { report } from "./match";

export function traversalGate(): bool {
  return (layer.has & Has.DOT) != 0 && (layer.has & (Has.SLASH | Has.BACKSLASH)) != 0;
}

export function traversalLex(): void {
  const end = layer.at + <usize>layer.size;
  for (let at = layer.at; at + 5 < end; at++) {
    if (load<u8>(at) == 0x2e && load<u8>(at + 1) == 0x2e && load<u8>(at + 2) == 0x2f && load<u16>(at + 3) == 0x2e2e) {
      report(Signature.PTRAV_CLIMB, at, at + 5);
      return;
    }
  }
}
