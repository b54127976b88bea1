/** A template as the bytes that a client would send: the head that such a client writes, and the body in its coding. */
import { gzipSync } from "node:zlib";
import { chance, pick, type Random } from "../bench/random.ts";
import { bytes, fill, fillTree, type Source } from "./slots.ts";
import type { Kind, Magic, Part, Template } from "./templates.ts";

const BOUNDARY_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const MAGIC: Readonly<Record<Exclude<Magic, "gzip">, string>> = {
  png: "89504e470d0a1a0a0000000d49484452000001000000010008060000005c72a866",
  pdf: "255044462d312e370a25e2e3cfd30a312030206f626a0a3c3c2f547970652f436174616c6f673e3e0a656e646f626a0a",
  zip: "504b0304140000000800a1b2c35800000000000000000000000009000000726561646d652e6d64",
  docx: "504b030414000600080000002100dfa4d26c5a01000020050000130008025b436f6e74656e745f54797065735d2e786d6c",
  jpeg: "ffd8ffe000104a46494600010101004800480000ffdb0043000806060706",
  gif: "4749463839610a000a0091000000000000ffffff",
  mp4: "000000206674797069736f6d0000020069736f6d69736f32617663316d703431",
  woff2: "774f46320001000000003d1c000d",
  webp: "52494646a4010000574542505650382098010000",
  sqlite: "53514c69746520666f726d6174203300100001010040202000000001",
};

/** Writes the request of a template. */
export function writeRequest(kind: Kind, template: Template, source: Source): Buffer {
  const [method = "GET", path = "/"] = template.at.split(" ");
  const query = queryOf(template, source);
  const target = path.replace(/[^/?&=]*⟦[^/?&=]*/g, (segment) => segmentOf(segment, source)) + query;
  const { type, body: content } = bodyOf(template, source);
  const body = content === undefined ? undefined : codedOf(content, template.coding);
  const fields = [`Host: ${source.host}`, ...clientFields(kind, source, body !== undefined)];
  for (const [name, value] of Object.entries(template.headers ?? {})) fields.push(`${name}: ${fill(value, source)}`);
  if (body !== undefined) {
    if (type !== "") fields.push(`Content-Type: ${type}`);
    if (template.coding === "gzip") fields.push("Content-Encoding: gzip");
    fields.push(`Content-Length: ${body.length}`);
  }
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`, "utf8");
  return body === undefined ? head : Buffer.concat([head, body]);
}

function codedOf(body: Buffer, coding: Template["coding"]): Buffer {
  if (coding === "gzip") return gzipSync(body);
  if (coding !== "grpc") return body;
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

function segmentOf(segment: string, source: Source): string {
  return encodeURIComponent(fill(segment, source)).replaceAll("%3A", ":").replaceAll("%40", "@").replaceAll("%2C", ",");
}

function queryOf({ query, rawquery }: Template, source: Source): string {
  if (rawquery !== undefined) return `?${encodeURI(fill(rawquery, source)).replaceAll("#", "%23")}`;
  return query === undefined ? "" : `?${formOf(query, source)}`;
}

/** As browsers write forms, or, as often, as scripts do: a space is `+` or `%20`. */
function formOf(members: Readonly<Record<string, string>>, source: Source): string {
  const text = new URLSearchParams(
    Object.entries(members).map(([name, value]) => [fill(name, source), fill(value, source)]),
  ).toString();
  return chance(source.random, 0.4) ? text.replaceAll("+", "%20") : text;
}

interface Body {
  readonly type: string;
  readonly body: Buffer | undefined;
}

function bodyOf(template: Template, source: Source): Body {
  const { json, lines, form, parts, body, protobuf, msgpack, magic } = template;
  const as = (fallback: string): string => fill(template.type ?? fallback, source);
  if (json !== undefined) return { type: as("application/json"), body: jsonOf(fillTree(json, source), source.random) };
  if (lines !== undefined) {
    const text = lines.map((line) => JSON.stringify(fillTree(line, source))).join("\n");
    return { type: as("application/x-ndjson"), body: Buffer.from(`${text}\n`) };
  }
  if (form !== undefined) {
    return { type: as("application/x-www-form-urlencoded"), body: Buffer.from(formOf(form, source)) };
  }
  if (parts !== undefined) return multipartOf(parts, source);
  if (protobuf !== undefined) {
    return { type: as("application/x-protobuf"), body: protobufOf(fillTree(protobuf, source)) };
  }
  if (msgpack !== undefined) return { type: as("application/msgpack"), body: msgpackOf(fillTree(msgpack, source)) };
  if (magic !== undefined) return { type: as("application/octet-stream"), body: fileOf(magic, source.random) };
  if (body !== undefined) return { type: as("text/plain;charset=UTF-8"), body: Buffer.from(fill(body, source)) };
  return { type: "", body: undefined };
}

/** Compact as most clients write it, now and then spaced or with escapes as some libraries do. */
function jsonOf(tree: unknown, random: Random): Buffer {
  if (chance(random, 0.1)) return Buffer.from(JSON.stringify(tree, null, 2));
  const text = JSON.stringify(tree);
  if (!chance(random, 0.15)) return Buffer.from(text);
  return Buffer.from(
    text.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}

function multipartOf(parts: readonly Part[], source: Source): Body {
  const { random } = source;
  const mark = `----WebKitFormBoundary${Array.from({ length: 16 }, () => pick(random, [...BOUNDARY_CHARS])).join("")}`;
  const pieces = parts.flatMap(({ name, filename, type, value, magic }) => {
    const file = filename === undefined ? "" : `; filename="${fill(filename, source).replaceAll('"', "%22")}"`;
    const kind = type === undefined ? "" : `\r\nContent-Type: ${type}`;
    const head = `--${mark}\r\nContent-Disposition: form-data; name="${fill(name, source)}"${file}${kind}\r\n\r\n`;
    const content = magic === undefined ? Buffer.from(fill(value ?? "", source)) : fileOf(magic, random);
    return [Buffer.from(head), content, Buffer.from("\r\n")];
  });
  return {
    type: `multipart/form-data; boundary=${mark}`,
    body: Buffer.concat([...pieces, Buffer.from(`--${mark}--\r\n`)]),
  };
}

