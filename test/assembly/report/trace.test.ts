/** Traces of the core: what is noted, what is hidden, and that looking on changes nothing. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import type { TraceEntry } from "../../../hosts/core/trace.ts";

const BUILD = join(import.meta.dirname, "../../../build");
const JSON_BODY = JSON.stringify({
  text: "1%27 and more",
  card: "4111 1111 1111 1111",
  password: "hunter2hunter2",
  inner: '{"deep":"&lt;b&gt;"}',
  encoded: Buffer.from("SELECT name FROM things WHERE name = 'x'").toString("base64"),
});

describe.each(["merlon.wasm", "merlon.checked.wasm"])("a trace of %s", (file) => {
  let engine: Engine;

  beforeEach(() => {
    engine = Engine.load({ wasm: readFileSync(join(BUILD, file)) });
  });

  function requestOf(target: string, body: string): Buffer {
    const head = `POST ${target} HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n`;
    return Buffer.from(`${head}Cookie: sid=abcdefgh\r\nContent-Length: ${body.length}\r\n\r\n${body}`, "latin1");
  }

  function send(target: string, body = JSON_BODY): string {
    const transaction = engine.begin("203.0.113.7", 0);
    transaction.raw(requestOf(target, body));
    transaction.end();
    const line = transaction.line();
    transaction.free();
    return line;
  }

  function traceOf(
    target: string,
    body = JSON_BODY,
  ): { entries: readonly TraceEntry[]; dropped: number; line: string } {
    let line = "";
    const trace = engine.trace(() => {
      line = send(target, body);
    });
    return { ...trace, line };
  }

  const text = (entry: TraceEntry | undefined): string => Buffer.from(entry?.excerpt ?? []).toString("latin1");

  test("names each layer's point, place and decoders", () => {
    const { entries, dropped } = traceOf("/shop?page=a%2Fb");
    expect(dropped).toBe(0);
    const layers = entries.map(({ point, place, decoders }) => `${point} ${place} ${decoders.join(">")}`);
    expect(layers).toContain("path path raw");
    expect(layers).toContain("query.page query raw>form");
    expect(layers).toContain("post.json_doc.hash.text json raw");
    expect(layers).toContain("post.json_doc.hash.text json raw>percent");
    expect(layers.filter((layer) => /inner.*deep.* json raw.*>htmlentity/.test(layer))).toHaveLength(1);
    expect(layers.filter((layer) => /encoded json raw.*>base64/.test(layer))).toHaveLength(1);
    const deep = entries.find(({ point }) => point.includes("deep"));
    expect(deep?.nest).toBe(2);
  });

  test("shows how a layer begins, and hides what records hide", () => {
    const { entries } = traceOf("/shop");
    const first = (point: string): TraceEntry | undefined => entries.find((entry) => entry.point === point);
    expect(text(first("path"))).toBe("/shop");
    expect(first("path")?.size).toBe(5);
    expect(text(first("post.json_doc.hash.card"))).toBe("**** **** **** ****");
    expect(text(first("post.json_doc.hash.password"))).toBe("*".repeat(14));
    expect(text(first("header.COOKIE.cookie.sid"))).toBe("*".repeat(8));
  });

  test("hides a card number whose end is beyond the excerpt", () => {
    const most = engine.constant("EXCERPT_BYTES_MAX");
    for (let shown = 1; shown < 19; shown++) {
      const value = `${"x".repeat(most - shown - 1)} 4111 1111 1111 1111 y`;
      const { entries } = traceOf("/", JSON.stringify({ note: value }));
      const note = entries.find(({ point }) => point.endsWith("note"));
      expect(note?.excerpt).toHaveLength(most);
      expect(text(note)).not.toMatch(/\d/);
    }
  });

  test("says which lexers ran and what they found", () => {
    const { entries } = traceOf("/shop?file=../../../../../../etc/passwd&page=2");
    const attack = entries.find(({ point }) => point === "query.file");
    expect(attack?.lexers).toContain("path");
    expect(attack?.found).toBeGreaterThan(0);
    expect(attack?.work).toBeGreaterThanOrEqual(attack?.size ?? 0);
    expect(entries.find(({ point }) => point === "path")?.found).toBe(0);
    expect(entries.find(({ point }) => point === "method")?.lexers).toEqual([]);
  });

  test("changes no verdict, ends with its work, and the next one is its own", () => {
    for (const target of ["/", "/?file=../../../../../../etc/passwd"]) expect(traceOf(target).line).toBe(send(target));
    expect(engine.trace(() => {})).toEqual({ entries: [], dropped: 0 });
    traceOf("/");
    send("/between");
    expect(
      traceOf("/one")
        .entries.filter(({ point }) => point === "path")
        .map(text),
    ).toEqual(["/one"]);
  });

  test("ends when its work fails", () => {
    expect(() =>
      engine.trace(() => {
        throw new Error("broken off");
      }),
    ).toThrow("broken off");
    send("/unseen");
    expect(engine.trace(() => {}).entries).toEqual([]);
  });

  test("has a bound, counts what is beyond it, and the verdict is the same", () => {
    const body = JSON.stringify(
      Array.from({ length: 6000 }, (_, at) => `value number ${at} of many${" and more".repeat(20)}`),
    );
    const { entries, dropped, line } = traceOf("/", body);
    expect(dropped).toBeGreaterThan(0);
    expect(entries.length).toBeGreaterThan(1000);
    expect(entries.length + dropped).toBeGreaterThanOrEqual(6000);
    expect(line).toBe(send("/", body));
    expect(engine.verify()).toBe(true);
    expect(engine.counters.traps).toBe(0);
  });
});
