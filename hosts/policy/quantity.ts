/** Sizes as people write them in policies: `512Ki`, `10Mi`, or a plain number of bytes. */

const UNITS: Readonly<Record<string, number>> = { "": 1, Ki: 1024, Mi: 1024 * 1024, Gi: 1024 * 1024 * 1024 };

/**
 * @param written a number of bytes, or text with a binary suffix
 * @returns bytes, or undefined where it is no size; `K`, `M`, `kB` and fractions are none, since people read them
 * in different ways
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ of which this is a part
 */
export function parseBytes(written: string | number): number | undefined {
  const match = /^(\d{1,15})(Ki|Mi|Gi)?$/.exec(String(written));
  if (match === null) return undefined;
  return Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1);
}

/** Bytes with the largest suffix that leaves a whole number. */
export function bytesText(bytes: number): string {
  for (const unit of ["Gi", "Mi", "Ki"]) {
    const size = UNITS[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
