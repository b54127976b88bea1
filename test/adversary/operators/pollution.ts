/** Operators on parameters: twins, arrays and names, and attacks spread over twins, which some back ends join. */
import { escapePercent } from "../../../fuzz/placement.ts";
import { pick, type Random } from "../../bench/random.ts";
import type { Attack, Mutant } from "../attack.ts";
import type { Operator } from "../operator.ts";
import { piecesOf } from "./sql-text.ts";

/** A query or form of these pairs. */
function pairs({ where }: Attack, list: readonly (readonly [string, string])[]): Mutant {
  const text = list.map(([name, value]) => `${escapePercent(name)}=${escapePercent(value)}`).join("&");
  const message = { authority: "shop.example", fields: [], trailers: [] };
  if (where === "query") {
    return { message: { ...message, method: "GET", target: `/shop?${text}`, body: Buffer.alloc(0) } };
  }
  const fields = [["content-type", "application/x-www-form-urlencoded"]] as const;
  return { message: { ...message, method: "POST", target: "/shop", fields, body: Buffer.from(text, "latin1") } };
}

function operator(
  name: string,
  types: Operator["types"],
  list: (value: string, random: Random) => readonly (readonly [string, string])[] | undefined,
): Operator {
  return {
    name,
    types,
    places: ["query", "form"],
    apply: (attack, random) => {
      const made = list(attack.value, random);
      return made === undefined ? undefined : pairs(attack, made);
    },
  };
}

/** Cuts a statement at one of the spaces outside its strings. */
function cutAtSpace(value: string, random: Random): readonly [string, string] | undefined {
  const spaces: number[] = [];
  let at = 0;
  for (const { text, free } of piecesOf(value)) {
    if (free) for (const { index } of text.matchAll(/ /g)) spaces.push(at + index);
    at += text.length;
  }
  if (spaces.length === 0) return undefined;
  const cut = pick(random, spaces);
  return [value.slice(0, cut), value.slice(cut + 1)];
}

/** Operators on parameters. */
export const POLLUTION_OPERATORS: readonly Operator[] = [
  operator("twin before", "all", (value) => [
    ["v", "7"],
    ["v", value],
  ]),
  operator("twin behind", "all", (value) => [
    ["v", value],
    ["v", "red shoes"],
  ]),
  operator("array", "all", (value, random) => [[pick(random, ["v[]", "v[0]", "v[a][b]", "v.a"]), value]]),
  operator("name in capitals and long", "all", (value) => [["V".repeat(300), value]]),
  /* ASP joins twins by a comma, which the comment takes in. */
  operator("twins joined in a comment", ["sqli"], (value, random) => {
    const [a, b] = cutAtSpace(value, random) ?? [];
    return a === undefined || b === undefined
      ? undefined
      : [
          ["v", `${a}/*`],
          ["v", `*/${b}`],
        ];
  }),
];
