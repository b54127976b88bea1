/** What may stand around DEFLATE. */
import { crc32, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { lookedAt } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");

function send(body: Uint8Array, coding = "gzip") {
  return ask(core, { method: "POST", type: "text/plain", fields: [["content-encoding", coding]], body });
}

/** gzip with a header of one's own. */
function gzipWith(flags: number, extra: string, content: string): Buffer {
  const head = Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255]);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, Buffer.from(extra, "latin1"), deflateRawSync(content), trailer]);
}

const HEADS: readonly (readonly [flags: number, extra: string, why: string])[] = [
  [0, "", "nothing"],
  [1, "", "a hint that it is text"],
  [2, "ab", "a check sum of the header"],
  [4, "\x03\x00abc", "an extra field"],
  [4, "\x00\x00", "an empty one"],
  [4, `\x00\x01${"x".repeat(256)}`, "one of 256 bytes"],
  [8, "name.txt\0", "a name"],
  [16, "comment\0", "a comment"],
  [30, "\x01\x00aname\0comment\0ab", "all of them"],
];

test.each(HEADS)("flags %i with %j: %s", (flags, extra) => {
  const { points, anomalies } = send(gzipWith(flags, extra, ATTACK));
  expect({ points, anomalies }).toEqual({ points: ["post.gzip"], anomalies: [] });
});

test("members follow each other, with zeros between or not", () => {
  const [one, other] = [ATTACK.slice(0, 9), ATTACK.slice(9)];
  for (const between of ["", "\0\0\0"]) {
    const body = Buffer.concat([gzipSync(one), Buffer.from(between), gzipSync(other)]);
    expect(send(body)).toMatchObject({ points: ["post.gzip"], anomalies: [] });
  }
});

test("what follows the last member is odd, and read as it came", () => {
  for (const [body, coding] of [
    [gzipSync("hello"), "gzip"],
    [deflateSync("hello"), "deflate"],
    [deflateRawSync("hello"), "deflate"],
  ] as const) {
    const { points, anomalies } = send(Buffer.concat([body, Buffer.from(` ${ATTACK}`)]), coding);
    expect({ points, anomalies }).toEqual({ points: ["post"], anomalies: ["encoding"] });
  }
});

test("a stream that is not whole is odd, and what came is looked at", () => {
  const whole = gzipSync(`${ATTACK} `, { level: 0 });
  for (const size of [3, 9, 12, 14]) expect(send(whole.subarray(0, size)).anomalies).toEqual(["encoding"]);
  expect(send(whole.subarray(0, -9))).toMatchObject({ anomalies: ["encoding"] });
  expect(send(whole.subarray(0, -9)).points).toContain("post.gzip");
});

test("check sums are the reader's affair", () => {
  const body = gzipSync(ATTACK);
  body.fill(0, body.length - 8);
  expect(send(body)).toMatchObject({ points: ["post.gzip"], anomalies: [] });
});

test("zlib with a dictionary that nobody has is not read", () => {
  const body = deflateSync(ATTACK, { dictionary: Buffer.from("etc/passwd") });
  expect(send(body, "deflate").anomalies).toEqual(["encoding"]);
});

test("a second method does not exist", () => {
  const body = gzipSync("hello there");
  body[2] = 7;
  const looked = lookedAt({ method: "POST", type: "text/plain", fields: [["content-encoding", "gzip"]], body });
  expect(looked.some(({ point }) => point.includes("gzip"))).toBe(false);
});
