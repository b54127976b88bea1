/** Line breaks that begin a header field. */
import { layer } from "../decode/layer";
import { Has } from "../decode/profile";

/** Whether the current layer can hold such an attack. */
export function crlfGate(): bool {
  return (layer.has & Has.NEWLINE) != 0;
}

/** Looks for such attacks in the current layer. */
export function crlfLex(): void {}
