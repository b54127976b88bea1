/**
 * Which quotes of the current layer a reading that began behind another quote has passed as the end of a string. A
 * reading that would begin behind such a quote has been made already, so that all readings together stay linear.
 */
import { VALUE_BYTES_MAX } from "../../abi/limits";
import { zeroBytes } from "../../bytes/guard";
import { layer } from "../../decode/layer";

const bits: usize = memory.data(VALUE_BYTES_MAX / 8, 16);

/** Forgets all; called before a layer's first reading. */
export function clearClosers(): void {
  const size = layer.size < VALUE_BYTES_MAX ? layer.size : VALUE_BYTES_MAX;
  zeroBytes(bits, (size + 7) >> 3);
}

/** @param at an address in the layer */
export function markCloser(at: usize): void {
  const offset = <u32>(at - layer.at) & (VALUE_BYTES_MAX - 1);
  const byte = bits + <usize>(offset >> 3);
  store<u8>(byte, <u32>load<u8>(byte) | (1 << (offset & 7)));
}

/** Whether the quote at the address has been passed. */
export function isCloser(at: usize): bool {
  const offset = <u32>(at - layer.at) & (VALUE_BYTES_MAX - 1);
  return ((load<u8>(bits + <usize>(offset >> 3)) >> (offset & 7)) & 1) != 0;
}
