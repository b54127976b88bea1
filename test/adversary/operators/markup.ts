/** Operators on markup and script: what an HTML5 tokeniser and a script engine read as the same. */
import { place } from "../../../fuzz/placement.ts";
import { chance, pick, type Random } from "../../bench/random.ts";
import { VALUE_PLACES } from "../attack.ts";
import { bearsText, type Operator, rewriting } from "../operator.ts";

const XSS = ["xss"];
const HANDLER = /(\bon[a-z]+\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>`]+)/gi;
/** A call of a dialogue that is neither a member nor in a string. */
const CALL = /(?<![\w.$'"`[\\/])(alert|confirm|prompt)\((?=[\w)])/g;

function swapCase(text: string, random: Random): string {
  return [...text].map((c) => (chance(random, 0.5) ? c.toUpperCase() : c.toLowerCase())).join("");
}

/** A reference to a character, as attributes undo it. */
function reference(c: string, random: Random): string {
  const code = c.charCodeAt(0);
  return pick(random, [`&#${code};`, `&#x${code.toString(16)};`, `&#0000${code};`, `&#X${code.toString(16)};`]);
}

const behindText: Operator = {
  name: "markup behind text",
  types: XSS,
  places: VALUE_PLACES,
  apply: (attack, random) => {
    if (!/^[<"']/.test(attack.value) || !bearsText(attack)) return undefined;
    const text = pick(random, ["hello ", "a < b ", "x", "<b>x</b>", "see: "]);
    return { message: place(attack.where, text + attack.value) };
  },
};

/** Operators on markup. */
export const MARKUP_OPERATORS: readonly Operator[] = [
  rewriting("markup case", XSS, (value, random) =>
    value.replace(/(?<=<\/?)[a-z][a-z0-9]*|\bon[a-z]+(?=\s*=)/gi, (name) => swapCase(name, random)),
  ),
  rewriting("markup white space", XSS, (value, random) =>
    value.replace(/(?<=<[a-z][a-z0-9]*) +(?=[a-z])/gi, () =>
      pick(random, ["\t", "\n", "\f", "\r", "/", " / ", "\r\n"]),
    ),
  ),
  rewriting("markup attribute added", XSS, (value, random) =>
    value.replace(/(?<=<[a-z][a-z0-9]*) +(?=[a-z])/gi, () =>
      pick(random, [" a ", " a=b ", ' title="x" ', " x='>' ", ' y=">" ', " data-a=/ "]),
    ),
  ),
  rewriting("markup references", XSS, (value, random) =>
    /* The letters of one that is there already are none of the handler's. */
    value.includes("&#")
      ? value
      : value.replace(HANDLER, (_found, name: string, text: string) => {
          return name + text.replace(/[a-z()]/gi, (c) => (chance(random, 0.4) ? reference(c, random) : c));
        }),
  ),
  rewriting("markup quotes", XSS, (value, random) =>
    value.replace(/(\bon[a-z]+)(\s*=\s*)([^\s"'>`=]+)(?=[\s>])/gi, (_found, name: string, _equals, text: string) => {
      const quote = pick(random, ['"', "'"]);
      return `${name}${pick(random, ["=", " = ", "\n="])}${quote}${text}${quote}`;
    }),
  ),
  behindText,
  rewriting("script call", XSS, (value, random) =>
    value.replace(CALL, (_found, name: string) =>
      pick(random, [
        `${name}/**/(`,
        `(${name})(`,
        `self.${name}(`,
        `window.${name}(`,
        `${name}?.(`,
        `top[\`${name}\`](`,
      ]),
    ),
  ),
];
