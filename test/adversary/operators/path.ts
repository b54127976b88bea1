/** Operators on paths and addresses: what a file system, a URL parser and a resolver take for the same. */
import { pick } from "../../bench/random.ts";
import { type Operator, rewriting } from "../operator.ts";

function addressForms(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
  const number = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  return [
    String(number),
    `0x${number.toString(16)}`,
    `0${a.toString(8)}.${b}.${c}.${d}`,
    `${a}.${b}.${(c << 8) | d}`,
    `0x${a.toString(16)}.${b}.${c}.${d}`,
    `[::ffff:${address}]`,
    `${address}.`,
  ];
}

/** Operators on paths and addresses. */
export const PATH_OPERATORS: readonly Operator[] = [
  rewriting("path slashes", ["ptrav"], (value, random) =>
    value.replace(/(?<=\.\.)\/(?=\.\.)|(?<=\/etc)\/(?=\w)/g, () => pick(random, ["//", "/./", "///", "/"])),
  ),
  rewriting("path steps added", ["ptrav"], (value, random) =>
    value.replace(/^(?:\.\.\/)+/, (steps) => pick(random, ["../", "../../../", "./", "./../"]) + steps),
  ),
  rewriting("path detour", ["ptrav"], (value, random) =>
    value.replace(/\/etc\/(?=passwd|shadow|hosts)/, () => pick(random, ["/etc/../etc/", "/etc/./", "/tmp/../etc/"])),
  ),
  rewriting("address form", ["ssrf"], (value, random) =>
    value.replace(/(?<=:\/\/)(?:127\.0\.0\.1|169\.254\.169\.254)(?=[:/]|$)/, (found) =>
      pick(random, addressForms(found)),
    ),
  ),
  rewriting("address case", ["ssrf"], (value) =>
    /* Bytes above 127 are pieces of UTF-8 here, and have no case. */
    value.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#@]+/i, (found) => found.replace(/[a-z]/g, (c) => c.toUpperCase())),
  ),
  rewriting("address user", ["ssrf"], (value, random) =>
    value.replace(
      /^(https?:\/\/)(?=[^/?#@]+(?:[/?#]|$))/i,
      (found) => found + pick(random, ["a@", "a:b@", "www.example.com@"]),
    ),
  ),
  rewriting("address user, long", ["ssrf"], (value) =>
    value.replace(/^(https?:\/\/)(?=[^/?#@]+(?:[/?#]|$))/i, (found) => `${found}${"a".repeat(700)}@`),
  ),
  rewriting("declaration stretched", ["xxe"], (value, random) =>
    value.replace(/(?<=<!(?:DOCTYPE|ENTITY)) /, () => pick(random, [" ", "\n", "\t"]).repeat(3000)),
  ),
  rewriting("comments before a declaration", ["xxe"], (value, random) =>
    value.replace(/(?=<!DOCTYPE)/i, () => pick(random, ["<!-- -->", "<?a?>"]).repeat(500)),
  ),
  rewriting("declarations before a declaration", ["xxe"], (value) =>
    value.replace(/(?=<!ENTITY)/, () => "<!ELEMENT a ANY>".repeat(900)),
  ),
  rewriting("template blank", ["ssti"], (value, random) =>
    value.replace(/^(\{\{)(?=[^\s{%-])(.*)\}\}$/, (_found, open: string, inner: string) => {
      const blank = pick(random, [" ", "  ", "\t", "\n"]);
      return `${open}${blank}${inner}${blank}}}`;
    }),
  ),
];
