/** A coded body as it came: what a back end that knows nothing of the coding would read. */
import { deflateRawSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { deliverParts } from "../../conformance/delivery.ts";
import { Core } from "../core.ts";
import { sizedField } from "../protobuf-writer.ts";
import { ATTACK, ask } from "../requests.ts";
import { randomBytes } from "../scratch.ts";

const SEED = 5;
const core = new Core("checked");

function send(body: Uint8Array | string, type: string, coding?: string) {
  return ask(core, { method: "POST", type, fields: coding === undefined ? [] : [["content-encoding", coding]], body });
}

const IGNORED: readonly (readonly [type: string, body: string, point: string])[] = [
  ["application/json", JSON.stringify({ a: ATTACK }), "post.json_doc.hash.a"],
  ["application/x-www-form-urlencoded", `b=2&a=${ATTACK}`, "post.form_urlencoded.a"],
  ["text/plain", `${ATTACK} x`, "post"],
  [
    "multipart/form-data; boundary=X",
    `--X\r\ncontent-disposition: form-data; name="a"\r\n\r\n${ATTACK}\r\n--X--`,
    "post.multipart.a",
  ],
];

test.each(IGNORED)("%s that is plain although the head says deflate", (type, body, point) => {
  const { points, anomalies } = send(body, type, "deflate");
  expect(points).toEqual([point]);
  expect(anomalies).toContain("encoding");
});

test("what the decoded body showed is told once", () => {
  const body = gzipSync(JSON.stringify({ a: ATTACK }), { level: 0 });
  expect(send(body, "application/json", "gzip").points).toEqual(["post.gzip.json_doc.hash.a"]);
});

test("another attack in the bytes as they came is told as well", () => {
  const body = Buffer.concat([
    gzipSync(JSON.stringify({ a: ATTACK })),
    Buffer.from("\n;cat /etc/passwd;<script>alert(1)</script>"),
  ]);
  const { points } = send(body, "application/json", "gzip");
  expect(points[0]).toBe("post.gzip.json_doc.hash.a");
  expect(points.slice(1)).toContain("post");
});

test("a long one is read in windows, and cuts do not show", () => {
  const noise = randomBytes(SEED, 70_000);
  const body = Buffer.concat([deflateRawSync(noise), Buffer.from(` ${ATTACK} `)]);
  expect(body.length).toBeGreaterThan(64_000);
  const fields = [["content-type", "text/plain"] as const, ["content-encoding", "deflate"] as const];
  const message = { method: "POST", target: "/", authority: "shop.example", fields, body, trailers: [] };
  const whole = deliverParts(core, message, []);
  expect(whole.line).toMatch(/@post raw\[\d+,\d+\]/);
  for (const cuts of [[1], [32_767], [32_768], [32_769], [100, 62_000], [body.length - 3]]) {
    expect(deliverParts(core, message, cuts).record.equals(whole.record)).toBe(true);
  }
});

test("numbers of messages hide nothing", () => {
  /* Each field is a tag, here the digit 1, and eight bytes that are taken for a number. */
  const body = Buffer.concat([sizedField(1, "hello"), Buffer.from("1<script>1alert(9)1</script")]);
  expect(send(body, "application/x-protobuf")).toMatchObject({
    points: expect.arrayContaining(["post"]),
    anomalies: [],
  });
});
