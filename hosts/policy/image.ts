/**
 * The compiler of policies: from checked settings to the binary image that the core reads in place. The layout is
 * documented in assembly/policy/image.ts, which checks every image again when it is loaded.
 */
import { crc32 } from "node:zlib";
import { MerlonError } from "../core/error.ts";
import type { BlockPage } from "../core/host-policy.ts";
import { MODES, type Mode } from "../core/verdict.ts";
import { applicationId, applicationsOf } from "./application.ts";
import { pagesOf } from "./block-page.ts";
import type { Exception } from "./exception.ts";
import { hashWord } from "./hash.ts";
import { type Match, matchText, prefixTemplate } from "./match.ts";
import type { Network } from "./network.ts";
import { checkFit, RouteCompiler, type RouteTables, SCOPES_KEPT_MAX, Texts, words } from "./routes.ts";
import { rulesOf } from "./rule/pack.ts";
import type { Rule } from "./rule/rule.ts";
import { ruleTables } from "./rule/sections.ts";
import { type CONSOLE_MODES, OVERRIDES, PARSERS, type Policy, type Scope } from "./schema.ts";
import { type Check, checksOf } from "./specification/checks.ts";
import { ruleOf } from "./threshold/threshold.ts";

const MAGIC = "MRLN";
const VERSION = 1;
/** With thresholds: engines that do not know them refuse the image. */
const VERSION_THRESHOLDS = 2;
const HEAD_BYTES = 32;
const SECTION_BYTES = 12;
/** Places in the head: the count of sections, the checksum, what it covers, the mode and who may change it. */
const SECTIONS_AT = 6;
const CRC_AT = 12;
const CHECKED_FROM = 16;
const MODE_AT = 16;
const OVERRIDE_AT = 17;
const NETWORK_BYTES = 20;
const SETTINGS_BYTES = 28;
/** The console says nothing here. */
const MODE_UNSET = 255;
/** Severity from which a match blocks; the built-in policy's. */
const SEVERITY_BLOCK = 4;
/** POLICY_BYTES_MAX of assembly/abi/limits.ts: the core has no room for more. */
export const IMAGE_BYTES_MAX = 4_194_304;
const LOW_HALF = (1n << 64n) - 1n;

/** Kinds of sections, `Section` of assembly/policy/image.ts. */
const SECTIONS = {
  trusted: 1,
  masks: 3,
  disabled: 4,
  texts: 5,
  hosts: 6,
  nodes: 7,
  edges: 8,
  routes: 9,
  scopes: 10,
  settings: 11,
  exceptions: 12,
  scopeMasks: 13,
  pages: 14,
  rules: 15,
  subjects: 16,
  terms: 17,
  programs: 18,
  automata: 19,
  schemas: 22,
} as const;
/** Bits of a settings row that say which of its fields count, `Has` of assembly/policy/scope.ts. */
const HAS = {
  mode: 1,
  override: 2,
  console: 4,
  application: 8,
  inspectBytes: 16,
  holdBytes: 32,
  page: 64,
  parsers: 128,
};
/** Places in the image's four failures of those that a scope can say. */
const FAILURES = { overlimit: 2, oversize: 3 } as const;
/** Bits of a page's causes, in the order of BLOCK_CAUSES. */
const CAUSES = { attack: 1, acl_ip: 2 } as const;
/** Beside them: everyone gets the page, whatever they accept. */
const PAGE_FOR_ALL = 4;

interface Section {
  readonly kind: number;
  readonly content: Buffer;
}

/**
 * Compiles a policy. Equal policies give equal bytes.
 * @param routes keeps what the next policy of the same scopes can use again
 * @throws MerlonError MERLON_POLICY when it is too large for the core, or two applications have one number
 */
