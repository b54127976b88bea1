/**
 * Small databases in MaxMind's format, made for tests: a search tree of IPv4 with records of 24 bits, and maps as data.
 * @see https://maxmind.github.io/MaxMind-DB/
 */

/** What a network of the database has. */
export interface Place {
  /** Such as `203.0.113.0/24`. */
  readonly cidr: string;
  readonly value: Value;
}

type Value = string | number | { readonly [name: string]: Value };

const SEPARATOR_BYTES = 16;
const RECORD_BITS = 24;

/** @returns the bytes of a database */
export function makeDatabase(places: readonly Place[]): Buffer {
  const nodes: (number | Buffer | undefined)[][] = [[undefined, undefined]];
  const sections: Buffer[] = [];
  for (const { cidr, value } of places) {
    const [address = "", prefix = "32"] = cidr.split("/");
    const bits = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
    let node = 0;
    for (let depth = 0; depth < Number(prefix); depth++) {
      const side = Math.floor(bits / 2 ** (31 - depth)) % 2;
      const row = nodes[node] ?? [];
      if (depth === Number(prefix) - 1) row[side] = encode(value);
      else if (typeof row[side] === "number") node = row[side];
      else {
        row[side] = nodes.length;
        node = nodes.push([undefined, undefined]) - 1;
      }
    }
  }
  let offset = 0;
  const tree = nodes.flat().map((target) => {
    const record = Buffer.alloc(3);
    let number = nodes.length;
    if (typeof target === "number") number = target;
    else if (target !== undefined) {
      number = nodes.length + SEPARATOR_BYTES + offset;
      sections.push(target);
      offset += target.length;
    }
    record.writeUIntBE(number, 0, 3);
    return record;
  });
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from("MaxMind.com")]);
  return Buffer.concat([...tree, Buffer.alloc(SEPARATOR_BYTES), ...sections, marker, metadata(nodes.length)]);
}

function metadata(nodeCount: number): Buffer {
  const fields: [string, Buffer][] = [
    ["node_count", number(6, nodeCount)],
    ["record_size", number(5, RECORD_BITS)],
    ["ip_version", number(5, 4)],
    ["database_type", encode("Merlon-Test")],
    ["languages", Buffer.from([1, 4, ...encode("en")])],
    ["binary_format_major_version", number(5, 2)],
    ["binary_format_minor_version", number(5, 0)],
    ["build_epoch", Buffer.from([8, 2, 0, 0, 0, 0, 0x60, 0, 0, 0])],
    ["description", encode({ en: "made by a test" })],
  ];
  return Buffer.concat([
    Buffer.from([(7 << 5) | fields.length]),
    ...fields.flatMap(([name, value]) => [encode(name), value]),
  ]);
}

/** Types: 2 text, 5 and 6 numbers of 16 and 32 bits, 7 maps. Sizes stay below 29, which one byte says. */
function encode(value: Value): Buffer {
  if (typeof value === "number") return number(6, value);
  if (typeof value === "string") return Buffer.concat([Buffer.from([(2 << 5) | value.length]), Buffer.from(value)]);
  const fields = Object.entries(value);
  const head = Buffer.from([(7 << 5) | fields.length]);
  return Buffer.concat([head, ...fields.flatMap(([name, one]) => [encode(name), encode(one)])]);
}

function number(type: 5 | 6, value: number): Buffer {
  const size = type === 5 ? 2 : 4;
  const bytes = Buffer.alloc(size + 1);
  bytes.writeUInt8((type << 5) | size, 0);
  bytes.writeUIntBE(value, 1, size);
  return bytes;
}
