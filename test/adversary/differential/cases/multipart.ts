/** Multipart bodies: what RFC 2046, 2231, 2047, 7578 and 8187 allow, and what parsers forgive. */
import { type Case, typed, type Written, wide } from "../case.ts";

const FORM = "multipart/form-data; boundary=XyZ";
const FIELD = 'Content-Disposition: form-data; name="v"';

function multipart(name: string, write: (value: string) => Written, readBy?: string): Case {
  return readBy === undefined ? { name, kind: "multipart", write } : { name, kind: "multipart", write, readBy };
}

/** A body of one part under a boundary. */
function body(value: string, boundary = "XyZ", head = FIELD): string {
  return `--${boundary}\r\n${head}\r\n\r\n${value}\r\n--${boundary}--\r\n`;
}

/** A case of a type whose boundary is odd. */
function boundary(name: string, parameters: string, used = "XyZ", readBy?: string): Case {
  return multipart(
    `boundary ${name}`,
    (value) => typed(`multipart/form-data; ${parameters}`, body(value, used)),
    readBy,
  );
}

/** A case of a part whose head is odd. */
function head(name: string, write: (value: string) => string, content = "hello", readBy?: string): Case {
  const written = (value: string): Written => typed(FORM, body(content === "" ? value : content, "XyZ", write(value)));
  return multipart(`head ${name}`, written, readBy);
}

function file(name: string, write: (value: string) => string, readBy?: string): Case {
  return head(name, (value) => `Content-Disposition: form-data; name="f"; ${write(value)}`, "hello", readBy);
}

function percent(value: string): string {
  return Buffer.from(value, "latin1").toString("hex").replace(/../g, "%$&");
}

function halves(value: string): [string, string] {
  return [value.slice(0, value.length >> 1), value.slice(value.length >> 1)];
}

/** Ways that no client goes: see `Case.told` and `Case.suspect`. */
function odd(one: Case, how: "told" | "suspect"): Case {
  return { ...one, [how]: true };
}

