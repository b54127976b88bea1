/**
 * What a curl command would send, as a raw request: for requests copied from a browser's tools or a bug report. Only
 * what decides about the request's bytes is read; no file is opened and nothing is sent.
 * @see https://curl.se/docs/manpage.html
 */
import { randomBytes } from "node:crypto";
import { suggestion } from "../../policy/nearest.ts";
import { usage } from "../command.ts";
import { showBytes } from "../text.ts";
import { splitWords } from "./shell-words.ts";

/** Flags with a value that the request depends on, by their long names. */
const TAKEN: Readonly<Record<string, string>> = {
  ...{ request: "X", header: "H", data: "d", "user-agent": "A", referer: "e", cookie: "b", user: "u", form: "F" },
  ...{
    "data-raw": "",
    "data-binary": "",
    "data-ascii": "",
    "data-urlencode": "",
    json: "",
    url: "",
    "form-string": "",
  },
  ...{ "oauth2-bearer": "", "url-query": "" },
};
/** Switches that the request depends on. */
const SWITCHES: Readonly<Record<string, string>> = { get: "G", head: "I", compressed: "", "path-as-is": "" };
/** Flags that change how curl sends or shows, and not what. */
const IGNORED_WITH_VALUE: Readonly<Record<string, string>> = {
  ...{ output: "o", "write-out": "w", "max-time": "m", proxy: "x", "cookie-jar": "c", range: "r", "dump-header": "D" },
  ...{ "connect-timeout": "", cacert: "", cert: "E", key: "", resolve: "", retry: "", "max-redirs": "", interface: "" },
  ...{ "limit-rate": "", "tls-max": "", ciphers: "", "connect-to": "", "unix-socket": "" },
};
const IGNORED: Readonly<Record<string, string>> = {
  ...{
    silent: "s",
    "show-error": "S",
    insecure: "k",
    location: "L",
    verbose: "v",
    include: "i",
    fail: "f",
    globoff: "g",
  },
  ...{ "no-buffer": "N", "progress-bar": "#", ipv4: "4", ipv6: "6", "http1.1": "", http2: "", "http1.0": "0" },
  ...{
    "http2-prior-knowledge": "",
    "no-progress-meter": "",
    "fail-with-body": "",
    tlsv1: "1",
    "tlsv1.2": "",
    "tlsv1.3": "",
  },
  ...{ "no-keepalive": "", "location-trusted": "", basic: "", parallel: "Z", remote: "O" },
};
const ALL = { ...TAKEN, ...SWITCHES, ...IGNORED_WITH_VALUE, ...IGNORED };
const BY_SHORT = new Map(
  Object.entries(ALL).flatMap(([name, short]) => (short === "" ? [] : [[short, name] as const])),
);

type Header = readonly [name: string, value: string];
type Flag = readonly [name: string, value: string];

/**
 * Reads a curl command.
 * @returns the request as curl would write it to the wire in HTTP/1.1
 * @throws MerlonError MERLON_USAGE for what cannot be understood, or would read files
 */
export function requestOfCurl(command: string): Buffer {
  const words = splitWords(command);
  if (words[0] === "curl") words.shift();
  const { flags, urls } = readFlags(words);
  const [url, second] = [...urls, ...valuesOf(flags, "url")];
  if (url === undefined) throw usage("the curl command has no URL", "there is nothing to send to", "add one");
  if (second !== undefined)
    throw usage("the curl command has two URLs", "one request is explained", "keep one of them");
  return serialise(flags, url);
}

function readFlags(words: readonly string[]): { flags: Flag[]; urls: string[] } {
  const flags: Flag[] = [];
  const urls: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word.startsWith("--")) readLong(word.slice(2), rest, flags);
    else if (word.startsWith("-") && word.length > 1) readShort(word, rest, flags);
    else urls.push(word);
  }
  return { flags, urls };
}

function readLong(name: string, rest: string[], flags: Flag[]): void {
  if (Object.hasOwn(TAKEN, name) || Object.hasOwn(IGNORED_WITH_VALUE, name)) flags.push([name, takeValue(name, rest)]);
  else if (Object.hasOwn(SWITCHES, name) || Object.hasOwn(IGNORED, name)) flags.push([name, ""]);
  else throw unknown(`--${name}`, suggestion(name, Object.keys(ALL)));
}

