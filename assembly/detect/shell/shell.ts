/** Shell command injection. */
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";

/** Whether the current layer can hold such an attack. */
export function shellGate(): bool {
  return (layer.has & Has.PIPE) != 0;
}

/** Looks for such attacks in the current layer. */
export function shellLex(): void {}
