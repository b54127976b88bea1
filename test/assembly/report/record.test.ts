/** Matches as hosts read them: spans that hold the attack in every layer, excerpts around them, secrets hidden. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import type { Match } from "../../../hosts/core/verdict.ts";
import { ROOT } from "../../tools/component.ts";
import { ATTACK } from "../requests.ts";

const engine = Engine.load({ wasm: readFileSync(join(ROOT, "build/merlon.checked.wasm")) });

function matchesOf(target: string, rawHeaders: readonly string[] = [], body = ""): readonly Match[] {
  const transaction = engine.begin("192.0.2.1", 0);
  transaction.head({ method: "POST", target, authority: "shop.example", scheme: "http", rawHeaders });
  transaction.body(Buffer.from(body, "latin1"));
  transaction.end();
  const { matches } = transaction.verdict();
  transaction.free();
  return matches;
}

/** The bytes that a layer's span covers, as far as its excerpt shows them. */
function shown({ layers }: Match, index: number): string {
  const layer = layers[index];
  if (layer === undefined) throw new RangeError(`no layer ${index}`);
  const text = Buffer.from(layer.excerpt).toString("latin1");
  return text.slice(layer.span[0] - layer.excerptAt, layer.span[1] - layer.excerptAt);
}

test("each layer's span holds the attack as that layer has it", () => {
  const once = encodeURIComponent(ATTACK);
  const [match] = matchesOf(`/?a=${encodeURIComponent(`x=${once}`)}`);
  expect(match?.layers.map(({ as }) => as)).toEqual(["raw", "form", "percent"].slice(0, match?.layers.length));
  for (let index = 0; index < (match?.layers.length ?? 0); index++) {
    if (match === undefined) continue;
    let text = shown(match, index);
    for (let times = index; times < 2; times++) text = decodeURIComponent(text);
    expect(text).toContain("/etc/passwd");
  }
});

test("an excerpt of a long value shows the span in its middle", () => {
  const [match] = matchesOf(
    "/",
    ["content-type", "text/plain"],
    `${"x ".repeat(500)}<script>alert(1)</script>${" y".repeat(500)}`,
  );
  const [layer] = match?.layers ?? [];
  expect(layer?.span[0]).toBe(1000);
  expect(layer?.excerpt).toHaveLength(engine.constant("EXCERPT_BYTES_MAX"));
  expect(layer?.excerptAt).toBeGreaterThan(900);
  expect(match === undefined ? "" : shown(match, 0)).toContain("<script");
});

test("a span longer than an excerpt begins in it", () => {
  const script = `<script>${"a".repeat(300)}</script>`;
  const matches = matchesOf("/", ["content-type", "text/plain"], `${"z".repeat(50)} ${script}`);
  for (const { layers } of matches) {
    for (const { span, excerpt, excerptAt } of layers) {
      expect(span[0]).toBeGreaterThanOrEqual(excerptAt);
      expect(excerpt.length).toBeLessThanOrEqual(engine.constant("EXCERPT_BYTES_MAX"));
    }
  }
});

test("values of secret names are hidden byte for byte, spans stay", () => {
  const headers = ["cookie", `session=${ATTACK}`, "authorization", `Token ${ATTACK}`, "x-api-key", ATTACK];
  const matches = matchesOf(`/?password=${ATTACK}&open=${ATTACK}`, headers);
  const texts = Object.fromEntries(matches.map((match) => [match.point, shown(match, 0)]));
  expect(texts).toMatchObject({
    "query.password": "*".repeat(ATTACK.length),
    "query.open": ATTACK,
    "header.COOKIE.cookie.session": "*".repeat(ATTACK.length),
    "header.X-API-KEY": "*".repeat(ATTACK.length),
  });
  expect(texts["header.AUTHORIZATION"]).toMatch(/^\*+$/);
});

test("a card number is hidden though an excerpt has only a part of it, at either end", () => {
  const card = "4111 1111 1111 1111";
  const script = "<script>alert(1)</script>";
  for (const written of [card, encodeURIComponent(card), card.replaceAll(" ", "")]) {
    for (let gap = 30; gap < 64; gap++) {
      const text = `${written}${" ".repeat(gap)}${script}${" ".repeat(gap)}${written}`;
      const matches = matchesOf("/", ["content-type", "text/plain"], text);
      expect(matches.length).toBeGreaterThan(0);
      for (const { layers } of matches) {
        for (const { excerpt } of layers) expect(Buffer.from(excerpt).toString("latin1")).not.toMatch(/11|4\d/);
      }
    }
  }
});