export function compilePolicy(policy: Policy, routes = new RouteCompiler()): Uint8Array {
  applicationsOf(policy);
  const sections: Section[] = [
    { kind: SECTIONS.trusted, content: Buffer.concat(policy.clientIP.trustedCIDRs.map(networkRow)) },
    { kind: SECTIONS.masks, content: hashes(policy.mask) },
    { kind: SECTIONS.disabled, content: hashes(policy.disable.stamps) },
    ...scopedSections(policy, routes),
  ].filter(({ content }) => content.length > 0);
  const contentAt = HEAD_BYTES + sections.length * SECTION_BYTES;
  const size = sections.reduce((sum, { content }) => sum + padded(content.length), contentAt);
  if (size > IMAGE_BYTES_MAX) {
    const why = `it takes ${size} bytes, and the core has room for ${IMAGE_BYTES_MAX}`;
    throw new MerlonError("MERLON_POLICY", `the policy is too large — ${why}; delete scopes, rules or exceptions`);
  }
  const image = Buffer.alloc(size);
  writeHead(image, policy, sections.length);
  let at = contentAt;
  for (const [index, { kind, content }] of sections.entries()) {
    const row = HEAD_BYTES + index * SECTION_BYTES;
    image.writeUInt16LE(kind, row);
    image.writeUInt32LE(at, row + 4);
    image.writeUInt32LE(content.length, row + 8);
    content.copy(image, at);
    at += padded(content.length);
  }
  image.writeUInt32LE(crc32(image.subarray(CHECKED_FROM)), CRC_AT);
  return image;
}

/** @returns where the sections of an image begin, in ascending order */
export function sectionStarts(image: Uint8Array): number[] {
  const view = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  return Array.from({ length: view.readUInt16LE(SECTIONS_AT) }, (_, index) =>
    view.readUInt32LE(HEAD_BYTES + index * SECTION_BYTES + 4),
  );
}

/**
 * @returns an image with a mode that is somebody's last word: neither scopes nor console rules change it
 * @throws MerlonError MERLON_POLICY_VERSION when it is damaged
 */
export function imageWithMode(image: Uint8Array, mode: Mode): Uint8Array {
  try {
    return rewriteMode(image, mode);
  } catch (cause) {
    const why = "it ends too early";
    throw new MerlonError("MERLON_POLICY_VERSION", `the policy image is damaged — ${why}; compile it again`, { cause });
  }
}

function rewriteMode(image: Uint8Array, mode: Mode): Uint8Array {
  const own = Buffer.from(image);
  own.writeUInt8(MODES.indexOf(mode), MODE_AT);
  own.writeUInt8(OVERRIDES.indexOf("off"), OVERRIDE_AT);
  for (let index = own.readUInt16LE(SECTIONS_AT) - 1; index >= 0; index--) {
    const row = HEAD_BYTES + index * SECTION_BYTES;
    if (own.readUInt16LE(row) !== SECTIONS.settings) continue;
    const at = own.readUInt32LE(row + 4);
    const end = at + own.readUInt32LE(row + 8);
    const said = HAS.mode | HAS.override;
    for (let has = at; has < end; has += SETTINGS_BYTES) own.writeUInt32LE(own.readUInt32LE(has) & ~said, has);
  }
  own.writeUInt32LE(crc32(own.subarray(CHECKED_FROM)), CRC_AT);
  return own;
}

/** Rows of numbers begin at a multiple of four. */
function padded(size: number): number {
  return (size + 3) & ~3;
}

