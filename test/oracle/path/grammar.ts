/**
 * Makes traversals and near misses: where a path starts, how it climbs, how dots and separators are written, where it
 * goes, what is hung behind it. What it makes need not leave the folder: the resolvers say.
 */
import { chance, pick, type Random } from "../../bench/random.ts";

const STARTS = [
  "",
  "",
  "img/",
  "./",
  "/",
  "a/b/",
  "docs/../",
  "en/./",
  "//",
  "C:\\",
  "/var/www/html/site/img/",
  "files\\",
];
const DOTS = ["..", "..", "..", "%2e%2e", ".%2e", "%2e.", "%252e%252e", "%2E%2E"];
const SEPARATORS = ["/", "/", "/", "\\", "%2f", "%5c", "%252f", "//", "/./", "\\\\", "%2F"];
const ENDS = [
  "etc/passwd",
  "etc/hosts",
  "windows/win.ini",
  "boot.ini",
  "proc/self/environ",
  "private/ledger.txt",
  "app/settings.json",
  "accounts",
  "",
];
const TAILS = ["", "", "", "%00", "%00.png", "/", "/.", "?v=1", "#top"];

/** Makes a value that should leave its folder. */
export function makeTraversal(random: Random): string {
  if (chance(random, 0.08))
    return pick(random, ["/etc/passwd", "/etc//shadow", "/etc/./hosts", "C:\\Windows\\win.ini", "/proc/self/environ"]);
  const mixed = chance(random, 0.3);
  const dots = pick(random, DOTS);
  const separator = pick(random, SEPARATORS);
  const climb = Array.from({ length: 2 + random(8) }, () =>
    mixed ? pick(random, DOTS) + pick(random, SEPARATORS) : dots + separator,
  );
  const inner = chance(random, 0.15) ? pick(random, ["x/", "img/", "a/b/"]) : "";
  const way = `${pick(random, STARTS)}${climb.join("")}${inner}${inner && dots + separator}`;
  return `${way}${pick(random, ENDS)}${pick(random, TAILS)}`;
}

/** Makes a value of the same characters that stays where it is. */
export function makeInnerPath(random: Random): string {
  const step = (): string => pick(random, ["img", "docs", "v1.2", "a..b", "..hidden", "x...", "en", "2024", "my file"]);
  const separator = pick(random, ["/", "/", "/", "\\"]);
  const steps = Array.from({ length: 2 + random(4) }, step);
  return pick(random, [
    () => steps.join(separator),
    () => `${steps.join(separator)}${separator}..${separator}${step()}`,
    () => `./${steps.join("/")}/./${step()}.html`,
    () => `../${step()}.css`,
    () => `https://shop.example/${steps.join("/")}/../${step()}`,
    () => `${random(9)}..${random(99)}/${random(9)}..${random(99)}`,
    () => `wait.../${step()}... and ${step()}`,
    () => `C:\\Users\\ada\\${steps.join("\\")}.txt`,
    () => `/home/ada/${steps.join("/")}.txt`,
    () => `~/${steps.join("/")}`,
    () => `/var/www/html/${steps.join("/")}`,
    () => `${step()}%2F${step()}%2F${step()}`,
  ])();
}
