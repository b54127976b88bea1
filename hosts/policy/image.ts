/**
 * The compiler of policies: from checked settings to the binary image that the core reads in place. The layout is
 * documented in assembly/policy/image.ts, which checks every image again when it is loaded.
 */
import { crc32 } from "node:zlib";
import { MerlonError } from "../core/error.ts";
import { MODES } from "../core/verdict.ts";
import { hashWord } from "./hash.ts";
import type { Network } from "./network.ts";
import { type CONSOLE_MODES, OVERRIDES, type Policy } from "./schema.ts";

const MAGIC = "MRLN";
const VERSION = 1;
const HEAD_BYTES = 32;
const SECTION_BYTES = 12;
const CHECKED_FROM = 16;
const NETWORK_BYTES = 20;
const RULE_HEAD_BYTES = 4;
/** The console says nothing here. */
const MODE_UNSET = 255;
/** Severity from which a match blocks; the built-in policy's. */
const SEVERITY_BLOCK = 4;
/** POLICY_BYTES_MAX of assembly/abi/limits.ts: the core has no room for more. */
export const IMAGE_BYTES_MAX = 262144;
const LOW_HALF = (1n << 64n) - 1n;

/** Kinds of sections, `Section` of assembly/policy/image.ts. */
const SECTIONS = { trusted: 1, modeRules: 2, masks: 3, disabled: 4 } as const;

interface Section {
  readonly kind: number;
  readonly content: Buffer;
}

/**
 * Compiles a policy. Equal policies give equal bytes.
 * @throws MerlonError MERLON_POLICY when the lists together exceed IMAGE_BYTES_MAX
 */
export function compilePolicy(policy: Policy): Uint8Array {
  const sections: Section[] = [
    { kind: SECTIONS.trusted, content: Buffer.concat(policy.clientIP.trustedCIDRs.map(networkRow)) },
    { kind: SECTIONS.modeRules, content: Buffer.concat(policy.console.rules.map(ruleRow)) },
    { kind: SECTIONS.masks, content: hashes(policy.mask) },
    { kind: SECTIONS.disabled, content: hashes(policy.disable.stamps) },
  ].filter(({ content }) => content.length > 0);
  const contentAt = HEAD_BYTES + sections.length * SECTION_BYTES;
  const size = sections.reduce((sum, { content }) => sum + content.length, contentAt);
  if (size > IMAGE_BYTES_MAX) {
    const why = `it takes ${size} bytes, and the core has room for ${IMAGE_BYTES_MAX}`;
    throw new MerlonError("MERLON_POLICY", `the policy is too large — ${why}; shorten console.rules`);
  }
  const image = Buffer.alloc(size);
  writeHead(image, policy, sections.length);
  let at = contentAt;
  for (const [index, { kind, content }] of sections.entries()) {
    const row = HEAD_BYTES + index * SECTION_BYTES;
    image.writeUInt16LE(kind, row);
    image.writeUInt32LE(at, row + 4);
    image.writeUInt32LE(content.length, row + 8);
    at += content.copy(image, at);
  }
  image.writeUInt32LE(crc32(image.subarray(CHECKED_FROM)), 12);
  return image;
}

function writeHead(image: Buffer, policy: Policy, sections: number): void {
  const { trap, unreachable, overlimit, oversize } = policy.failure;
  image.write(MAGIC, 0, "latin1");
  image.writeUInt16LE(VERSION, 4);
  image.writeUInt16LE(sections, 6);
  image.writeUInt32LE(image.length, 8);
  image.writeUInt8(MODES.indexOf(policy.mode), 16);
  image.writeUInt8(OVERRIDES.indexOf(policy.modeAllowOverride), 17);
  image.writeUInt8(consoleMode(policy.console.mode), 18);
  image.writeUInt8(SEVERITY_BLOCK, 19);
  image.writeUInt32LE(policy.limits.inspectBytes, 20);
  image.writeUInt32LE(policy.limits.holdBytes, 24);
  for (const [index, side] of [trap, unreachable, overlimit, oversize].entries()) {
    image.writeUInt8(side === "closed" ? 1 : 0, 28 + index);
  }
}

function consoleMode(mode: (typeof CONSOLE_MODES)[number]): number {
  return mode === "default" ? MODE_UNSET : MODES.indexOf(mode);
}

function networkRow({ address, prefix }: Network): Buffer {
  const row = Buffer.alloc(NETWORK_BYTES);
  row.writeBigUInt64LE(address >> 64n, 0);
  row.writeBigUInt64LE(address & LOW_HALF, 8);
  row.writeUInt32LE(prefix, 16);
  return row;
}

function ruleRow(rule: Policy["console"]["rules"][number]): Buffer {
  const method = Buffer.from(rule.method ?? "", "latin1");
  const path = Buffer.from(rule.path, "utf8");
  const head = Buffer.alloc(RULE_HEAD_BYTES);
  head.writeUInt8(consoleMode(rule.mode), 0);
  head.writeUInt8(method.length, 1);
  head.writeUInt16LE(path.length, 2);
  return Buffer.concat([head, method, path]);
}

/** Hashes in ascending order without repetition, so that the order in the file makes no other image. */
function hashes(words: readonly string[]): Buffer {
  const sorted = [...new Set(words.map(hashWord))].sort((a, b) => a - b);
  const content = Buffer.alloc(sorted.length * 4);
  for (const [index, hash] of sorted.entries()) content.writeUInt32LE(hash, index * 4);
  return content;
}
