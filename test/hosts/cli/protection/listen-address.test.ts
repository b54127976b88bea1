/** Listen addresses as people write them. */
import { expect, test } from "vitest";
import { parseListen, urlOf } from "../../../../hosts/cli/protection/listen-address.ts";

test.each([
  { text: "8080", host: "127.0.0.1", port: 8080, url: "http://127.0.0.1:8080" },
  { text: ":8080", host: "127.0.0.1", port: 8080, url: "http://127.0.0.1:8080" },
  { text: "0.0.0.0:80", host: "0.0.0.0", port: 80, url: "http://0.0.0.0:80" },
  { text: "localhost:0", host: "localhost", port: 0, url: "http://localhost:0" },
  { text: "[::1]:8080", host: "::1", port: 8080, url: "http://[::1]:8080" },
  { text: "[::]:65535", host: "::", port: 65535, url: "http://[::]:65535" },
])("$text", ({ text, host, port, url }) => {
  expect(parseListen(text)).toEqual({ host, port });
  expect(urlOf("http", { host, port })).toBe(url);
});

test.each(["", "host", "127.0.0.1:", "127.0.0.1:65536", "::1:8080", "http://127.0.0.1:8080", "a:b", "-1", "1 2"])(
  "%j is none, and the error says what is",
  (text) => {
    expect(() => parseListen(text)).toThrow(/takes an address and a port; write one such as 127\.0\.0\.1:8080/);
  },
);