function writeHead(image: Buffer, policy: Policy, sections: number): void {
  const { trap, unreachable, overlimit, oversize } = policy.failure;
  image.write(MAGIC, 0, "latin1");
  image.writeUInt16LE(policy.thresholds?.length ? VERSION_THRESHOLDS : VERSION, 4);
  image.writeUInt16LE(sections, SECTIONS_AT);
  image.writeUInt32LE(image.length, 8);
  image.writeUInt8(MODES.indexOf(policy.mode), MODE_AT);
  image.writeUInt8(OVERRIDES.indexOf(policy.modeAllowOverride), OVERRIDE_AT);
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

/** Everything that is said of one scope. */
interface Entry {
  settings: Partial<Scope>;
  console: (typeof CONSOLE_MODES)[number] | undefined;
  /** Rows of exceptions, as numbers of 32 bits. */
  exceptions: number[][];
}

/** Rows of the sections that scopes fill. */
interface ScopeRows {
  readonly scopes: number[];
  readonly settings: Buffer[];
  readonly exceptions: number[];
  readonly masks: Buffer[];
}

/** What the core asks of requests, and where. */
type AskedOf = { readonly match: Match } & ({ rule: Rule; threshold?: number } | { check: Check });

/** All of it: rules and specifications, which find something, and thresholds by their numbers, which count. */
function askedOf(policy: Policy): AskedOf[] {
  const thresholds = (policy.thresholds ?? []).map((one, threshold) => ({ rule: ruleOf(one), threshold }));
  return [
    ...[...rulesOf(policy).map((rule) => ({ rule })), ...thresholds].map((one) => ({ match: one.rule.match, ...one })),
    ...checksOf(policy.apiSpecs).map((check) => ({ match: check.match, check })),
  ];
}

/** The sections of what applies to a part of the requests; none where nothing does. */
function scopedSections(policy: Policy, compiler: RouteCompiler): Section[] {
  const { scopes = [], exceptions = [], console: remote } = policy;
  const asked = askedOf(policy);
  const rules = remote.rules.map(({ path, method, mode }) => ({ match: { path: prefixTemplate(path), method }, mode }));
  const {
    ordered,
    tables,
    texts: routeTexts,
  } = compiler.route([...scopes, ...rules, ...exceptions, ...asked].map(({ match }) => match));
  checkFit(
    [...exceptions, ...scopes.filter(({ mask }) => mask !== undefined)].map(({ match }) => match),
    SCOPES_KEPT_MAX,
  );
  const entries = new Map<string, Entry>();
  const entryOf = (match: Match): Entry => {
    const entry = entries.get(matchText(match)) ?? { settings: {}, console: undefined, exceptions: [] };
    entries.set(matchText(match), entry);
    return entry;
  };
  // The order of entries is the order of scopes' numbers.
  for (const match of ordered) entryOf(match);
  entryOf({}).settings = { application: policy.application, parsers: policy.parsers };
  for (const scope of scopes) entryOf(scope.match).settings = scope;
  for (const { match, mode } of rules) entryOf(match).console = mode;
  const texts = new Texts(routeTexts);
  for (const [index, exception] of exceptions.entries()) {
    entryOf(exception.match).exceptions.push(...exceptionRows(exception, index + 1, texts));
  }
  const pages = pagesOf(policy);
  const content: ScopeRows = { scopes: [], settings: [], exceptions: [], masks: [] };
  let masks = 0;
  // Most scopes of a large policy say what others say; one row for all of them is one that stays in the cache.
  const rowNumbers = new Map<string, number>();
  for (const { settings, console: mode, exceptions: rows } of entries.values()) {
    const row = settingsRow(settings, mode, pages.indexOf(settings.blockPage));
    const key = row?.toString("latin1") ?? "";
    if (row !== undefined && !rowNumbers.has(key)) rowNumbers.set(key, content.settings.push(row));
    const own = hashes(settings.mask ?? []);
    rows.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
    const settingsAt = rowNumbers.get(key) ?? 0;
    content.scopes.push(settingsAt, content.exceptions.length / EXCEPTION_WORDS, rows.length, masks, own.length / 4);
    for (const one of rows) content.exceptions.push(...one);
    content.masks.push(own);
    masks += own.length / 4;
  }
  const numbers = new Map([...entries.keys()].map((text, index) => [text, index]));
  const scoped = asked.map((one) => ({ ...one, scope: numbers.get(matchText(one.match)) ?? 0 }));
  const ruled = ruleTables(scoped, texts);
  const pageRows = Buffer.concat(pages.all.map((page) => pageRow(page, texts)));
  const isScoped = entries.size > 1 || content.settings.length + content.exceptions.length + asked.length > 0;
  return [
    { kind: SECTIONS.pages, content: pageRows },
    ...(isScoped ? routeSections(tables) : []),
    { kind: SECTIONS.scopes, content: isScoped ? words(content.scopes) : Buffer.alloc(0) },
    { kind: SECTIONS.settings, content: Buffer.concat(content.settings) },
    { kind: SECTIONS.exceptions, content: words(content.exceptions) },
    { kind: SECTIONS.scopeMasks, content: Buffer.concat(content.masks) },
    { kind: SECTIONS.rules, content: ruled.rules },
    { kind: SECTIONS.subjects, content: ruled.subjects },
    { kind: SECTIONS.terms, content: ruled.terms },
    { kind: SECTIONS.programs, content: ruled.programs },
    { kind: SECTIONS.automata, content: ruled.automata },
    { kind: SECTIONS.schemas, content: ruled.schemas },
    { kind: SECTIONS.texts, content: texts.content },
  ];
}

function routeSections({ hosts, nodes, edges, routes }: RouteTables): Section[] {
  return [
    { kind: SECTIONS.hosts, content: hosts },
    { kind: SECTIONS.nodes, content: nodes },
    { kind: SECTIONS.edges, content: edges },
    { kind: SECTIONS.routes, content: routes },
  ];
}

function settingsRow(settings: Partial<Scope>, remote: Entry["console"], page: number | undefined): Buffer | undefined {
  const { mode, modeAllowOverride, application, failure = {}, limits = {}, parsers } = settings;
  const row = Buffer.alloc(SETTINGS_BYTES);
  const note = (bit: number, write: () => unknown): void => {
    row.writeUInt32LE(row.readUInt32LE(0) | bit, 0);
    write();
  };
  if (mode !== undefined) note(HAS.mode, () => row.writeUInt8(MODES.indexOf(mode), 4));
  if (modeAllowOverride !== undefined) {
    note(HAS.override, () => row.writeUInt8(OVERRIDES.indexOf(modeAllowOverride), 5));
  }
  if (remote !== undefined) note(HAS.console, () => row.writeUInt8(consoleMode(remote), 6));
  if (application !== undefined) note(HAS.application, () => row.writeUInt32LE(applicationId(application), 12));
  const { inspectBytes, holdBytes } = limits;
  if (inspectBytes !== undefined) note(HAS.inspectBytes, () => row.writeUInt32LE(inspectBytes, 16));
  if (holdBytes !== undefined) note(HAS.holdBytes, () => row.writeUInt32LE(holdBytes, 20));
  if (page !== undefined) note(HAS.page, () => row.writeUInt16LE(page, 24));
  if (parsers !== undefined && (parsers.disable.length > 0 || settings.match !== undefined)) {
    const bits = parsers.disable.reduce((sum, parser) => sum | (1 << PARSERS.indexOf(parser)), 0);
    note(HAS.parsers, () => row.writeUInt16LE(bits, 26));
  }
  let said = 0;
  let closed = 0;
  for (const kind of ["overlimit", "oversize"] as const) {
    if (failure[kind] !== undefined) said |= 1 << FAILURES[kind];
    if (failure[kind] === "closed") closed |= 1 << FAILURES[kind];
  }
  row.writeUInt8(said, 7);
  row.writeUInt8(closed, 8);
  return row.some((byte) => byte !== 0) ? row : undefined;
}

const EXCEPTION_WORDS = 5;

/**
 * Rows of one exception: what it ignores as a hash (of a stamp, of `type` and a type, 0 for all), the point, the second
 * from which it no longer counts, and its number.
 */
function exceptionRows({ ignore, point, expiresAt }: Exception, number: number, texts: Texts): number[][] {
  const keys = ignore.all
    ? [0]
    : [...ignore.stamps.map((stamp) => hashWord(stamp)), ...ignore.types.map((type) => hashWord(`type ${type}`))];
  const pointAt = point === undefined ? 0 : texts.add(point);
  return [...new Set(keys)].map((key) => [key, pointAt, point?.length ?? 0, expiresAt, number]);
}

function pageRow(page: BlockPage, texts: Texts): Buffer {
  const html = Buffer.from(page.html ?? "").toString("latin1");
  const redirect = page.redirect ?? "";
  const causes = page.types.reduce((sum, cause) => sum | CAUSES[cause], page.json ? 0 : PAGE_FOR_ALL);
  return words([page.statusCode, causes, texts.add(html), html.length, texts.add(redirect), redirect.length]);
}

/** Hashes in ascending order without repetition, so that the order in the file makes no other image. */
function hashes(names: readonly string[]): Buffer {
  return words([...new Set(names.map((name) => hashWord(name)))].sort((a, b) => a - b));
}
