/**
 * Changes of single objects in the text of a policy: exceptions and entries of lists come, end and go, and everything
 * else stays as it was written, comments included. The same changes are made to a file and by a policy service.
 */
import { type Document, parseAllDocuments, parseDocument, stringify } from "yaml";
import { z } from "zod";
import { MerlonError } from "../core/error.ts";
import { dateText } from "./date.ts";
import { entryText, LISTS, type ListEntry } from "./ip-list.ts";
import { suggestion } from "./nearest.ts";
import { networkSchema } from "./network.ts";
import { parseObjects } from "./policy-text.ts";
import { API_VERSION } from "./schema.ts";

const TEXT_CHARS_MAX = 256 * 1024;
const seconds = z.int().min(0).max(0xffff_fffe);
const name = z.string().min(1).max(253);

/** One change. */
export const editSchema = z.discriminatedUnion("op", [
  /** Adds exceptions, documents as `merlon exception propose` prints them. */
  z.strictObject({ op: z.literal("exception.apply"), text: z.string().max(TEXT_CHARS_MAX) }),
  /** Ends one now; it stays in the text. */
  z.strictObject({ op: z.literal("exception.expire"), name, at: seconds }),
  /** Takes one away, without a name the last one. */
  z.strictObject({ op: z.literal("exception.undo"), name: name.optional() }),
  z.strictObject({
    op: z.literal("list.add"),
    list: z.enum(LISTS),
    /** `203.0.113.0/24`, `country:DE` or `asn:64500`. */
    entry: z.string().max(64),
    expiresAt: seconds.optional(),
    reason: z.string().max(500).optional(),
  }),
  /** Without a list, from every one that has it. */
  z.strictObject({ op: z.literal("list.remove"), entry: z.string().max(64), list: z.enum(LISTS).optional() }),
]);
/** See `editSchema`. */
export type Edit = z.output<typeof editSchema>;

/** A text after a change, and what was done, for people. */
export interface Edited {
  readonly text: string;
  readonly did: string;
}

/**
 * Makes a change.
 * @param text documents of a policy, maybe none
 * @throws MerlonError MERLON_POLICY where it cannot be made; the text is not read whole, so check the result
 */
export function applyEdit(text: string, edit: Edit): Edited {
  const documents = splitDocuments(text);
  switch (edit.op) {
    case "exception.apply":
      return applyExceptions(documents, edit.text);
    case "exception.expire":
      return expireException(documents, edit.name, edit.at);
    case "exception.undo":
      return undoException(documents, edit.name);
    case "list.add":
      return addEntry(documents, edit);
    case "list.remove":
      return removeEntry(documents, edit.entry, edit.list);
  }
}

/** Three dashes at a line's begin divide documents wherever they stand (YAML 1.2 §9.1.2). */
function splitDocuments(text: string): string[] {
  return text.split(/^---(?:[ \t]*\r?\n|$)/m).filter((one) => one.trim() !== "");
}

function joinDocuments(documents: readonly string[]): string {
  return documents.map((one) => (one.endsWith("\n") ? one : `${one}\n`)).join("---\n");
}

/** A document of one kind that could be the one that is looked for. */
interface Found {
  readonly index: number;
  readonly document: Document.Parsed;
}

/** Documents of a kind; only those whose text has `word` are parsed, since a file may have thousands. */
function* ofKind(documents: readonly string[], kind: string, word = ""): Generator<Found> {
  for (const [index, text] of documents.entries()) {
    if (!text.includes(kind) || !text.includes(word)) continue;
    const document = parseDocument(text);
    if (document.errors.length === 0 && document.get("kind") === kind) yield { index, document };
  }
}

function exceptionNamed(documents: readonly string[], wanted: string): Found {
  const names: string[] = [];
  for (const found of ofKind(documents, "WafException", wanted)) {
    if (found.document.getIn(["metadata", "name"]) === wanted) return found;
  }
  for (const { document } of ofKind(documents, "WafException"))
    names.push(String(document.getIn(["metadata", "name"])));
  const near = suggestion(wanted, names) || "see merlon exception list";
  throw new MerlonError(
    "MERLON_POLICY",
    `there is no exception "${wanted.slice(0, 60)}" here — names are compared exactly; ${near}`,
  );
}

function applyExceptions(documents: string[], text: string): Edited {
  const { exceptions, ipLists } = parseObjects(text, "the exceptions");
  if (exceptions.length === 0 || ipLists.length > 0) {
    throw new MerlonError(
      "MERLON_POLICY",
      "there is no exception to apply — WafException documents are expected; see merlon exception propose",
    );
  }
  for (const { name: own } of exceptions) {
    for (const { document } of ofKind(documents, "WafException", own)) {
      if (document.getIn(["metadata", "name"]) !== own) continue;
      throw new MerlonError(
        "MERLON_POLICY",
        `there is an exception ${own} already — names tell them apart; undo that one, or rename yours`,
      );
    }
  }
  const unnamed = parseAllDocuments(text).some((one) => one.getIn(["metadata", "name"]) === undefined);
  if (unnamed)
    throw new MerlonError("MERLON_POLICY", "an exception has no name — it could not be undone; write metadata.name");
  return {
    text: joinDocuments([...documents, ...splitDocuments(text)]),
    did: `exception ${exceptions.map((one) => one.name).join(", ")} applied`,
  };
}

