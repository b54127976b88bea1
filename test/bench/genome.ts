/**
 * Inputs of the worst-case search, as something that can be mutated: a list of fragments, an encoding around them and
 * a place in a request. A genome is small whatever the size of its request, so what the search finds can be kept as a
 * file of a few lines.
 */
import { gzipSync } from "node:zlib";
import { z } from "zod";
import type { BenchRequest } from "./mix.ts";
import { chance, pick, type Random } from "./random.ts";

/** Where the fragments go. Each kind drives another parser of the core. */
export const KINDS = [
  "path",
  "query",
  "query-pairs",
  "cookie",
  "referer",
  "bearer",
  "headers",
  "form",
  "form-pairs",
  "json-string",
  "json-array",
  "json-keys",
  "json-nest",
  "xml",
  "multipart",
  "graphql",
  "text",
  "gzip",
] as const;
/** Done to all fragments together, innermost first. */
export const WRAPS = ["percent", "percent-u", "base64", "entity", "json-escape", "hex"] as const;

/** Bytes that the fragments are repeated to, before they are encoded. Shorter requests are all fixed cost. */
const SIZES = [2048, 4096, 16_384, 32_768] as const;
const TOKENS_MAX = 48;
const WRAPS_MAX = 2;
/** A request above this is cut: what is searched for is cost per byte, and a large input only searches slower. */
const VALUE_BYTES_MAX = 128 << 10;

/** Schema of a kept genome. */
export const genomeSchema = z.strictObject({
  kind: z.enum(KINDS),
  tokens: z.array(z.string().max(64)).min(1).max(TOKENS_MAX),
  wraps: z.array(z.enum(WRAPS)).max(WRAPS_MAX),
  size: z.union(SIZES.map((size) => z.literal(size))),
});
/** One input of the search. Tokens hold one byte a character (latin1). */
export type Genome = z.infer<typeof genomeSchema>;

/** Fragments of what the core has lexers and parsers for, and of what only looks so. A line is a family. */
const TOKENS = `
' " \` '' "" \\' ; -- -- /* */ /**/ /*! # ( ) (( )) , . = <> || && | & ^ ~ ! % + - * @ @@ \\ : :: ? [ ] { } $ _
select union all from where or and not like between in case when then end exists having group by order null sleep(
0 1 9 0x 0x41 1e9 1=1 'a'='a 1' 1" x'41' n'a' q'[ e'\\ char( concat( benchmark( waitfor delay information_schema
< > </ /> <a <b> <img <svg <script </script> <math <!-- --> <![CDATA[ ]]> <? ?> on onerror= onload= src= href= style=
javascript: data: vbscript: alert( eval( \\x61 \\u0061 \\u{61} \\141 String.fromCharCode( window[ this. => \${ }}
{{ {% %}
$( $\{ \${IFS} ;cat &&id |sh \`id\` >/dev/null 2>&1 /bin/ /etc/passwd curl wget nc -e $'\\x2f' {a,b} * ? ~ !
../ ..\\ ..%2f ..%252f %2e%2e/ %c0%af %u002e ....// /./ // \\\\ c: file:// http:// php:// gopher:// 127.0.0.1 [::1]
<!DOCTYPE <!ENTITY SYSTEM PUBLIC &a; %a; &lt; &#60; &#x3c; &amp &# xmlns= <a:b>
{"a": [1,2] [[[ ]]] {} [] : , true null 1e1 "\\u0027" {"$ne":1} $where $gt $regex __proto__ constructor query{a{b
%27 %2527 %3c %253c %u0027 %00 %0d%0a %0a %% %g %2 + %20 a=b a=b&a=c & ; = a[]= a[b][c]=
JTI3 PHNjcmlwdD4= eyJhbGciOiJub25lIn0. YWFh ==== ---- --x Content-Disposition:form-data;name="a" filename= \\r\\n\\r\\n
a aa aaaa the quick brown word word-word word_word 1234567890 é ü \\xff \\x80 \\xc0\\xaf \\xe0\\x80\\xaf \\x00
\\t \\n \\r\\n
*)(uid=* (&(|( )(cn= __class__ .__mro__ #{ <%= %> O:8:" rO0AB !!python ognl. T(java @java.lang. cmd.exe powershell
`;
const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", "\\": "\\" };

