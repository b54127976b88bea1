/** SQL injection. */
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";

/** Whether the current layer can hold such an attack. */
export function sqliGate(): bool {
  return (layer.has & Has.SINGLE) != 0;
}

/** Looks for such attacks in the current layer. */
export function sqliLex(): void {}
