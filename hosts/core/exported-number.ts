/**
 * Numbers that a module exports. Each read of one is a call out of the compiled code, and a request needs dozens: those
 * that never change are read once.
 */

/** Constants are called like this; what changes is a function. */
const CONSTANT = /^[A-Z][A-Z0-9_]*$/;

/** @returns an exported number; the loader leaves members of enums as globals, whatever their type says */
export function numberOf(exported: unknown): number {
  return isGlobal(exported) ? Number(exported.value) : Number(exported);
}

/** @returns the exports with constants as plain objects of the same shape */
export function plainNumbers(exports: object): object {
  const plain = Object.entries(exports).map(([name, exported]: [string, unknown]) => {
    return [name, CONSTANT.test(name) && isGlobal(exported) ? { value: Number(exported.value) } : exported];
  });
  return Object.fromEntries(plain);
}

function isGlobal(exported: unknown): exported is { readonly value: unknown } {
  return typeof exported === "object" && exported !== null && "value" in exported;
}