function expireException(documents: string[], wanted: string, at: number): Edited {
  const { index, document } = exceptionNamed(documents, wanted);
  document.setIn(["spec", "expiresAt"], dateText(at));
  return {
    text: joinDocuments(documents.with(index, document.toString())),
    did: `exception ${wanted} ends at ${dateText(at)}`,
  };
}

function undoException(documents: string[], wanted: string | undefined): Edited {
  const found =
    wanted === undefined ? [...ofKind(documents, "WafException")].at(-1) : exceptionNamed(documents, wanted);
  if (found === undefined)
    throw new MerlonError(
      "MERLON_POLICY",
      "there is no exception to undo — none was applied here; see merlon exception list",
    );
  const own = String(found.document.getIn(["metadata", "name"]) ?? "without a name");
  return { text: joinDocuments(documents.toSpliced(found.index, 1)), did: `exception ${own} is gone` };
}

/**
 * Reads what a command says of an entry.
 * @throws MerlonError MERLON_POLICY when it is no network, country or system
 */
export function parseEntry(text: string): Pick<ListEntry, "cidr" | "country" | "asn"> {
  const [, kind, rest = ""] = /^(country|asn):(.*)$/i.exec(text) ?? [];
  if (kind === undefined) {
    const network = networkSchema.safeParse(text);
    if (network.success) return { cidr: network.data };
    throw unreadable(text, network.error.issues[0]?.message ?? "is no network");
  }
  if (kind.toLowerCase() === "country" && /^[A-Za-z]{2}$/.test(rest)) return { country: rest.toUpperCase() };
  if (kind.toLowerCase() === "asn" && /^[1-9]\d{0,9}$/.test(rest) && Number(rest) <= 0xffff_ffff) {
    return { asn: Number(rest) };
  }
  throw unreadable(text, "is no country or system; write one such as country:DE or asn:64500");
}

function unreadable(text: string, why: string): MerlonError {
  const shown = text.replace(/[^ -~]/g, "?").slice(0, 60);
  return new MerlonError("MERLON_POLICY", `"${shown}" ${why}`);
}

/** Lists that commands add to, told from those that people wrote. */
function ownName(list: string): string {
  return `added-${list}`;
}

function addEntry(documents: string[], edit: Extract<Edit, { op: "list.add" }>): Edited {
  const { list, entry, expiresAt, reason } = edit;
  const parsed = parseEntry(entry);
  const text = entryText(parsed);
  const written = {
    ...(parsed.cidr === undefined ? parsed : { cidr: text }),
    ...(expiresAt === undefined ? {} : { expiresAt: dateText(expiresAt) }),
    ...(reason === undefined ? {} : { reason }),
  };
  const did = `${text} is on the ${list} list${expiresAt === undefined ? "" : ` until ${dateText(expiresAt)}`}`;
  for (const { index, document } of ofKind(documents, "WafIPList", ownName(list))) {
    if (document.getIn(["metadata", "name"]) !== ownName(list)) continue;
    const at = placeOf(document, text);
    if (at >= 0) document.setIn(["spec", "entries", at], document.createNode(written));
    else document.addIn(["spec", "entries"], document.createNode(written));
    return { text: joinDocuments(documents.with(index, document.toString())), did };
  }
  const own = {
    apiVersion: API_VERSION,
    kind: "WafIPList",
    metadata: { name: ownName(list) },
    spec: { list, entries: [written] },
  };
  return { text: joinDocuments([...documents, stringify(own)]), did };
}

const writtenEntries = z.array(z.object({ cidr: z.unknown(), country: z.unknown(), asn: z.unknown() }).partial());

/** @returns where an entry stands in a list; -1 where it does not */
function placeOf(document: Document.Parsed, text: string): number {
  const entries = writtenEntries.safeParse(document.toJS()?.spec?.entries);
  return (entries.data ?? []).findIndex(({ cidr, country, asn }) => {
    const said = cidr ?? (country === undefined ? `asn:${asn}` : `country:${country}`);
    try {
      return entryText(parseEntry(String(said))) === text;
    } catch {
      return false;
    }
  });
}

/** Takes an entry off every list that has it, or off one; a list without entries goes too. */
function removeEntry(documents: string[], entry: string, only: string | undefined): Edited {
  const text = entryText(parseEntry(entry));
  const kept = [...documents];
  const lists: string[] = [];
  for (const { index, document } of [...ofKind(documents, "WafIPList")].reverse()) {
    if (only !== undefined && document.getIn(["spec", "list"]) !== only) continue;
    let found = false;
    for (let at = placeOf(document, text); at >= 0; at = placeOf(document, text)) {
      document.deleteIn(["spec", "entries", at]);
      found = true;
    }
    if (!found) continue;
    lists.push(String(document.getIn(["spec", "list"])));
    const isEmpty = (document.toJS()?.spec?.entries ?? []).length === 0;
    kept.splice(index, 1, ...(isEmpty ? [] : [document.toString()]));
  }
  if (lists.length > 0) return { text: joinDocuments(kept), did: `${text} is off the ${lists.join(" and ")} list` };
  const why = "an entry is taken off as it was written, not a part of it";
  throw new MerlonError(
    "MERLON_POLICY",
    `${text} is on no ${only === undefined ? "" : `${only} `}list here — ${why}; see merlon ip list`,
  );
}