/** `-sSL`, `-XPOST`, `-d data`: switches may be joined, and a value may follow its flag at once. */
function readShort(word: string, rest: string[], flags: Flag[]): void {
  for (let at = 1; at < word.length; at++) {
    const name = BY_SHORT.get(word.charAt(at));
    if (name === undefined) throw unknown(`-${word.charAt(at)}`, "");
    if (!Object.hasOwn(TAKEN, name) && !Object.hasOwn(IGNORED_WITH_VALUE, name)) {
      flags.push([name, ""]);
      continue;
    }
    const value = word.slice(at + 1);
    flags.push([name, value === "" ? takeValue(name, rest) : value]);
    return;
  }
}

function takeValue(name: string, rest: string[]): string {
  const value = rest.shift();
  if (value !== undefined) return value;
  throw usage(`curl's --${name} has no value`, "the command ends there", "add it");
}

function unknown(flag: string, near: string): Error {
  const shown = showBytes(Buffer.from(flag, "latin1"), 60);
  const fix = near === "" ? "leave it out, or give the raw request in a file" : near;
  return usage(`unknown curl flag ${shown}`, "what it would change is not known here", fix);
}

function valuesOf(flags: readonly Flag[], name: string): string[] {
  return flags.flatMap(([known, value]) => (known === name ? [value] : []));
}

interface Body {
  readonly content: string;
  /** Media type that curl gives it. */
  readonly type: string;
}

function serialise(flags: readonly Flag[], url: string): Buffer {
  const { user, authority, path, query } = splitUrl(url, valuesOf(flags, "path-as-is").length > 0);
  const has = (name: string): boolean => flags.some(([known]) => known === name);
  const body = bodyOf(flags);
  const inQuery = has("get") && body !== undefined && body.type === FORM;
  const added = valuesOf(flags, "url-query").map(urlencoded);
  const target = path + joinQuery(query, inQuery ? [...added, body.content] : added);
  const sent = inQuery ? undefined : body;
  const method = valuesOf(flags, "request").at(-1) ?? (has("head") ? "HEAD" : sent === undefined ? "GET" : "POST");
  const headers = headersOf(flags, authority, user, sent);
  const fields = headers.map(([name, value]) => `${name}:${value === "" ? "" : ` ${value}`}`);
  const head = [`${method} ${target} HTTP/1.1`, ...fields];
  if (head.some((line) => /[\r\n\0]/.test(line))) {
    throw usage(
      "the curl command has a line break in its head",
      "curl would not send it",
      "give the raw request in a file",
    );
  }
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${sent?.content ?? ""}`, "latin1");
}

interface UrlParts {
  readonly user: string | undefined;
  readonly authority: string;
  readonly path: string;
  readonly query: string | undefined;
}

/** Reads a URL as curl does: the path's dots are resolved, everything else stays as it is written. */
function splitUrl(url: string, asIs: boolean): UrlParts {
  const match = /^(?:https?:\/\/)?(?:([^/?#@]*)@)?([^/?#@]+)([^?#]*)(?:\?([^#]*))?/i.exec(url);
  const [, user, authority, path = "", query] = match ?? [];
  const other = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase() ?? "http";
  if (authority === undefined || !/^https?$/.test(other)) {
    const why = "only http and https are explained";
    throw usage("the URL of the curl command cannot be used", why, "write one such as http://shop.example/path");
  }
  if (/[\s\0]/.test(url)) throw usage("the URL has a space", "curl refuses it", "write %20 instead");
  return { user, authority, path: asIs ? path || "/" : withoutDots(path), query };
}

/** @see RFC 3986 §5.2.4 */
function withoutDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [at, segment] of segments.entries()) {
    const last = at === segments.length - 1;
    if (segment === "..") kept.pop();
    if (segment !== "." && segment !== "..") kept.push(segment);
    else if (last) kept.push("");
  }
  return `/${kept.join("/")}`;
}

function joinQuery(query: string | undefined, added: readonly string[]): string {
  const parts = [query ?? "", ...added].filter((part) => part !== "");
  return parts.length === 0 ? (query === undefined ? "" : "?") : `?${parts.join("&")}`;
}

const FORM = "application/x-www-form-urlencoded";
const DATA = new Set(["data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "json"]);

function bodyOf(flags: readonly Flag[]): Body | undefined {
  const parts = flags.filter(([name]) => name === "form" || name === "form-string");
  const pieces = flags.filter(([name]) => DATA.has(name));
  if (parts.length > 0) return multipart(parts);
  if (pieces.length === 0) return undefined;
  const json = pieces.some(([name]) => name === "json");
  const content = pieces.map(pieceOf).join(json ? "" : "&");
  return { content, type: json ? "application/json" : FORM };
}

function pieceOf([name, value]: Flag): string {
  if (name === "data-urlencode") return urlencoded(value);
  if (name !== "data-raw" && value.startsWith("@")) throw fileNamed(name);
  return value;
}

/** `content`, `=content`, `name=content`; `name@file` names a file. */
function urlencoded(value: string): string {
  const mark = /[=@]/.exec(value);
  if (mark?.[0] === "@") throw fileNamed("data-urlencode");
  if (mark === null) return escapeAll(value);
  const name = value.slice(0, mark.index);
  return `${name === "" ? "" : `${name}=`}${escapeAll(value.slice(mark.index + 1))}`;
}

function escapeAll(bytes: string): string {
  return bytes.replace(
    /[^A-Za-z0-9._~-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

function multipart(parts: readonly Flag[]): Body {
  const boundary = `------------------------${randomBytes(11).toString("hex")}`;
  const written = parts.map(([flag, part]) => {
    const mark = part.indexOf("=");
    if (mark < 0) throw usage(`curl's --${flag} has no "="`, "it takes name=content", "write it so");
    let content = part.slice(mark + 1);
    let attributes = "";
    if (flag === "form") {
      if (/^[@<]/.test(content)) throw fileNamed(flag);
      [content, attributes] = partAttributes(content);
    }
    const name = part.slice(0, mark).replace(/"/g, "%22");
    return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${attributes}\r\n\r\n${content}\r\n`;
  });
  return { content: `${written.join("")}--${boundary}--\r\n`, type: `multipart/form-data; boundary=${boundary}` };
}

/** `content;type=text/plain;filename=a` of a part. @returns the content and what goes into the part's head */
function partAttributes(content: string): [string, string] {
  const [text = "", ...attributes] = content.split(";");
  let file = "";
  let type = "";
  for (const attribute of attributes) {
    const [, name, value = ""] = /^\s*(type|filename)=(.*)$/.exec(attribute) ?? [];
    if (name === "filename") file = `; filename="${value.replace(/"/g, "%22")}"`;
    else if (name === "type") type = value;
    else return [content, ""];
  }
  if (file !== "" && type === "") type = "application/octet-stream";
  return [text, file + (type === "" ? "" : `\r\nContent-Type: ${type}`)];
}

