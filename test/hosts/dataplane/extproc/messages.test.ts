/** Envoy's messages: read as they are defined, refused where they are none, answered in its own encoding. */
import { describe, expect, test } from "vitest";
import {
  BODY_MODE,
  CONTINUE,
  headersWithOverride,
  immediate,
  readRequest,
  streamedBody,
} from "../../../../hosts/dataplane/extproc/messages.ts";
import { doubleField, numberField, sizedField } from "../../../assembly/protobuf-writer.ts";
import { createRandom } from "../../../bench/random.ts";
import { body, head, MODE, readAnswer, responseBody, responseHead, trailers } from "./stage.ts";

describe("a message of Envoy", () => {
  test("says head, modes, attributes and metadata", () => {
    const attributes = { "source.address": "192.0.2.1:1", "request.id": "r", "request.time": "t", other: "x" };
    const bytes = head("/\xff", [["a", "\xe4"]], {
      mode: MODE.BUFFERED,
      responseMode: 1,
      attributes,
      metadata: { mode: "off" },
    });
    expect(readRequest(bytes)).toMatchObject({
      kind: "request_headers",
      fields: [":method", "POST", ":path", "/\xff", ":authority", "site.test", ":scheme", "http", "a", "\xe4"],
      endOfStream: false,
      observed: false,
      requestBodyMode: BODY_MODE.BUFFERED,
      responseBodyMode: BODY_MODE.STREAMED,
      sourceAddress: "192.0.2.1:1",
      requestId: "r",
      requestTime: "t",
      routeMode: "off",
    });
  });

  test("is told by its kind", () => {
    const kinds = [body("a"), trailers([]), responseHead(), responseBody("a")].map((bytes) => readRequest(bytes)?.kind);
    expect(kinds).toEqual(["request_body", "request_trailers", "response_headers", "response_body"]);
    expect(readRequest(body("abc", true, true))).toMatchObject({ endOfStream: true, observed: true });
    expect(readRequest(body("abc"))?.body.toString()).toBe("abc");
  });

  test("takes old Envoys' values, and steps over what it does not know", () => {
    const field = sizedField(1, Buffer.concat([sizedField(1, "a"), sizedField(2, "old")]));
    const bytes = Buffer.concat([
      doubleField(77, 1.5),
      numberField(78, 2 ** 40),
      sizedField(2, Buffer.concat([sizedField(1, field), sizedField(2, "x"), numberField(3, 1)])),
      Buffer.from([(12 << 3) | 5, 1, 2, 3, 4]),
    ]);
    expect(readRequest(bytes)).toMatchObject({ fields: ["a", "old"], endOfStream: true, requestBodyMode: -1 });
  });

  test("metadata of another namespace says nothing of the mode", () => {
    const value = sizedField(2, sizedField(3, "off"));
    const struct = sizedField(1, Buffer.concat([sizedField(1, "mode"), value]));
    const entry = Buffer.concat([sizedField(1, "client"), sizedField(2, struct)]);
    const bytes = Buffer.concat([head("/"), sizedField(8, sizedField(1, entry))]);
    expect(readRequest(bytes)?.routeMode).toBe("");
  });

  test("that is none is refused, whatever is cut off or changed", () => {
    const whole = head("/a", [["b", "c"]], { attributes: { "request.id": "r" } });
    expect(readRequest(Buffer.alloc(0))).toBeNull();
    expect(readRequest(Buffer.concat([body("a"), body("b")]))).toBeNull();
    expect(readRequest(Buffer.from([0x0b]))).toBeNull();
    expect(readRequest(Buffer.alloc(12, 0xff))).toBeNull();
    const random = createRandom(5);
    for (let size = 1; size < whole.length; size++) {
      const cut = Buffer.from(whole.subarray(0, size));
      cut[random(size)] = random(256);
      // Nothing is thrown and nothing is read from behind the end.
      const message = readRequest(cut);
      for (const text of message?.fields ?? []) expect(text.length).toBeLessThanOrEqual(size);
    }
  });
});

describe("an answer", () => {
  test("says which part goes on", () => {
    const fields = Object.values(CONTINUE).map((bytes) => readAnswer(bytes.subarray(5)).field);
    expect(fields).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("asks for another mode and leaves the response's as it is", () => {
    const bytes = headersWithOverride(BODY_MODE.BUFFERED_PARTIAL, 2);
    expect(readAnswer(bytes.subarray(5))).toMatchObject({ field: 1, override: [3, 1] });
    expect(bytes.includes(Buffer.from([4 << 3, 2]))).toBe(true);
  });

  test.each([0, 1, 127, 128, 20_000, 70_000])("gives back %i bytes of a body", (size) => {
    const bytes = streamedBody("request_body", Buffer.alloc(size, "x"), size > 0);
    expect(bytes.readUInt32BE(1)).toBe(bytes.length - 5);
    const answer = readAnswer(bytes.subarray(5));
    expect(answer).toMatchObject({ field: 3, endOfStream: size > 0 });
    expect(answer.piece).toHaveLength(size);
    expect(readAnswer(streamedBody("response_body", Buffer.from("a"), false).subarray(5)).field).toBe(4);
  });

  test("instead of a request has status, fields and text, and gRPC's status where it is a call", () => {
    const answer = {
      status: 403,
      headers: ["x-merlon-ref", "R", "content-type", "text/html", "content-length", "1"],
      body: "no",
    };
    expect(readAnswer(immediate(answer, -1).subarray(5))).toMatchObject({
      field: 7,
      status: 403,
      text: "no",
      grpcStatus: -1,
      headers: { "x-merlon-ref": "R", "content-type": "text/html" },
    });
    const call = readAnswer(immediate(answer, 7).subarray(5));
    expect(call).toMatchObject({ grpcStatus: 7, headers: { "x-merlon-ref": "R" } });
    expect(Object.keys(call.headers)).not.toContain("content-type");
  });
});
