/** Request heads: what is refused, and what is known of those that are not. */
import { describe, expect, test } from "vitest";
import {
  HEADERS_MAX,
  type HeadFacts,
  readHttp1Head,
  readHttp2Head,
} from "../../../../hosts/dataplane/sidecar/framing.ts";

/** Reads a head written as lines, Host added unless the lines hold one. */
function read1(lines: string[], method = "POST", target = "/", version = "1.1"): HeadFacts {
  const named = lines.some((line) => /^host:/i.test(line)) ? lines : ["Host: site.test", ...lines];
  const raw = named.filter((line) => line !== "host:-").flatMap((line) => line.split(/:\s*(.*)/s).slice(0, 2));
  return readHttp1Head(method, target, version, raw, false);
}

function read2(raw: string[], endsStream = true): HeadFacts {
  return readHttp2Head(raw, endsStream, false, 32768);
}

describe("HTTP/1 heads that are refused", () => {
  test.each<[string, string[], number, string]>([
    ["length and coding", ["Content-Length: 1", "Transfer-Encoding: chunked"], 400, "framing"],
    ["two lengths", ["Content-Length: 1", "Content-Length: 1"], 400, "framing"],
    ["a list of lengths", ["Content-Length: 1, 1"], 400, "framing"],
    ["a signed length", ["Content-Length: +1"], 400, "framing"],
    ["a length beyond 2^53", ["Content-Length: 99999999999999999"], 400, "framing"],
    ["a coding before chunked", ["Transfer-Encoding: gzip, chunked"], 400, "framing"],
    ["a coding after chunked", ["Transfer-Encoding: chunked, gzip"], 400, "framing"],
    ["an empty list item", ["Transfer-Encoding: ,chunked"], 400, "framing"],
    ["two codings", ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], 400, "framing"],
    ["another coding", ["Transfer-Encoding: identity"], 400, "framing"],
    ["a look-alike coding", ["Transfer_Encoding: chunked"], 400, "framing"],
    ["a look-alike length", ["content_length: 5"], 400, "framing"],
    ["two hosts", ["Host: a", "Host: a"], 400, "host"],
    ["no host", ["host:-"], 400, "host"],
    ["an empty host", ["Host: "], 400, "host"],
    ["a host with a user", ["Host: a@b"], 400, "host"],
    ["a host with a path", ["Host: a/b"], 400, "host"],
    ["a host with a space", ["Host: a b"], 400, "host"],
    ["an unknown expectation", ["Expect: rain"], 417, "expectation"],
    ["too many headers", Array.from({ length: HEADERS_MAX + 1 }, (_, i) => `x-${i}: 1`), 431, "head_size"],
  ])("%s", (_name, lines, status, reason) => {
    expect(read1(lines).refusal).toEqual({ status, reason });
  });

  test.each([
    ["CONNECT", "site.test:80", 405, "method"],
    ["DESCRIBE", "/", 400, "method"],
    ["BREW", "/", 400, "method"],
    ["GET", "*", 400, "target"],
    ["GET", "site.test/x", 400, "target"],
    ["GET", "http://other.test/", 400, "target"],
    ["GET", "http://u@site.test/", 400, "target"],
    ["GET", "ftp://site.test/", 400, "target"],
    ["GET", "", 400, "target"],
  ])("%s %s", (method, target, status, reason) => {
    expect(read1([], method, target).refusal).toEqual({ status, reason });
  });

  test.each(["0.9", "1.2", "2.0"])("version %s", (version) => {
    expect(read1([], "GET", "/", version).refusal).toEqual({ status: 505, reason: "version" });
  });

  test("chunked in HTTP/1.0", () => {
    expect(read1(["Transfer-Encoding: chunked"], "POST", "/", "1.0").refusal?.reason).toBe("framing");
  });
});

