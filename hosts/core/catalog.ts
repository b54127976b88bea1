/** The core's own words as hosts read them: lines of its catalog of signatures, and names of bits. */
import type { SignatureInfo } from "./engine-options.ts";

/**
 * @param line of the catalog, or of a policy's rule: stamp, type, CWE, severity, reason, CVE, divided by tabs; of
 * several numbers in one field, commas between them
 */
export function signatureOf(line: string): SignatureInfo {
  const [stamp = "", type = "", cwe = "", severity = "0", reason = "", cve = ""] = line.split("\t");
  // The core's own virtual patches have the number in their stamps.
  const numbers = cve || (/^vpatch-(cve-\d{4}-\d+)$/.exec(stamp)?.[1] ?? "").toUpperCase();
  const known = numbers === "" ? {} : { cve: numbers.split(",") };
  return { stamp, type, cwe: cwe === "" ? [] : cwe.split(","), ...known, severity: Number(severity), reason };
}

/** @returns the names of the bits that are set, lowest first */
export function bitNames(bits: number, names: readonly string[]): string[] {
  return names.filter((_name, index) => bits & (1 << index));
}
