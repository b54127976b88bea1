/** XML bodies: which values they hold, under which points, however they are cut; and what is odd about them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeXml } from "../../../fuzz/grammar.ts";
import { Engine } from "../../../hosts/core/engine.ts";
import { createRandom } from "../../bench/random.ts";
import { ROOT } from "../../tools/component.ts";
import { Core } from "../core.ts";
import { lookedAt } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const TYPE = "text/xml";
const PLACES = ["xml", "xml_attr", "xml_markup", "xml_comment"];

/** The values of a document, each in its last reading: the point behind `post.xml`, and the text. */
function valuesOf(body: string, type = TYPE): string[] {
  const last = new Map<string, string>();
  const looked = lookedAt({ method: "POST", type, body }).filter(({ place }) => PLACES.includes(place));
  for (const [index, { point, decoders, text }] of looked.entries()) {
    const first = decoders === "raw" || decoders === "raw>htmlentity";
    last.set(
      first ? `${point}#${index}` : ([...last.keys()].at(-1) ?? ""),
      `${point.slice("post.xml".length)}=${text}`,
    );
  }
  return [...last.values()];
}

const DOCUMENTS: readonly (readonly [body: string, values: readonly string[], why: string])[] = [
  ["<a><b>one</b><b>two</b></a>", [".xml_tag.a.xml_tag.b=one", ".xml_tag.a.xml_tag.b=two"], "texts"],
  ["<s:a xmlns:s='urn:x'>\n  <s:b/>\n</s:a>", [".xml_tag.s:a.xml_attr.xmlns:s=urn:x"], "white space is no value"],
  ["<a b='1&#39;2' c = \"3'4\"/>", [".xml_tag.a.xml_attr.b=1'2", ".xml_tag.a.xml_attr.c=3'4"], "attributes"],
  ["<a>one&lt;two</a>", [".xml_tag.a=one<two"], "references"],
  ["<a>one<![CDATA[<&]]>two</a>", [".xml_tag.a=one<&two"], "a CDATA section is part of the text"],
  ["<a><![CDATA[x]]]]><![CDATA[>y]]></a>", [".xml_tag.a=x]]>y"], "a closing mark in two sections"],
  ["<a>one<!-- note -->two</a>", [".xml_tag.a.xml_comment= note ", ".xml_tag.a=onetwo"], "a comment parts no text"],
  ["<a><!-- a--b ---></a>", [".xml_tag.a.xml_comment= a--b -"], "dashes in a comment"],
  ["<a><?run now?>end</a>", [".xml_tag.a.xml_pi=run now", ".xml_tag.a=end"], "an instruction"],
  [
    "<a>one<b>two</b>six</a>",
    [".xml_tag.a=one", ".xml_tag.a.xml_tag.b=two", ".xml_tag.a=six"],
    "a text around an element",
  ],
  ["<!DOCTYPE a SYSTEM 'a>b'><a>one</a>", [".xml_dtd=<!DOCTYPE a SYSTEM 'a>b'", ".xml_tag.a=one"], "a document type"],
  ["<a>1 < 2 and 3 > 2</a>", [".xml_tag.a=1 < 2 and 3 > 2"], "a sign that opens nothing"],
  ["<a b=one c>two", [".xml_tag.a.xml_attr.b=one", ".xml_tag.a=two"], "what only HTML allows, and no end"],
  ["<a b='one", [".xml_tag.a.xml_attr.b=one"], "no end of an attribute"],
  ["<a><!-- one", [".xml_tag.a.xml_comment= one"], "no end of a comment"],
  ["<a><![CDATA[one", [".xml_tag.a=one"], "no end of a section"],
  ["<a></b><c>one</c></a>", [".xml_tag.c=one"], "an end that closes another element"],
  [
    "<a'or'1><b>one</b></a>",
    [".xml_tag.a'or'1.xml_tag=a'or'1", ".xml_tag.a'or'1.xml_tag.b=one"],
    "an odd name is a value",
  ],
];

test.each(DOCUMENTS)("%j holds %j: %s", (body, values) => {
  expect(valuesOf(body)).toEqual(values);
});

