/** A port that cannot be had: the address, and what to do. */
import { expect, test } from "vitest";
import { listenError } from "../../../hosts/core/listen-error.ts";

test.each([
  ["EADDRINUSE", "127.0.0.1", "cannot listen on 127.0.0.1:80: another program"],
  ["EACCES", "::1", "cannot listen on [::1]:80: the system does not allow"],
  ["ESTRANGE", "127.0.0.1", "the system says ESTRANGE"],
])("%s on %s", (code, host, words) => {
  const error = listenError(host, 80, Object.assign(new Error("refused"), { code }));
  expect(error.code).toBe("MERLON_LISTEN");
  expect(error.message).toContain(words);
});
