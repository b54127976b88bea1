/** XML bodies: texts that a document joins from pieces, character sets, and types that say something else. */
import { type Case, typed, type Written, wide } from "../case.ts";

function spell(value: string): string {
  return value.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function xml(
  name: string,
  write: (text: string, value: string) => string,
  readBy?: string,
  type = "application/xml",
): Case {
  const written = (value: string): Written => typed(type, write(spell(value), value));
  return readBy === undefined ? { name, kind: "xml", write: written } : { name, kind: "xml", write: written, readBy };
}

function cut(value: string): [string, string] {
  return [value.slice(0, 8), value.slice(8)];
}

const OTHER = "servers that ignore the type";

/** All cases of XML bodies. */
export const XML_CASES: readonly Case[] = [
  xml("plain", (text) => `<r><v>${text}</v></r>`),
  xml("a declaration", (text) => `<?xml version="1.0" encoding="utf-8"?><r><v>${text}</v></r>`),
  xml("version 1.1", (text) => `<?xml version="1.1"?><r><v>${text}</v></r>`),
  xml("a CDATA section", (_text, value) => `<r><v><![CDATA[${value}]]></v></r>`),
  xml("two CDATA sections", (_text, value) => `<r><v><![CDATA[${cut(value).join("]]><![CDATA[")}]]></v></r>`),
  xml("half in a CDATA section", (_text, value) => {
    return `<r><v>${spell(cut(value)[0])}<![CDATA[${cut(value)[1]}]]></v></r>`;
  }),
  xml("a comment in the middle", (_text, value) => `<r><v>${cut(value).map(spell).join("<!-- a -->")}</v></r>`),
  xml("an instruction in the middle", (_text, value) => `<r><v>${cut(value).map(spell).join("<?a b?>")}</v></r>`),
  xml("an element in the middle", (_text, value) => `<r><v>${cut(value).map(spell).join("<b/>")}</v></r>`),
  xml(
    "references in hex",
    (_text, value) => `<r><v>${[...value].map((c) => `&#x${c.charCodeAt(0).toString(16)};`).join("")}</v></r>`,
  ),
  xml(
    "references with zeros",
    (_text, value) => `<r><v>${[...value].map((c) => `&#0000${c.charCodeAt(0)};`).join("")}</v></r>`,
  ),
  xml("an entity", (text) => `<!DOCTYPE r [<!ENTITY e "${text}">]><r><v>&e;</v></r>`),
  xml("an entity in pieces", (_text, value) => {
    const [first, second] = cut(value).map(spell);
    return `<!DOCTYPE r [<!ENTITY a "${first}"><!ENTITY b "&a;${second}">]><r><v>&b;</v></r>`;
  }),
  xml("an attribute", (text) => `<r v="${text}"/>`),
  xml("an attribute in single quotes", (text) => `<r v='${text}'/>`),
  xml("an attribute with a sign of an end", (text) => `<r a="1 > 0" v='${text}'/>`),
  xml("an attribute by default", (text) => `<!DOCTYPE r [<!ATTLIST r v CDATA "${text}">]><r/>`),
  xml("a name space", (text) => `<a:r xmlns:a="urn:x"><a:v>${text}</a:v></a:r>`),
  xml("a byte order mark", (text) => `\xef\xbb\xbf<r><v>${text}</v></r>`),
  xml("white space in front", (text) => `\n  <r><v>${text}</v></r>`),
  xml("UTF-16 with a mark", (text) => `\xff\xfe${wide(`<r><v>${text}</v></r>`, "utf16le")}`),
  xml("UTF-16, high first, with a mark", (text) => `\xfe\xff${wide(`<r><v>${text}</v></r>`, "utf16be")}`),
  xml("UTF-16 without a mark", (text) =>
    wide(`<?xml version="1.0" encoding="utf-16"?><r><v>${text}</v></r>`, "utf16le"),
  ),
  {
    ...xml(
      "UTF-7, declared",
      (text) => {
        const coded = text.replace("/", "+AC8-");
        return `<?xml version="1.0" encoding="utf-7"?><r><v>${coded}</v></r>`;
      },
      "readers that know UTF-7",
    ),
    suspect: true,
  },
  xml("deep", (text) => `${"<a>".repeat(200)}${text}${"</a>".repeat(200)}`),
  xml("not closed", (text) => `<r><v>${text}`, "streaming readers"),
  xml("two roots", (text) => `<a/><r><v>${text}</v></r>`, "readers of fragments"),
  xml("as JSON", (text) => `<r><v>${text}</v></r>`, OTHER, "application/json"),
  xml("as text", (text) => `<r><v>${text}</v></r>`, OTHER, "text/plain"),
  xml("as a form", (text) => `<r><v>${text}</v></r>`, OTHER, "application/x-www-form-urlencoded"),
  xml("as multipart", (text) => `<r><v>${text}</v></r>`, OTHER, "multipart/form-data; boundary=XyZ"),
  xml("of a vendor", (text) => `<r><v>${text}</v></r>`, "APIs", "application/vnd.x+xml"),
  { name: "without a type", kind: "xml", write: (value) => ({ fields: [], text: `<r><v>${spell(value)}</v></r>` }) },
];