/** The first bytes of such a file and noise behind them, which is what compressed content looks like. */
function fileOf(magic: Magic, random: Random): Buffer {
  if (magic === "gzip") return gzipSync(bytes(random, 200 + random(3000)).toString("hex"));
  return Buffer.concat([Buffer.from(MAGIC[magic], "hex"), bytes(random, 200 + random(3000))]);
}

/** Texts and trees are length-delimited, whole numbers are varints, others doubles. */
function protobufOf(tree: unknown): Buffer {
  if (typeof tree !== "object" || tree === null) return Buffer.alloc(0);
  const fields = Object.entries(tree).flatMap(([key, value]) => {
    const items: unknown[] = Array.isArray(value) ? value : [value];
    return items.map((item) => fieldOf(Number(key), item));
  });
  return Buffer.concat(fields);
}

function fieldOf(number: number, value: unknown): Buffer {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) {
    return Buffer.concat([varint(number * 8), varint(value)]);
  }
  if (typeof value === "number") {
    const double = Buffer.alloc(8);
    double.writeDoubleLE(value);
    return Buffer.concat([varint(number * 8 + 1), double]);
  }
  const content = typeof value === "string" ? Buffer.from(value) : protobufOf(value);
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...out, rest]);
    out.push((rest % 128) + 128);
  }
}

/** MessagePack in the forms of 32 bits, which are always right; numbers are doubles. */
function msgpackOf(tree: unknown): Buffer {
  if (tree === null || tree === undefined) return Buffer.from([0xc0]);
  if (typeof tree === "boolean") return Buffer.from([tree ? 0xc3 : 0xc2]);
  if (typeof tree === "number") {
    const double = Buffer.alloc(9, 0xcb);
    double.writeDoubleBE(tree, 1);
    return double;
  }
  if (typeof tree === "string") return Buffer.concat([sized(0xdb, Buffer.byteLength(tree)), Buffer.from(tree)]);
  if (Array.isArray(tree)) return Buffer.concat([sized(0xdd, tree.length), ...tree.map(msgpackOf)]);
  const members = Object.entries(tree);
  return Buffer.concat([sized(0xdf, members.length), ...members.flat().map(msgpackOf)]);
}

function sized(mark: number, size: number): Buffer {
  const head = Buffer.alloc(5, mark);
  head.writeUInt32BE(size, 1);
  return head;
}

/** What a client of the kind writes by itself. A site has its clients, and a client keeps its cookies. */
function clientFields(kind: Kind, source: Source, hasBody: boolean): string[] {
  const { random, host } = source;
  const client = pick(random, kind.clients);
  const fields = [`User-Agent: ${fill(`⟦agent-${client}⟧`, source)}`];
  if (client === "browser") {
    fields.push("Accept: text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8");
    fields.push(`Accept-Language: ${fill("⟦language⟧", source)}`, "Accept-Encoding: gzip, deflate, br, zstd");
    if (hasBody) fields.push(`Origin: https://${host}`);
    if (chance(random, 0.7)) fields.push(`Referer: ${encodeURI(fill("⟦referer⟧", source)).replaceAll("#", "%23")}`);
    fields.push("Sec-Fetch-Site: same-origin", `Sec-Fetch-Mode: ${hasBody ? "cors" : "navigate"}`);
  } else {
    fields.push("Accept: */*");
  }
  if (client !== "browser" && client !== "none" && chance(random, 0.6)) {
    fields.push(`Authorization: ${fill("⟦authorization⟧", source)}`);
  }
  const jar = kind.cookies ?? (client === "browser" ? ["⟦cookies⟧"] : []);
  if (jar.length > 0 && chance(random, 0.8)) fields.push(`Cookie: ${fill(pick(random, jar), source)}`);
  return fields;
}
