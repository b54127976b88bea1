/** Which bodies are streams of messages. */
import { expect, test } from "vitest";
import { isGrpc, isMessageFramed } from "../../../hosts/core/media-type.ts";

test.each([
  ["application/grpc", true, true],
  ["application/grpc+proto", true, true],
  ["application/grpc-web", false, false],
  ["application/grpc-web-text", false, false],
  ["application/connect+json", false, true],
  ["application/json", false, false],
])("%s is gRPC: %s, framed in messages: %s", (type, grpc, framed) => {
  expect(isGrpc(type)).toBe(grpc);
  expect(isMessageFramed(type)).toBe(framed);
});
