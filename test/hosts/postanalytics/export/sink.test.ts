/** Why something did not arrive, in words that hold no address and no payload. */
import { expect, test } from "vitest";
import { reasonOf, SinkError } from "../../../../hosts/postanalytics/export/sink.ts";

test.each([
  [new SinkError("the receiver answered 500"), "the receiver answered 500"],
  [Object.assign(new Error("connect 10.0.0.1 canary"), { code: "ECONNREFUSED" }), "no connection: ECONNREFUSED"],
  [new DOMException("x", "TimeoutError"), "no answer in time"],
  [new Error("canary"), "no answer"],
  ["canary", "no answer"],
])("%s", (error, reason) => expect(reasonOf(error)).toBe(reason));