function fileNamed(flag: string): Error {
  const fix = "put the content into the command, or give the raw request in a file";
  return usage(`curl's --${flag} names a file`, "explain opens no files for a pasted command", fix);
}

/** The request's headers: curl's own, changed, taken away or joined by those of the command. */
function headersOf(
  flags: readonly Flag[],
  authority: string,
  urlUser: string | undefined,
  body: Body | undefined,
): Header[] {
  const headers = new Map<string, Header>();
  const set = (name: string, value: string): void => void headers.set(name.toLowerCase(), [name, value]);
  set("Host", authority);
  const user = valuesOf(flags, "user").at(-1) ?? urlUser;
  if (user !== undefined)
    set("Authorization", `Basic ${Buffer.from(user.includes(":") ? user : `${user}:`, "latin1").toString("base64")}`);
  const bearer = valuesOf(flags, "oauth2-bearer").at(-1);
  if (bearer !== undefined) set("Authorization", `Bearer ${bearer}`);
  set("User-Agent", valuesOf(flags, "user-agent").at(-1) ?? "curl/8.16.0");
  set("Accept", body?.type === "application/json" ? "application/json" : "*/*");
  if (flags.some(([name]) => name === "compressed")) set("Accept-Encoding", "deflate, gzip, br, zstd");
  const referer = valuesOf(flags, "referer").at(-1);
  if (referer !== undefined) set("Referer", referer.replace(/;auto$/, ""));
  const cookies = valuesOf(flags, "cookie").filter((cookie) => cookie.includes("="));
  if (cookies.length > 0) set("Cookie", cookies.join("; "));
  if (body !== undefined) {
    set("Content-Length", String(body.content.length));
    set("Content-Type", body.type);
  }
  const own = new Set<string>();
  const repeated: Header[] = [];
  for (const line of valuesOf(flags, "header")) {
    const [, name, mark, value = ""] = /^([^:;]+)([:;])\s*(.*)$/s.exec(line) ?? [];
    if (name === undefined) throw usage("a header of the curl command has no colon", "it takes Name: value", "add it");
    const key = name.toLowerCase();
    if (mark === ":" && value === "") headers.delete(key);
    else if (own.has(key)) repeated.push([name, value]);
    else set(name, value);
    own.add(key);
  }
  return [...headers.values(), ...repeated];
}
