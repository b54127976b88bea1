/** Compressed bytes in values. */
import { deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const query = (bytes: Buffer): string => `/?q=${encodeURIComponent(bytes.toString("base64"))}`;

test.each([
  ["gzip", gzipSync],
  ["zlib", deflateSync],
])("%s in base64 is opened, in either alphabet", (_name, compress) => {
  const bytes = compress(`a long text around it, ${ATTACK}`);
  expect(ask(core, { target: query(compress(ATTACK)) }).points).toEqual(["query.q.gzip"]);
  expect(ask(core, { target: `/?q=${compress(ATTACK).toString("base64url")}` }).points).toEqual(["query.q.gzip"]);
  expect(ask(core, { fields: [["cookie", `s=${bytes.toString("base64")}`]] }).limits).toEqual([]);
});

test("documents in it are documents", () => {
  const bytes = gzipSync(JSON.stringify({ a: ATTACK }));
  expect(ask(core, { target: query(bytes) }).points).toEqual(["query.q.gzip.json_doc.hash.a"]);
});

test("a file of a form is opened", () => {
  const content = gzipSync(ATTACK).toString("latin1");
  const body = `--X\r\nContent-Disposition: form-data; name="f"; filename="a.gz"\r\n\r\n${content}\r\n--X--\r\n`;
  expect(ask(core, { type: "multipart/form-data; boundary=X", body }).points).toEqual(["post.multipart.f.gzip"]);
});

test("an ordinary state of some thousand bytes costs less than its work", () => {
  const items = Array.from({ length: 120 }, (_, index) => ({
    id: index * 7919,
    name: `item ${index % 9}`,
    open: true,
  }));
  const state = JSON.stringify({ items });
  expect(state.length).toBeGreaterThan(4000);
  expect(ask(core, { target: query(gzipSync(state)) })).toMatchObject({ line: "pass", limits: [] });
});

test("one that grows without end is stopped, and that is said", () => {
  expect(ask(core, { target: query(gzipSync(Buffer.alloc(3_000_000))) }).limits).toEqual(["inflated"]);
});

test("a compressed file of long texts is looked at and passes", () => {
  const text = Array.from({ length: 9000 }, (_, index) => `* Fix the parser of line ${index % 700}, thanks to Ann.`);
  const content = gzipSync(text.join("\n")).toString("latin1");
  const body = `--X\r\nContent-Disposition: form-data; name="f"; filename="a.gz"\r\n\r\n${content}\r\n--X--\r\n`;
  const asked = { method: "POST", type: "multipart/form-data; boundary=X", body };
  expect(ask(core, asked)).toMatchObject({ line: "pass", limits: [] });
});

test("noise that begins like it is no anomaly", () => {
  for (const bytes of ["x\x9cabcdefghijklmno\x80\x81", "\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff\xff\xff"]) {
    expect(ask(core, { target: query(Buffer.from(bytes, "latin1")) })).toMatchObject({ line: "pass", anomalies: [] });
  }
});

test("nothing is left behind", () => {
  expect(core.call("blocks_used")()).toBe(0);
});
