/** Addresses as text (RFC 5952) from the two halves in which the core keeps them. */

/**
 * @param high first 64 bits of the address, network order
 * @param low last 64 bits; IPv4 is mapped (`::ffff:a.b.c.d`)
 * @returns dotted decimal for IPv4, the short form for IPv6, "" for the unknown address `::`
 */
export function addressText(high: bigint, low: bigint): string {
  if (high === 0n && low === 0n) return "";
  if (high === 0n && low >> 32n === 0xffffn) {
    const v4 = Number(low & 0xffffffffn);
    return `${v4 >>> 24}.${(v4 >>> 16) & 255}.${(v4 >>> 8) & 255}.${v4 & 255}`;
  }
  const groups: number[] = [];
  for (const half of [high, low]) {
    for (let shift = 48n; shift >= 0n; shift -= 16n) groups.push(Number((half >> shift) & 0xffffn));
  }
  return compress(groups);
}

/** Writes eight groups with the longest run of two or more zeros as `::`. */
function compress(groups: readonly number[]): string {
  let best = -1;
  let bestSize = 1;
  for (let at = 0; at < 8; at++) {
    let size = 0;
    while (at + size < 8 && groups[at + size] === 0) size++;
    if (size > bestSize) {
      best = at;
      bestSize = size;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (best < 0) return hex.join(":");
  return `${hex.slice(0, best).join(":")}::${hex.slice(best + bestSize).join(":")}`;
}
