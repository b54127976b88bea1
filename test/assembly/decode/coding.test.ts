/** What a body's head and first bytes lead to. */
import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { deliverParts } from "../../conformance/delivery.ts";
import { Core } from "../core.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const JSON_TYPE = "application/json";
const DOCUMENT = JSON.stringify({ a: ATTACK });

function send(body: Uint8Array | string, coding?: string, type = JSON_TYPE) {
  return ask(core, { method: "POST", type, fields: coding === undefined ? [] : [["content-encoding", coding]], body });
}

const CODED: readonly (readonly [coding: string | undefined, body: Buffer, point: string])[] = [
  ["gzip", gzipSync(DOCUMENT), "post.gzip.json_doc.hash.a"],
  [" GZIP ", gzipSync(DOCUMENT), "post.gzip.json_doc.hash.a"],
  ["identity, gzip", gzipSync(DOCUMENT), "post.gzip.json_doc.hash.a"],
  ["deflate", deflateSync(DOCUMENT), "post.gzip.json_doc.hash.a"],
  ["deflate", gzipSync(DOCUMENT), "post.gzip.json_doc.hash.a"],
  [undefined, gzipSync(DOCUMENT), "post.gzip.json_doc.hash.a"],
  ["gzip, deflate", deflateSync(gzipSync(DOCUMENT)), "post.gzip.gzip.json_doc.hash.a"],
  ["gzip", gzipSync(gzipSync(DOCUMENT)), "post.gzip.gzip.json_doc.hash.a"],
  ["identity", Buffer.from(DOCUMENT), "post.json_doc.hash.a"],
];

test.each(CODED)("%j leads to %#", (coding, body, point) => {
  expect(send(body, coding)).toMatchObject({ points: [point], anomalies: [], limits: [] });
});

test.each(["gzip", "br", "zstd", "compress", "gzip, br"])("a plain body that claims %s is read, and odd", (coding) => {
  expect(send(DOCUMENT, coding)).toMatchObject({ points: ["post.json_doc.hash.a"], anomalies: ["encoding"] });
});

test.each(["", "a", "\x1f", "\x1f\x8b", "\x1f\x8b\x08", "{}", "\0"])("a body of %j is no trap", (body) => {
  for (const coding of [undefined, "gzip", "deflate"]) expect(send(body, coding).points).toEqual([]);
});

test("a form whose first byte is that of gzip is a form", () => {
  const body = `\x1f=1&file=${ATTACK}`;
  expect(send(body, undefined, "application/x-www-form-urlencoded").points).toEqual(["post.form_urlencoded.file"]);
});

describe("bombs", () => {
  const mega = 1 << 20;
  const bomb = gzipSync(Buffer.alloc(4 * mega, "[] "));
  const message = (body: Buffer) => ({
    ...{ method: "POST", target: "/", authority: "shop.example", trailers: [] },
    ...{ fields: [["content-encoding", "gzip"] as const], body },
  });

  test("are told, once, however they come", () => {
    const whole = deliverParts(core, message(bomb), []);
    expect(whole.line).toBe("block data-bomb-inflate@post.gzip raw[0,64]");
    for (const at of [1, 700, 1500, bomb.length - 1]) {
      expect(deliverParts(core, message(bomb), [at, at + 7]).record.equals(whole.record)).toBe(true);
    }
  });

  test("are told inside another coding", () => {
    const points = send(gzipSync(gzipSync(Buffer.alloc(20 * mega))), "gzip, gzip").points;
    expect(points).toEqual(["post.gzip"]);
  });

  test("are none below their least size", () => {
    expect(send(gzipSync(Buffer.alloc(mega - 5000, "[] ")), "gzip").points).toEqual([]);
  });

  test("are no logs", () => {
    const line = (index: number): string => `{"level":"info","n":${index},"text":"request done","ms":${index % 97}}`;
    const log = Array.from({ length: 40_000 }, (_, index) => line(index)).join("\n");
    expect(log.length).toBeGreaterThan(2 * mega);
    expect(send(gzipSync(log), "gzip")).toMatchObject({ line: "pass", limits: [] });
  });

  test("what comes out is bounded, and said", () => {
    const most = core.number("INFLATED_BYTES_MAX");
    const random = Buffer.alloc(5000);
    for (let at = 0; at < random.length; at++) random[at] = (at * at * 31) >> 3;
    const parts = Array.from({ length: 64 }, (_, index) => Buffer.concat([random, Buffer.alloc(180_000, index)]));
    expect(send(gzipSync(Buffer.concat(parts)), "gzip", "application/octet-stream").limits).toContain("inflated");
    expect(64 * 185_000).toBeGreaterThan(most);
  });
});

test("nothing is left behind", () => {
  expect(core.call("blocks_used")()).toBe(0);
});