describe("entities of the document's own", () => {
  const declare = (subset: string, rest: string): string[] =>
    valuesOf(`<!DOCTYPE a [${subset}]>${rest}`).filter((value) => !value.startsWith(".xml_dtd"));

  test("are undone in texts and attributes, also entities of entities", () => {
    const values = declare("<!ENTITY x 'two'><!ENTITY y 'one&x;'>", "<a b='&y;!'>&x; &y; &z; &amp;</a>");
    expect(values).toEqual([".xml_tag.a.xml_attr.b=onetwo!", ".xml_tag.a=two onetwo &z; &"]);
  });

  test("count as first declared, and may come later than their use in another", () => {
    expect(declare("<!ENTITY y '&x;'><!ENTITY x 'one'><!ENTITY x 'two'>", "<a>[&y;]</a>")).toEqual([
      ".xml_tag.a=[one]",
    ]);
  });

  test("never outgrow their bound", () => {
    const levels = ["<!ENTITY a 'hahahaha'>"];
    for (const [name, of] of ["ba", "cb", "dc", "ed"]) levels.push(`<!ENTITY ${name} '${`&${of};`.repeat(20)}'>`);
    const { limits } = ask(core, { type: TYPE, body: `<!DOCTYPE a [${levels.join("")}]><a>${"&e;".repeat(50)}</a>` });
    expect(limits).toContain("entities");
  });

  test("of which there are too many are told", () => {
    const many = Array.from({ length: core.number("ENTITIES_MAX") + 1 }, (_, index) => `<!ENTITY e${index} 'x'>`);
    expect(ask(core, { type: TYPE, body: `<!DOCTYPE a [${many.join("")}]><a/>` }).limits).toEqual(["entities"]);
  });
});

const ODD: readonly (readonly [body: string, why: string])[] = [
  ["<a>", "no end"],
  ["<a></b>", "another end"],
  ["<a/></a>", "an end too many"],
  ["<a b=c/>", "no quotes"],
  ["<a b/>", "no value"],
  ["<a b='1' b='2'/>", "an attribute twice"],
  ["<a>1 < 2</a>", "a sign that opens nothing"],
  ["<a><!DOCTYPE a></a>", "a document type inside"],
  ["<a><![IGNORE[x]]></a>", "a section of a document type"],
  ["<a b='x", "an open attribute"],
];

test.each(ODD)("%j is odd: %s", (body) => {
  expect(ask(core, { type: TYPE, body }).anomalies).toEqual(["xml"]);
  expect(ask(core, { type: "text/plain", body }).anomalies).toEqual([]);
});

const WHOLE = [
  "<a/>",
  "\n <?xml version='1.0' encoding='UTF-8'?>\n<!DOCTYPE a [<!ENTITY b 'c'> %d; ]>\n<a b='1'>x<b/>&b;</a>\n<!-- e -->\n",
  "\xef\xbb\xbf<a xml:lang='en'>\xc3\xa9</a>",
  "<a.b-c_d:e/>",
  "",
];

test.each(WHOLE)("%j is not odd", (body) => {
  expect(ask(core, { type: TYPE, body }).anomalies).toEqual([]);
});