/** The fragments that the search starts from. Two kinds of escapes of this list are bytes: `\xNN` and `\t \n \r`. */
export const VOCABULARY: readonly string[] = [
  " ",
  ...new Set(
    TOKENS.split(/\s+/)
      .filter((token) => token !== "")
      .map((token) =>
        /^(\\x[0-9a-f]{2}|\\[tnr])+$/.test(token)
          ? token.replace(/\\x([0-9a-f]{2})|\\([tnr])/g, (_, hex: string | undefined, letter: string | undefined) =>
              hex === undefined ? (ESCAPES[letter ?? ""] ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
            )
          : token,
      ),
  ),
];

/** A genome at random, of the given kind. */
export function makeGenome(random: Random, kind: Genome["kind"]): Genome {
  const tokens = Array.from({ length: 1 + random(12) }, () => pick(random, VOCABULARY));
  const wraps = chance(random, 0.3) ? [pick(random, WRAPS)] : [];
  return { kind, tokens, wraps, size: pick(random, SIZES) };
}

/** A genome one or two steps away. `other` lends fragments. */
export function mutate(random: Random, genome: Genome, other: Genome): Genome {
  let { kind, size } = genome;
  const tokens = [...genome.tokens];
  let wraps = [...genome.wraps];
  for (let steps = 1 + random(2); steps > 0; steps--) {
    const at = random(tokens.length);
    switch (random(9)) {
      case 0:
      case 1:
        tokens[at] = pick(random, VOCABULARY);
        break;
      case 2:
        tokens.splice(at, 0, pick(random, VOCABULARY));
        break;
      case 3:
        tokens.splice(at, 1 + random(3));
        break;
      case 4:
        tokens.splice(at, 0, ...tokens.slice(random(tokens.length)));
        break;
      case 5:
        tokens.splice(at, tokens.length, ...other.tokens.slice(random(other.tokens.length)));
        break;
      case 6:
        tokens[at] = `${tokens[at] ?? ""}${pick(random, VOCABULARY)}`.slice(0, 64);
        break;
      case 7:
        size = pick(random, SIZES);
        break;
      default:
        if (chance(random, 0.5)) kind = pick(random, KINDS);
        else wraps = wraps.length > 0 && chance(random, 0.5) ? wraps.slice(1) : [...wraps, pick(random, WRAPS)];
    }
    if (tokens.length === 0) tokens.push(pick(random, VOCABULARY));
  }
  return { kind, tokens: tokens.slice(0, TOKENS_MAX), wraps: wraps.slice(0, WRAPS_MAX), size };
}

/** The request of a genome, valid enough for a proxy in front of the core to pass it on. */
export function render(genome: Genome): BenchRequest {
  const unit = genome.tokens.join("");
  const plain = unit.repeat(Math.ceil(genome.size / unit.length)).slice(0, genome.size);
  let value = plain;
  for (const wrap of genome.wraps) value = encode(wrap, value).slice(0, VALUE_BYTES_MAX);
  return place(genome, value);
}

function encode(wrap: Genome["wraps"][number], value: string): string {
  const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");
  const each = (make: (code: number) => string): string =>
    replaceBytes(
      value,
      Array.from({ length: 256 }, (_, code) => make(code)),
    );
  switch (wrap) {
    case "percent":
      return each((code) => `%${hex(code, 2)}`);
    case "percent-u":
      return each((code) => `%u${hex(code, 4)}`);
    case "entity":
      return each((code) => `&#${code};`);
    case "json-escape":
      return each((code) => `\\u${hex(code, 4)}`);
    case "hex":
      return each((code) => hex(code, 2));
    case "base64":
      return Buffer.from(value, "latin1").toString("base64");
  }
}

function place(genome: Genome, value: string): BenchRequest {
  const items = (count: number): string[] => chunks(value, Math.ceil(value.length / count));
  switch (genome.kind) {
    case "path":
      return bodiless(`/${uriSafe(value)}`, []);
    case "query":
      return bodiless(`/?a=${uriSafe(value)}`, []);
    case "query-pairs":
      return bodiless(
        `/?${items(200)
          .map((item, at) => `p${at}=${uriSafe(item)}`)
          .join("&")}`,
        [],
      );
    case "cookie":
      return bodiless("/", ["Cookie", `a=${headerSafe(value)}`]);
    case "referer":
      return bodiless("/", ["Referer", `https://shop.example/?q=${uriSafe(value)}`]);
    case "bearer":
      return bodiless("/", ["Authorization", `Bearer ${headerSafe(value)}`]);
    case "headers":
      return bodiless(
        "/",
        items(60).flatMap((item, at) => [`X-Field-${at}`, headerSafe(item)]),
      );
    default:
      return placeInBody(genome, value);
  }
}

function placeInBody(genome: Genome, value: string): BenchRequest {
  const items = (count: number): string[] => chunks(value, Math.ceil(value.length / count));
  const json = "application/json";
  switch (genome.kind) {
    case "form":
      return withBody("application/x-www-form-urlencoded", `a=${uriSafe(value)}`);
    case "form-pairs":
      return withBody(
        "application/x-www-form-urlencoded",
        items(400)
          .map((item) => `a=${uriSafe(item)}`)
          .join("&"),
      );
    case "json-string":
      return withBody(json, `{"a":${jsonString(genome, value)}}`);
    case "json-array":
      return withBody(
        json,
        `[${items(500)
          .map((item) => jsonString(genome, item))
          .join(",")}]`,
      );
    case "json-keys":
      return withBody(
        json,
        `{${items(300)
          .map((item) => `${jsonString(genome, item)}:1`)
          .join(",")}}`,
      );
    case "json-nest":
      return withBody(json, nest(items(60).map((item) => jsonString(genome, item))));
    case "xml":
      return withBody(
        "application/xml",
        `<a>${items(100)
          .map((item, at) => `<i n="${at}">${item}</i>`)
          .join("")}</a>`,
      );
    case "multipart":
      return withBody("multipart/form-data; boundary=x", multipart(items(40)));
    case "graphql":
      return withBody(json, JSON.stringify({ query: `{ a(b: ${JSON.stringify(value)}) ${value.slice(0, 4096)} }` }));
    case "gzip":
      return withBody(json, gzipSync(Buffer.from(`{"a":${JSON.stringify(value)}}`, "latin1")).toString("latin1"), [
        "Content-Encoding",
        "gzip",
      ]);
    default:
      return withBody("text/plain", value);
  }
}

/** With escapes of its own the value is already the inside of a JSON string. */
function jsonString(genome: Genome, value: string): string {
  return genome.wraps.at(-1) === "json-escape" ? `"${value.replace(/\\u?[^\\]{0,3}$/, "")}"` : JSON.stringify(value);
}

function nest(items: readonly string[]): string {
  return `${items.map((item) => `{${item}:[`).join("")}0${"]}".repeat(items.length)}`;
}

function multipart(items: readonly string[]): string {
  const parts = items.map((item, at) => `--x\r\nContent-Disposition: form-data; name="f${at}"\r\n\r\n${item}\r\n`);
  return `${parts.join("")}--x--\r\n`;
}

function chunks(value: string, size: number): string[] {
  const count = Math.ceil(value.length / Math.max(1, size));
  return Array.from({ length: count }, (_, at) => value.slice(at * size, (at + 1) * size));
}

const URI_SAFE = Array.from({ length: 256 }, (_, code) => {
  const stands = code > 0x20 && code < 0x7f && code !== 0x23;
  return stands ? String.fromCharCode(code) : `%${code.toString(16).padStart(2, "0")}`;
});

/** Bytes that cannot stand in a request line are percent-encoded; all others stay as they are. */
function uriSafe(value: string): string {
  return replaceBytes(value, URI_SAFE);
}

/** Writes each byte as the table says. The search renders many megabytes, so this is a loop and not a regex. */
function replaceBytes(value: string, table: readonly string[]): string {
  let text = "";
  for (let at = 0; at < value.length; at++) text += table[value.charCodeAt(at)] ?? "";
  return text;
}

/** Control characters but the tab, which a header may hold, become spaces. */
const HEADER_SAFE = Array.from({ length: 256 }, (_, code) => {
  return (code < 0x20 && code !== 0x09) || code === 0x7f ? " " : String.fromCharCode(code);
});

function headerSafe(value: string): string {
  return replaceBytes(value, HEADER_SAFE).trim();
}

function bodiless(target: string, rawHeaders: string[]): BenchRequest {
  return finish("GET", target, rawHeaders, "");
}

function withBody(type: string, body: string, rawHeaders: string[] = []): BenchRequest {
  return finish("POST", "/", ["Content-Type", type, ...rawHeaders], body);
}

function finish(method: string, target: string, extra: string[], text: string): BenchRequest {
  const body = new Uint8Array(Buffer.from(text, "latin1"));
  const rawHeaders = ["Host", "shop.example", ...extra];
  if (method === "POST") rawHeaders.push("Content-Length", String(body.length));
  const head = rawHeaders.reduce((bytes, part) => bytes + part.length + 2, method.length + target.length + 14);
  return { id: "searched", attack: false, method, target, rawHeaders, body, wireBytes: head + body.length };
}
