/** Facts of a head, and addresses as Envoy writes them. */
import { describe, expect, test } from "vitest";
import { addressOf, readHead, readResponseHead } from "../../../../hosts/dataplane/extproc/request-head.ts";

const PSEUDO = [":authority", "site.test", ":path", "/a?b", ":method", "GET", ":scheme", "https"];

describe("a head", () => {
  test("is the core's, without pseudo fields, in order", () => {
    const facts = readHead([...PSEUDO, "b", "1", "content-type", "Text/HTML; charset=x", "accept", "a", "accept", "b"]);
    expect(facts.head).toEqual({
      method: "GET",
      target: "/a?b",
      authority: "site.test",
      scheme: "https",
      rawHeaders: ["b", "1", "content-type", "Text/HTML; charset=x", "accept", "a", "accept", "b"],
    });
    expect(facts).toMatchObject({ mediaType: "text/html", accept: "a, b", contentLength: -1, tunnel: false });
  });

  test.each([
    [["upgrade", "WebSocket"], true],
    [["upgrade", "websocket", "content-length", "0"], true],
    [["upgrade", "websocket", "content-length", "5"], false],
    [["upgrade", "websocket", "transfer-encoding", "chunked"], false],
    [["upgrade", "h2c"], false],
    [[":method", "CONNECT"], true],
    [[":method", "POST", "upgrade", "websocket"], false],
  ])("with %j: what follows is no body: %s", (fields, tunnel) => {
    expect(readHead([...PSEUDO, ...fields]).tunnel).toBe(tunnel);
  });
});

test("a response's status is taken off its fields, wherever it stands", () => {
  expect(readResponseHead(["a", "1", ":status", "404", "b", "2"])).toEqual({
    status: 404,
    rawHeaders: ["a", "1", "b", "2"],
  });
  expect(readResponseHead([])).toEqual({ status: 0, rawHeaders: [] });
});

test.each([
  ["192.0.2.1:4711", "192.0.2.1"],
  ["192.0.2.1", "192.0.2.1"],
  ["[2001:db8::1]:80", "2001:db8::1"],
  ["/var/run/envoy.sock", ""],
  ["", ""],
])("the address of %s is %s", (endpoint, address) => {
  expect(addressOf(endpoint)).toBe(address);
});