describe("the encoding of a body", () => {
  const text = `<a><b>${ATTACK}</b></a>`;
  const little = Buffer.from(text, "utf16le");
  const wide = Buffer.concat([...text].map((c) => Buffer.from([c.charCodeAt(0), 0, 0, 0])));
  const ENCODED: readonly (readonly [why: string, body: Buffer])[] = [
    ["UTF-16 with a mark", Buffer.from(`\ufeff${text}`, "utf16le")],
    ["UTF-16 without one", little],
    ["UTF-16, the higher byte first", Buffer.from(little).swap16()],
    ["the same with a mark", Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
    ["UTF-32", wide],
    ["UTF-32, the highest byte first", Buffer.from(wide).swap32()],
  ];
  test.each(ENCODED)("is understood: %s", (_, body) => {
    const { points } = ask(core, { type: "application/xml", body });
    expect(points).toEqual(["post.xml.xml_tag.a.xml_tag.b"]);
  });
});

describe("the text beside the leaves", () => {
  test("shows markup that no leaf holds", () => {
    expect(ask(core, { type: TYPE, body: "<a><script>alert(1)</script></a>" }).line).toContain("xss-script@post raw");
  });

  test("tells nothing that a leaf told, so that an exception for the leaf holds", () => {
    expect(ask(core, { type: TYPE, body: `<a><b>${ATTACK}</b></a>` }).points).toEqual(["post.xml.xml_tag.a.xml_tag.b"]);
  });

  test("is looked at in windows to its end", () => {
    const most = core.number("VALUE_BYTES_MAX");
    const body = `<a>${"<b>x</b>".repeat(most / 4)}<c onload=''/><script src=//evil.example></script></a>`;
    expect(ask(core, { type: TYPE, body }).line).toMatch(/xss-script@post raw/);
  });

  test("of another type is still looked at as that", () => {
    expect(ask(core, { type: TYPE, body: `{"a":"${ATTACK}"}` }).points).toEqual(["post.json_doc.hash.a"]);
    expect(ask(core, { type: TYPE, body: `a=${ATTACK}` }).points).toContain("post.form_urlencoded.a");
    expect(ask(core, { type: TYPE, body: ATTACK }).points).toContain("post");
  });
});

describe("a document inside a value", () => {
  const inner = `<?xml version="1.0"?><a><b c="${ATTACK}">x</b></a>`;

  test("is read as one in a parameter, a leaf of JSON and a part", () => {
    const point = "xml.xml_tag.a.xml_tag.b.xml_attr.c";
    expect(ask(core, { target: `/?q=${encodeURIComponent(inner)}` }).points).toContain(`query.q.${point}`);
    const json = ask(core, { type: "application/json", body: JSON.stringify({ q: inner }) });
    expect(json.points).toContain(`post.json_doc.hash.q.${point}`);
    const part = `--X\r\nContent-Disposition: form-data; name="f"; filename="a.svg"\r\n\r\n${inner}\r\n--X--\r\n`;
    const multipart = ask(core, { type: "multipart/form-data; boundary=X", body: part });
    expect(multipart.points).toContain(`post.multipart.f.${point}`);
  });

  test("leaves the outer document's values alone", () => {
    const body = `<o><p>${inner.replaceAll("<", "&lt;")}</p><q>one<!-- two -->six</q></o>`;
    expect(valuesOf(body).slice(-2)).toEqual([".xml_tag.o.xml_tag.q.xml_comment= two ", ".xml_tag.o.xml_tag.q=onesix"]);
  });
});

describe("limits", () => {
  test("names are kept to a depth, leaves are looked at beyond", () => {
    const most = core.number("DEPTH_MAX");
    const nested = (depth: number): string => `${"<a>".repeat(depth)}${ATTACK}${"</a>".repeat(depth)}`;
    expect(ask(core, { type: TYPE, body: nested(most) })).toMatchObject({ limits: [], anomalies: [] });
    const { points, limits, anomalies } = ask(core, { type: TYPE, body: nested(most + 500) });
    expect([limits, anomalies, points.length]).toEqual([["depth"], [], 1]);
  });

  test("a long name is cut in the point, and said", () => {
    const most = core.number("NAME_BYTES_MAX");
    const name = "k".repeat(most + 1);
    const { points, limits, anomalies } = ask(core, { type: TYPE, body: `<${name}>${ATTACK}</${name}>` });
    expect(limits).toEqual(["name"]);
    expect(anomalies).toEqual(["xml"]);
    expect(points).toEqual([`post.xml.xml_tag.${"k".repeat(most)}`]);
  });
});

describe("however a document is cut", () => {
  const engine = Engine.load({ wasm: readFileSync(join(ROOT, "build/merlon.checked.wasm")) });

  function traceOf(body: Buffer, cuts: readonly number[]): string[] {
    const { entries } = engine.trace(() => {
      const transaction = engine.begin("192.0.2.1", 0);
      const rawHeaders = ["content-type", TYPE];
      transaction.head({ method: "POST", target: "/", authority: "shop.example", scheme: "http", rawHeaders });
      for (const [index, at] of cuts.entries()) transaction.body(body.subarray(cuts[index - 1] ?? 0, at));
      transaction.end();
      transaction.free();
    });
    return entries.map(({ point, decoders, excerpt, size }) => `${point} ${decoders} ${size} ${excerpt}`);
  }

  test("the same values are looked at in the same order", () => {
    const random = createRandom(11);
    for (let index = 0; index < 400; index++) {
      const body = Buffer.from(`<${makeXml(random, 0)}`, "latin1");
      const whole = traceOf(body, [body.length]);
      const bytes = Array.from(body, (_, at) => at + 1);
      expect(traceOf(body, bytes), body.toString("latin1")).toEqual(whole);
      expect(traceOf(body, [...bytes.filter(() => random(4) === 0), body.length])).toEqual(whole);
    }
  });
});