/** All cases of multipart bodies. */
export const MULTIPART_CASES: readonly Case[] = [
  boundary("plain", "boundary=XyZ"),
  boundary("quoted", 'boundary="XyZ"'),
  boundary("with a space", 'boundary="X yZ"', "X yZ"),
  boundary("with a quoted pair", 'boundary="X\\yZ"'),
  boundary("in capitals", "BOUNDARY=XyZ"),
  boundary("behind a space", "boundary =XyZ"),
  boundary("before a space", "boundary= XyZ"),
  boundary("twice, the first counts", "boundary=XyZ; boundary=other"),
  boundary("twice, the last counts", "boundary=other; boundary=XyZ", "XyZ", "servers that keep the last of parameters"),
  boundary("in a quoted parameter", 'a="; boundary=other"; boundary=XyZ'),
  boundary("in pieces (RFC 2231)", "boundary*0=Xy; boundary*1=Z"),
  boundary("in pieces beside a whole one", "boundary=other; boundary*0=Xy; boundary*1=Z", "XyZ", "readers of RFC 2231"),
  boundary("encoded (RFC 2231)", "boundary*=us-ascii'en'X%79Z"),
  boundary("encoded beside a plain one", "boundary=other; boundary*=utf-8''X%79Z", "XyZ", "readers of RFC 2231"),
  boundary("before a comma", "boundary=XyZ, a=b", "XyZ", "one framework cuts at the comma"),
  boundary("with a comma", "boundary=Xy,Z", "Xy,Z", "another framework takes the comma in"),
  boundary("of one letter", "boundary=X", "X"),
  boundary("long", `boundary=${"X".repeat(260)}`, "X".repeat(260), "parsers without a limit"),
  boundary("with signs", `boundary="'()+_,-./:=?"`, "'()+_,-./:=?"),
  boundary("behind a charset", "charset=utf-8; boundary=XyZ"),
  multipart("boundary without a space", (value) => typed("multipart/form-data;boundary=XyZ", body(value))),
  multipart("boundary behind a tab", (value) => typed("multipart/form-data;\tboundary=XyZ", body(value))),
  multipart("type in capitals", (value) => typed("MULTIPART/Form-Data; boundary=XyZ", body(value))),
  multipart("type behind a space", (value) => typed(" multipart/form-data; boundary=XyZ", body(value))),
  multipart("type mixed", (value) => typed("multipart/mixed; boundary=XyZ", body(value))),
  multipart("type related", (value) => typed("multipart/related; boundary=XyZ", body(value))),
  multipart(
    "type twice",
    (value) => ({ ...typed(`text/plain, ${FORM}`, body(value)) }),
    "servers that take the last type",
  ),
  multipart("bare line feeds", (value) => typed(FORM, body(value).replaceAll("\r\n", "\n"))),
  multipart("bare carriage returns", (value) => typed(FORM, body(value).replaceAll("\r\n", "\r"))),
  multipart("a preamble", (value) => typed(FORM, `hello\r\n${body(value)}`)),
  multipart("an empty line first", (value) => typed(FORM, `\r\n${body(value)}`)),
  multipart("an epilogue", (value) => typed(FORM, `${body(value)}goodbye\r\n`)),
  multipart("a part behind the end", (value) => typed(FORM, `${body("a")}${body(value)}`), "parsers that go on"),
  multipart("no end", (value) => typed(FORM, `--XyZ\r\n${FIELD}\r\n\r\n${value}`), "parsers that forgive a cut body"),
  multipart("no end, but a line end", (value) => typed(FORM, `--XyZ\r\n${FIELD}\r\n\r\n${value}\r\n`), "the same"),
  multipart("spaces behind the delimiter", (value) => typed(FORM, body(value).replace("--XyZ\r", "--XyZ \t \r"))),
  multipart("a value on a delimiter's line", (value) =>
    typed(FORM, `--XyZ\r\n${FIELD}\r\n\r\na\r\n--XyZ ${value}\r\n--XyZ--\r\n`),
  ),
  multipart("a value behind the last delimiter", (value) =>
    typed(FORM, `--XyZ\r\n${FIELD}\r\n\r\na\r\n--XyZ--${value}\r\n--XyZ--\r\n`),
  ),
  multipart("a longer boundary inside a value", (value) =>
    typed(FORM, `--XyZ\r\n${FIELD}\r\n\r\na\r\n--XyZa\r\n${value}\r\n--XyZ--\r\n`),
  ),
  odd(
    multipart("a boundary without a line break", (value) =>
      typed(FORM, `--XyZ\r\n${FIELD}\r\n\r\na --XyZ\r\n${FIELD}\r\n\r\n${value}\r\n--XyZ--\r\n`),
    ),
    "suspect",
  ),
  multipart("an empty part first", (value) => typed(FORM, `--XyZ\r\n\r\n\r\n${body(value)}`)),
  multipart("a part inside a part", (value) =>
    typed(
      FORM,
      body(
        body(value, "In", FIELD),
        "XyZ",
        'Content-Disposition: form-data; name="v"\r\nContent-Type: multipart/mixed; boundary=In',
      ),
    ),
  ),
  multipart("a file inside a part", (value) => {
    const inner = body("hello", "In", `Content-Disposition: attachment; filename="${value}"`);
    return typed(FORM, body(inner, "XyZ", `${FIELD}\r\nContent-Type: multipart/mixed; boundary=In`));
  }),
  multipart("base64", (value) => {
    const coded = Buffer.from(value, "latin1").toString("base64");
    return typed(FORM, body(coded, "XyZ", `${FIELD}\r\nContent-Transfer-Encoding: base64`));
  }),
  multipart("base64 in lines", (value) => {
    const coded = Buffer.from(value, "latin1").toString("base64").replace(/.{6}/g, "$&\r\n");
    return typed(FORM, body(coded, "XyZ", `${FIELD}\r\nContent-Transfer-Encoding: BASE64`));
  }),
  multipart("quoted-printable", (value) => {
    const coded = [...value].map((c) => `=${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`).join("");
    return typed(FORM, body(coded, "XyZ", `${FIELD}\r\nContent-Transfer-Encoding: quoted-printable`));
  }),
  multipart("quoted-printable, soft line breaks", (value) => {
    const coded = value.replaceAll("=", "=3D").replace(/.{3}/g, "$&=\r\n");
    return typed(FORM, body(coded, "XyZ", `${FIELD}\r\nContent-Transfer-Encoding: quoted-printable`));
  }),
  multipart("UTF-16 in a part", (value) =>
    typed(FORM, body(wide(value, "utf16le"), "XyZ", `${FIELD}\r\nContent-Type: text/plain; charset=utf-16le`)),
  ),
  odd(
    multipart("UTF-7 in a part", (value) => {
      const coded = `+${Buffer.from(wide(value, "utf16be"), "latin1").toString("base64").replace(/=+$/, "")}-`;
      return typed(FORM, body(coded, "XyZ", `${FIELD}\r\nContent-Type: text/plain; charset=utf-7`));
    }),
    "told",
  ),
  multipart("JSON in a part", (value) =>
    typed(FORM, body(JSON.stringify({ a: value }), "XyZ", `${FIELD}\r\nContent-Type: application/json`)),
  ),
  multipart("no type at all", (value) => ({ fields: [], text: body(value) }), "servers that look at the first bytes"),
  head("without a name", () => "Content-Disposition: form-data", ""),
  head("without a disposition", () => "Content-Type: text/plain", ""),
  head("empty", () => "X-Empty:", ""),
  head("in lower case", () => 'content-disposition: form-data; name="v"', ""),
  head("space before the colon", () => 'Content-Disposition : form-data; name="v"', "", "parsers that trim names"),
  head("no space behind the colon", () => 'Content-Disposition:form-data;name="v"', ""),
  head("folded", () => 'Content-Disposition: form-data;\r\n name="v"', ""),
  head("name not quoted", () => "Content-Disposition: form-data; name=v", ""),
  head("the name itself", (value) => `Content-Disposition: form-data; name="${value}"`),
  head("the name itself, folded", (value) => `Content-Disposition: form-data;\r\n\tname="${value}"`),
  head(
    "disposition twice, first counts",
    (value) => `Content-Disposition: form-data; name="v"; filename="${value}"\r\n${FIELD}`,
  ),
  head(
    "disposition twice, last counts",
    (value) => `${FIELD}\r\nContent-Disposition: form-data; name="v"; filename="${value}"`,
  ),
  head(
    "long before the disposition",
    (value) => `X-Long: ${"a".repeat(4000)}\r\nContent-Disposition: form-data; name="f"; filename="${value}"`,
  ),
  head(
    "of many fields",
    (value) => `${"X-A: b\r\n".repeat(700)}Content-Disposition: form-data; name="f"; filename="${value}"`,
  ),
  file("file name plain", (value) => `filename="${value}"`),
  file("file name not quoted", (value) => `filename=${value.replaceAll(" ", "")}`),
  file("file name in single quotes", (value) => `filename='${value}'`, "parsers that take either quote"),
  file("file name in capitals", (value) => `FILENAME="${value}"`),
  file("file name twice, first counts", (value) => `filename="${value}"; filename="a"`, "parsers that keep the first"),
  file("file name twice, last counts", (value) => `filename="a"; filename="${value}"`, "parsers that keep the last"),
  file("file name encoded (RFC 8187)", (value) => `filename*=UTF-8''${percent(value)}`),
  file("file name encoded, beside a plain one", (value) => `filename="a"; filename*=UTF-8''${percent(value)}`),
  file("file name in pieces", (value) => `filename*0="${halves(value)[0]}"; filename*1="${halves(value)[1]}"`),
  file("file name in encoded pieces", (value) => {
    const [first, second] = halves(value);
    return `filename*0*=UTF-8''${percent(first)}; filename*1*=${percent(second)}`;
  }),
  file(
    "file name in pieces out of order",
    (value) => `filename*1="${halves(value)[1]}"; filename*0="${halves(value)[0]}"`,
  ),
  file("file name as an encoded word", (value) => {
    return `filename="=?utf-8?B?${Buffer.from(value, "latin1").toString("base64")}?="`;
  }),
  file("file name as an encoded word, quoted-printable", (value) => {
    const coded = [...value].map((c) => `=${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`).join("");
    return `filename="=?utf-8?Q?${coded}?="`;
  }),
  file("file name with quoted pairs", (value) => `filename="${value.replace(/[/<>]/g, "\\$&")}"`),
  file(
    "file name with percent",
    (value) => `filename="${percent(value)}"`,
    "browsers write quotes so, and servers undo it",
  ),
  file("file name behind a parameter with a semicolon", (value) => `a="x;filename=b"; filename="${value}"`),
  file("file name behind a quoted quote", (value) => `a="x\\"; filename=b"; filename="${value}"`),
  file("file name behind an open quote", (value) => `a="x; filename="${value}"`, "parsers that search for the word"),
  file("file name with a space before the sign", (value) => `filename ="${value}"`),
  file("file name with a space behind the sign", (value) => `filename= "${value}"`),
];
