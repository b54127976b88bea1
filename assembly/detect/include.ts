/** Server-side and edge-side includes. */
import { layer } from "../decode/layer";
import { Has } from "../decode/profile";

/** Whether the current layer can hold such an attack. */
export function includeGate(): bool {
  return (layer.has & Has.LESS) != 0;
}

/** Looks for such attacks in the current layer. */
export function includeLex(): void {}
