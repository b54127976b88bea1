/** Makes documents that real parsers read in their own ways: ordinary ones, odd ones, and ones that fetch. */
import { chance, pick, type Random } from "../../bench/random.ts";

const NAMES = ["a", "order", "s:Body", "x-y", "_z", "xml_1"];
/** Words that stand in no document by chance, and survive being normalised. */
const WORDS = [
  "union select 1",
  "onerror",
  "../../etc",
  "{{7*7}}",
  "|uname",
  "tok]]tok",
  "a--b",
  "x'y",
  'x"y',
  "é",
  "1;2",
];
const ADDRESSES = ["file:///srv/key", "http://collect.example.net/a", "php://filter/a", "//files.example.net/a"];

/** One document. */
export function makeDocument(random: Random): Buffer {
  const entities = chance(random, 0.5) ? ["one", "two", "six"].slice(0, 1 + random(3)) : [];
  const declaration = chance(random, 0.5) ? `<?xml version="1.0"${pick(random, ["", ' encoding="UTF-8"'])}?>` : "";
  const comment = chance(random, 0.2) ? `<!-- ${pick(random, WORDS).replaceAll("--", "")} -->` : "";
  const type = entities.length > 0 || chance(random, 0.2) ? makeType(random, entities) : "";
  const end = chance(random, 0.2) ? "\n<!-- end -->" : "";
  const text = `${declaration}${comment}${type}${makeElement(random, entities, 0)}${end}`;
  if (chance(random, 0.15)) return makeWide(random, text.replace(' encoding="UTF-8"', ""));
  return Buffer.from(text);
}

function makeWide(random: Random, text: string): Buffer {
  const wide = Buffer.from(`\ufeff${text}`, "utf16le");
  return chance(random, 0.5) ? wide : wide.swap16();
}

function makeType(random: Random, entities: readonly string[]): string {
  const external = chance(random, 0.2)
    ? pick(random, ["SYSTEM ", 'PUBLIC "-//a//b" ']) + quote(pick(random, ADDRESSES))
    : "";
  const subset = entities.map((name, index) => {
    const kind = random(10);
    if (kind === 0) return `<!ENTITY ${name} SYSTEM ${quote(pick(random, ADDRESSES))}>`;
    if (kind === 1) return `<!ENTITY % p${name} SYSTEM '${pick(random, ADDRESSES)}'> %p${name};<!ENTITY ${name} "x">`;
    if (kind === 2) return `<!ENTITY % p${name} "<!ENTITY ${name} '${plain(random)}'>"> %p${name};`;
    const inner = index > 0 && chance(random, 0.5) ? `&${entities[index - 1] ?? ""};` : "";
    return `<!ENTITY ${name} ${quote(`${plain(random)}${inner}${pick(random, ["", "&#33;", "&#x21;"])}`)}>`;
  });
  const extras = ["<!ELEMENT a ANY>", "<!-- ]> -->", "<?pi ]> ?>", "<!ATTLIST b c CDATA 'x>y'>", "\n"];
  const parts = [...subset, ...extras.filter(() => chance(random, 0.2))];
  return `<!DOCTYPE ${pick(random, NAMES)} ${external}[${parts.join(pick(random, ["", "\n"]))}]>`;
}

function quote(text: string): string {
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}

/** A word without what a string of a declaration must not hold. */
function plain(random: Random): string {
  return pick(random, WORDS).replace(/["'%&<]/g, "");
}

function spell(random: Random, text: string): string {
  return text.replace(/[<&"']|[a-z](?=[aeiou])/g, (c) => {
    if (/[a-z]/.test(c) && !chance(random, 0.2)) return c;
    return pick(random, [`&#${c.charCodeAt(0)};`, `&#x${c.charCodeAt(0).toString(16)};`]);
  });
}

function makeText(random: Random, entities: readonly string[]): string {
  let text = "";
  for (let count = random(4); count >= 0; count--) {
    const kind = random(8);
    const word = pick(random, WORDS);
    if (kind === 0) text += `<![CDATA[${word.replaceAll("]]", "] ]")}&lt;]]>`;
    else if (kind === 1) text += "<!-- note -->";
    else if (kind === 2) text += "<?run it?>";
    else if (kind < 5 && entities.length > 0) text += `&${pick(random, entities)};`;
    else text += spell(random, word.replaceAll("]]", "]")) + pick(random, ["", " ", "&amp;", "&lt;"]);
  }
  return text;
}

/** An element, now and then one that strict parsers refuse. */
function makeElement(random: Random, entities: readonly string[], depth: number): string {
  const name = pick(random, NAMES);
  let tag = name;
  for (let count = random(3); count > 0; count--) {
    const mark = pick(random, ['"', "'"]);
    const entity = entities.length > 0 && chance(random, 0.3) ? `&${pick(random, entities)};` : "";
    const value = `${spell(random, pick(random, WORDS))}${entity}`;
    const attribute = chance(random, 0.1) ? "same" : `v${depth}${count}`;
    tag += chance(random, 0.05)
      ? ` ${attribute}=bare`
      : ` ${attribute}${pick(random, ["=", " = "])}${mark}${value}${mark}`;
  }
  if (chance(random, 0.1)) return `<${tag}/>`;
  let content = makeText(random, entities);
  for (let count = depth > 3 ? 0 : random(3); count > 0; count--) {
    content += makeElement(random, entities, depth + 1) + makeText(random, entities);
  }
  const odd = chance(random, 0.05) ? pick(random, ["< 1", "&", "&none;", "]]>", "<b>", "<!DOCTYPE x>"]) : "";
  return `<${tag}${pick(random, ["", " ", "\n"])}>${content}${odd}</${chance(random, 0.98) ? name : "other"}>`;
}