describe("HTTP/1 heads that are read", () => {
  test.each<[string, string[], Partial<HeadFacts>]>([
    ["no body", [], { hasBody: false, contentLength: -1 }],
    ["an empty body", ["Content-Length: 0"], { hasBody: false, contentLength: 0 }],
    ["a declared body", ["Content-Length: 12"], { hasBody: true, contentLength: 12 }],
    ["a chunked body", ["Transfer-Encoding: Chunked"], { hasBody: true, contentLength: -1 }],
    ["Expect with a body", ["Content-Length: 1", "Expect: 100-Continue"], { expectsContinue: true }],
    ["Expect without a body", ["Expect: 100-continue"], { expectsContinue: false }],
    ["a media type", ["Content-Type: Application/JSON; charset=utf-8"], { mediaType: "application/json" }],
    ["connection names", ["Connection: close, X-A ,,x-b"], { connectionNames: ["x-a", "x-b"] }],
    ["two Accept lines", ["Accept: a/b", "Accept: c/d"], { accept: "a/b, c/d" }],
    ["X-Forwarded-For", ["X-Forwarded-For: 1", "x-forwarded-for: 2"], { forwardedFor: "1, 2", wasForwarded: true }],
    ["Forwarded", ["Forwarded: for=1"], { wasForwarded: true }],
    ["trailers", ["Trailer: x", "TE: gzip;q=1, trailers"], { announcesTrailers: true, acceptsTrailers: true }],
  ])("%s", (_name, lines, expected) => {
    const facts = read1(lines);
    expect(facts.refusal).toBeNull();
    expect(facts).toMatchObject(expected);
  });

  test("a whole URL that names the host becomes a path", () => {
    expect(read1([], "GET", "http://SITE.test/a?b").head.target).toBe("/a?b");
    expect(read1([], "GET", "http://site.test?b").head.target).toBe("/?b");
    expect(read1([], "OPTIONS", "*").head.target).toBe("*");
  });

  test("HTTP/1.0 needs no host and knows no expectations", () => {
    const facts = read1(["host:-", "Expect: rain", "Content-Length: 1"], "POST", "/", "1.0");
    expect(facts).toMatchObject({ refusal: null, expectsContinue: false });
  });

  test("our own headers are taken away, whatever their spelling", () => {
    const facts = read1(["X-Merlon-Mode: off", "x_merlon_mode: off", "X-MERLON-Probe: 1", "x-merlo: kept", "A: b"]);
    expect(facts.head.rawHeaders).toEqual(["Host", "site.test", "x-merlo", "kept", "A", "b"]);
  });

  test.each<[string, string, string[], boolean]>([
    ["a handshake", "GET", ["Upgrade: WebSocket", "Sec-WebSocket-Key: x"], true],
    ["without a key", "GET", ["Upgrade: websocket"], false],
    ["another protocol", "GET", ["Upgrade: h2c", "Sec-WebSocket-Key: x"], false],
    ["several protocols", "GET", ["Upgrade: websocket, h2c", "Sec-WebSocket-Key: x"], false],
    ["another method", "POST", ["Upgrade: websocket", "Sec-WebSocket-Key: x"], false],
    ["a body", "GET", ["Upgrade: websocket", "Sec-WebSocket-Key: x", "Content-Length: 1"], false],
  ])("WebSocket, %s", (_name, method, lines, expected) => {
    expect(read1(lines, method).websocket).toBe(expected);
  });
});

describe("HTTP/2 heads", () => {
  const head = [":method", "GET", ":scheme", "https", ":authority", "site.test", ":path", "/a?b"];

  test("are shown to the core as HTTP/1 would be, with a Host header", () => {
    const facts = read2([...head, "cookie", "a=1", "x", "y", "cookie", "b=2"]);
    expect(facts.refusal).toBeNull();
    expect(facts.head).toEqual({
      method: "GET",
      target: "/a?b",
      authority: "site.test",
      scheme: "http",
      rawHeaders: ["host", "site.test", "cookie", "a=1; b=2", "x", "y"],
    });
  });

  test("a Host header that agrees is kept once", () => {
    expect(read2([...head, "host", "SITE.test"]).head.rawHeaders).toEqual(["host", "SITE.test"]);
  });

  test.each<[string, string[], string]>([
    ["a Host header that disagrees", [...head, "host", "other.test"], "host"],
    ["no authority", [":method", "GET", ":scheme", "http", ":path", "/"], "host"],
    ["a path that is none", [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "a"], "target"],
    ["an empty path", [":method", "GET", ":scheme", "http", ":authority", "a", ":path", ""], "target"],
    ["another scheme", [":method", "GET", ":scheme", "ftp", ":authority", "a", ":path", "/"], "target"],
    ["a path with a space", [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/a b"], "target"],
    ["CONNECT", [":method", "CONNECT", ":authority", "a:1"], "method"],
    ["an unknown method", [":method", "BREW", ":scheme", "http", ":authority", "a", ":path", "/"], "method"],
    ["two lengths", [...head, "content-length", "1", "content-length", "2"], "framing"],
    ["a coding", [...head, "transfer-encoding", "chunked"], "framing"],
    ["a look-alike", [...head, "content_length", "1"], "framing"],
    ["a head beyond the limit", [...head, "x", "a".repeat(40_000)], "head_size"],
    ["an unknown expectation", [...head, "expect", "rain"], "expectation"],
  ])("are refused for %s", (_name, raw, reason) => {
    expect(read2(raw).refusal?.reason).toBe(reason);
  });

  test("whether there is a body is what the frame says", () => {
    expect(read2(head, false).hasBody).toBe(true);
    expect(read2(head, true).hasBody).toBe(false);
  });
});
