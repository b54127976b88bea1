/** Failure as a function: it is asked at the moment of the failure, since policies change. */
import { expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import type { EngineOptions } from "../../../hosts/core/engine-options.ts";

test("a failure that changes counts from the next request on", () => {
  let overlimit: "open" | "closed" = "open";
  const options: EngineOptions = { failure: () => ({ overlimit }) };
  const engine = Engine.load(options);
  const ask = (): string => {
    const transaction = engine.begin("", 0);
    const rawHeaders = ["x-long", "x".repeat(engine.constant("INPUT_BYTES_MAX"))];
    const action = transaction.head({ method: "GET", target: "/", authority: "a", scheme: "http", rawHeaders });
    expect(transaction.settings()).toBeNull();
    transaction.free();
    return action;
  };
  expect(ask()).toBe("pass");
  overlimit = "closed";
  expect(ask()).toBe("block");
});
