/** A finding: a signature and the bytes of the current layer that show it. Told once a value, whatever the layer. */
import { layer } from "../decode/layer";
import { seen } from "../decode/value";
import { Signature } from "../tables/signatures.gen";

let hook: (signature: u32, start: u32, end: u32) => void = ignore;

function ignore(_signature: u32, _start: u32, _end: u32): void {}

/** Names the function that keeps matches; called once when the module starts. */
export function onMatch(keep: (signature: u32, start: u32, end: u32) => void): void {
  hook = keep;
}

/**
 * Reports that [at, end) of the current layer shows a signature.
 * @param at address inside the current layer
 */
export function report(signature: Signature, at: usize, end: usize): void {
  const number = <u32>signature;
  const byte = seen + <usize>(number >> 3);
  const bit = (<u32>1) << (number & 7);
  const bits = <u32>load<u8>(byte);
  if (bits & bit) return;
  store<u8>(byte, bits | bit);
  hook(number, <u32>(at - layer.at), <u32>(end - layer.at));
}

/** Whether the signature was found in this value already: nothing is gained by finding it again. */
export function isReported(signature: Signature): bool {
  const number = <u32>signature;
  return ((<u32>load<u8>(seen + <usize>(number >> 3)) >> (number & 7)) & 1) != 0;
}
