/** Frames: messages are taken out of them whole, whatever stands around. */
import { deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { deliverParts } from "../../conformance/delivery.ts";
import type { Pair } from "../core.ts";
import { Core, STATUS } from "../core.ts";
import { usePolicy } from "../policy-image.ts";
import { frame, numberField, sizedField } from "../protobuf-writer.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const MESSAGE = Buffer.concat([numberField(1, 9), sizedField(2, "alice"), sizedField(3, sizedField(1, ATTACK))]);
const EMPTY = frame(Buffer.alloc(0));
const POINT = "post.grpc.protobuf.3.1";

function send(body: Uint8Array | string, type = "application/grpc", fields: readonly Pair[] = []) {
  return ask(core, { method: "POST", type, fields, body });
}

const TYPES = ["application/grpc", "application/grpc+proto", "application/grpc-web+proto", "Application/gRPC;v=1"];

test.each([...TYPES, "application/connect+proto"])("%s", (type) => {
  const body = Buffer.concat([EMPTY, frame(MESSAGE), EMPTY]);
  expect(send(body, type)).toMatchObject({ points: [POINT], anomalies: [] });
});

test("each message stands for itself, and the decision falls at its end", () => {
  const plain = frame(sizedField(2, "alice"));
  const { points } = send(Buffer.concat([plain, frame(MESSAGE), frame(MESSAGE)]));
  expect(points).toEqual([POINT]);
  const head: Pair[] = [
    [":method", "POST"],
    [":path", "/"],
    ["content-type", "application/grpc"],
  ];
  usePolicy(core, { mode: "block" });
  const handle = core.begin();
  try {
    core.pairs("tx_head", handle, head);
    const attack = frame(MESSAGE);
    const pieces = [plain, attack.subarray(0, -1), attack.subarray(-1)];
    const { pass, block } = STATUS;
    expect(pieces.map((piece) => core.piece("tx_body", handle, piece))).toEqual([pass, pass, block]);
  } finally {
    core.free(handle);
    core.call("policy_clear")(0);
  }
});

test.each([
  ["gzip", gzipSync(MESSAGE)],
  ["deflate", deflateSync(MESSAGE)],
])("messages in %s", (coding, bytes) => {
  const { points, anomalies } = send(frame(bytes, 1), "application/grpc", [["grpc-encoding", coding]]);
  expect({ points, anomalies }).toEqual({ points: ["post.grpc.gzip.protobuf.3.1"], anomalies: [] });
});

test("a coding that is not known is said, and its bytes are read as they are", () => {
  const { points, anomalies } = send(frame(Buffer.from(`~ ${ATTACK}`), 1), "application/grpc", [
    ["grpc-encoding", "snappy"],
  ]);
  expect({ points, anomalies }).toEqual({ points: ["post.grpc"], anomalies: ["encoding"] });
});

test("base64, in segments of any size, with line breaks", () => {
  const body = Buffer.concat([frame(MESSAGE), EMPTY]);
  for (const size of [1, 2, 3, 4, 7, 1000]) {
    let text = "";
    for (let at = 0; at < body.length; at += size) text += `${body.subarray(at, at + size).toString("base64")}\n`;
    expect(send(text, "application/grpc-web-text").points).toEqual([POINT]);
  }
});

test("cuts do not show", () => {
  const body = Buffer.concat([
    frame(gzipSync(Buffer.from("alice")), 1),
    frame(MESSAGE),
    frame(Buffer.from("a: b\r\n"), 128),
  ]);
  for (const [type, bytes] of [
    ["application/grpc-web", body] as const,
    ["application/grpc-web-text", Buffer.from(body.toString("base64"))] as const,
  ]) {
    const fields: Pair[] = [["content-type", type]];
    const message = { method: "POST", target: "/", authority: "shop.example", fields, body: bytes, trailers: [] };
    const whole = deliverParts(core, message, []);
    expect(whole.line).toContain(`@${POINT} `);
    for (let at = 1; at < bytes.length; at++) {
      expect(deliverParts(core, message, [at]).record.equals(whole.record)).toBe(true);
    }
  }
});

const ODD: readonly (readonly [body: Buffer, why: string])[] = [
  [frame(MESSAGE).subarray(0, 3), "a frame's head that ends early"],
  [frame(MESSAGE).subarray(0, -1), "a message that ends early"],
  [frame(MESSAGE, 64), "a flag that nobody knows"],
];

test.each(ODD)("%# is odd: %s", (body) => {
  expect(send(body).anomalies).toEqual(["protobuf"]);
});

test("JSON in frames, and the end of a Connect stream", () => {
  const json = Buffer.from(JSON.stringify({ a: ATTACK }));
  expect(send(frame(json), "application/grpc+json").points).toEqual(["post.grpc.json_doc.hash.a"]);
  expect(send(frame(json, 2), "application/connect+proto").points).toEqual(["post.grpc.json_doc.hash.a"]);
});

test("nothing is left behind", () => {
  expect(core.call("blocks_used")()).toBe(0);
});
