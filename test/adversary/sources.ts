/** Where attacks come from: Merlon's own suites, and the labelled request sets where they lie beside the repository. */
import { type PlaceName, place } from "../../fuzz/placement.ts";
import { readSuite } from "../../hosts/cli/attack-suite.ts";
import { readLabelledFile } from "../../hosts/cli/evaluation/labelled-file.ts";
import type { Engine } from "../../hosts/core/engine.ts";
import { readExamples, toBytes } from "../assembly/detect-data.ts";
import { type Message, readMessage } from "../conformance/message.ts";
import { corpus } from "../tools/corpus.ts";
import { type Attack, ask, fits, VALUE_PLACES } from "./attack.ts";

/** Sets whose attacks are taken apart into values. */
export const SETS = [
  ...(["blazehttp", "blns", "gotestwaf", "grananqvist", "httpparams", "libinjection"] as const),
  ...(["modsec_learn", "oas_mal", "payload_lists", "vulnbank"] as const),
];
/** Longer values are documents, whose attack is a small part of them. */
const VALUE_BYTES_MAX = 1000;
/** Places of the suite's own vocabulary. */
const SUITE_PLACES = { "url-param": "query", "html-form": "form", "json-string": "json" } as const;

/** Makes an attack of a value if the core catches it in that place. */
export function attackOf(engine: Engine, source: string, value: string, where: PlaceName): Attack | undefined {
  if (!fits(where, value)) return undefined;
  const { blocked, type, stamps } = ask(engine, { message: place(where, value) });
  return blocked ? { source, type, stamps, value, where } : undefined;
}

/** The attacks of our own suites that are caught in a query, a form or a document, once a place. */
export function ownAttacks(engine: Engine): Attack[] {
  const texts = [
    ...readSuite()
      .filter(({ attack }) => attack)
      .map(({ type, text, placements }) => {
        const bytes = Buffer.from(text, "utf8").toString("latin1");
        const places = Object.entries(SUITE_PLACES).filter(([name]) => placements.some((one) => one === name));
        return { source: `suite/${type}`, value: bytes, places: places.map(([, where]) => where) };
      }),
    ...readExamples().flatMap(({ file, attacks }) =>
      attacks
        .filter((example) => example.place === undefined || VALUE_PLACES.some((where) => where === example.place))
        .map((example) => {
          const places = VALUE_PLACES.filter((where) => example.place === undefined || example.place === where);
          return { source: `data/${file}`, value: toBytes(example), places };
        }),
    ),
  ];
  const known = new Set<string>();
  return texts.flatMap(({ source, value, places }) =>
    places.flatMap((where) => {
      const key = `${where} ${value}`;
      if (known.has(key)) return [];
      known.add(key);
      return attackOf(engine, source, value, where) ?? [];
    }),
  );
}

/**
 * The values of a set's attacks that are caught by themselves; each once.
 * @returns undefined where the set is not on this machine
 */
export async function setAttacks(engine: Engine, name: string): Promise<Attack[] | undefined> {
  const path = corpus(name);
  if (path === undefined) return undefined;
  const known = new Set<string>();
  const attacks: Attack[] = [];
  for await (const { attack, raw } of readLabelledFile(path)) {
    const message = attack ? readMessage(raw) : "";
    if (typeof message === "string") continue;
    for (const [index, value] of valuesOf(message).entries()) {
      if (value.length > VALUE_BYTES_MAX || known.has(value)) continue;
      known.add(value);
      const where = VALUE_PLACES[(attacks.length + index) % VALUE_PLACES.length] ?? "query";
      const made = attackOf(engine, name, value, where);
      if (made !== undefined) attacks.push(made);
    }
  }
  return attacks;
}

/** The values of a query, a form and a document. */
function valuesOf({ target, fields, body }: Message): string[] {
  const type = fields.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  const query = target.split("?").slice(1).join("?");
  const text = body.toString("latin1");
  const pairs = /urlencoded/i.test(type) ? [query, text] : [query];
  return [...pairs.flatMap((one) => one.split("&").map(pairValue)), ...(/json/i.test(type) ? leavesOf(text) : [])];
}

function pairValue(pair: string): string {
  const written = pair.slice(pair.indexOf("=") + 1).replaceAll("+", " ");
  return written.replace(/%([0-9a-f]{2})/gi, (_found, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

function leavesOf(text: string): string[] {
  const leaves: string[] = [];
  try {
    JSON.parse(text, (_key, value: unknown) => {
      if (typeof value === "string") leaves.push(Buffer.from(value, "utf8").toString("latin1"));
      return value;
    });
  } catch {
    // What is no document has no leaves.
  }
  return leaves;
}
