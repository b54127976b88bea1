/** CRC-32 (ISO 3309, as in zip and zlib): guards policy images and tables against damage, not against forgery. */

const table: usize = memory.data(64, 16);

/** Fills the table for half bytes; called once when the module starts. */
export function crc32Init(): void {
  for (let i: u32 = 0; i < 16; i++) {
    let value = i;
    for (let bit = 0; bit < 4; bit++) value = value & 1 ? 0xedb88320 ^ (value >> 1) : value >> 1;
    store<u32>(table + ((<usize>i) << 2), value);
  }
}

/** Checksum of `size` bytes, four bits at a time: it runs once a policy, so 64 bytes of table do. */
export function crc32(at: usize, size: u32): u32 {
  let crc: u32 = 0xffffffff;
  const end = at + <usize>size;
  while (at < end) {
    crc ^= load<u8>(at++);
    crc = load<u32>(table + ((<usize>(crc & 15)) << 2)) ^ (crc >> 4);
    crc = load<u32>(table + ((<usize>(crc & 15)) << 2)) ^ (crc >> 4);
  }
  return ~crc;
}
