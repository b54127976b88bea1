/**
 * What the readings of one layer as script have passed already, so that all of them together stay linear: quotes that
 * were the end of a string, behind which a reading has been made, and beginnings of tokens, from which on two readings
 * that stand between two operands see the same.
 */
import { VALUE_BYTES_MAX } from "../../abi/limits";
import { zeroBytes } from "../../bytes/guard";
import { layer } from "../../decode/layer";

/** Three sets of places, one after the other. */
const SET_BYTES: u32 = VALUE_BYTES_MAX / 8;
const bits: usize = memory.data((VALUE_BYTES_MAX / 8) * 3, 16);

/** What a place was passed as. */
export enum Trail {
  CLOSER = 0,
  /** By a reading that counts little as an effect. */
  WEAK = 1,
  /** By a reading that counts whatever others do. */
  STRONG = 2,
}

/** Forgets a set; called before a layer's first reading that uses it. */
export function clearTrail(set: Trail): void {
  const size = layer.size < VALUE_BYTES_MAX ? layer.size : VALUE_BYTES_MAX;
  zeroBytes(bits + <usize>(<u32>set * SET_BYTES), (size + 7) >> 3);
}

/** @param at an address in the layer */
export function markTrail(set: Trail, at: usize): void {
  const offset = <u32>(at - layer.at);
  if (offset >= VALUE_BYTES_MAX) return;
  const byte = bits + <usize>(<u32>set * SET_BYTES + (offset >> 3));
  store<u8>(byte, <u32>load<u8>(byte) | (1 << (offset & 7)));
}

/** Whether the place at the address has been passed. */
export function onTrail(set: Trail, at: usize): bool {
  const offset = <u32>(at - layer.at);
  if (offset >= VALUE_BYTES_MAX) return false;
  return ((load<u8>(bits + <usize>(<u32>set * SET_BYTES + (offset >> 3))) >> (offset & 7)) & 1) != 0;
}
