/** Header lists for the next hop: what goes, what stays in order, what comes. */
import { describe, expect, test } from "vitest";
import { readHttp1Head } from "../../../../hosts/dataplane/sidecar/framing.ts";
import {
  forwardedHeaders,
  forwardedTrailers,
  headerValue,
  returnedHeaders,
} from "../../../../hosts/dataplane/sidecar/headers.ts";

const PEER = "192.0.2.1";

function forward(raw: string[], http2 = false): string[] {
  const facts = readHttp1Head("POST", "/", "1.1", ["Host", "Site.test:80", ...raw], false);
  return forwardedHeaders(facts, PEER, http2);
}

const ADDED = ["x-forwarded-for", PEER, "x-forwarded-proto", "http", "x-forwarded-host", "Site.test:80"];

describe("request headers", () => {
  test("keep order, spelling and repetitions", () => {
    const raw = ["X-B", "1", "Cookie", "a=b", "x-b", "2", "Authorization", "Basic x"];
    expect(forward(raw)).toEqual(["Host", "Site.test:80", ...raw, ...ADDED]);
  });

  test.each([
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "Proxy-Authorization",
    "TE",
    "Upgrade",
    "HTTP2-Settings",
    "Expect",
  ])("%s ends here", (name) => {
    expect(forward([name, "100-continue"])).toEqual(["Host", "Site.test:80", ...ADDED]);
  });

  test("what Connection lists ends here, but not what frames or routes the message", () => {
    const raw = ["Connection", "X-Secret, host,Content-Length, close", "x-secret", "1", "X-Kept", "2"];
    const withBody = [...raw, "Content-Length", "5"];
    expect(forward(withBody)).toEqual(["Host", "Site.test:80", "X-Kept", "2", "Content-Length", "5", ...ADDED]);
  });

  test("transfer-encoding ends here, the next hop frames for itself", () => {
    expect(forward(["Transfer-Encoding", "chunked"])).toEqual(["Host", "Site.test:80", ...ADDED]);
  });

  test("the peer is appended to X-Forwarded-For, and what is there of the others stays", () => {
    const raw = ["X-Forwarded-For", "10.0.0.1", "X-Forwarded-Proto", "https", "x-forwarded-for", "10.0.0.2"];
    expect(forward([...raw, "X-Forwarded-Host", "public.test"])).toEqual([
      "Host",
      "Site.test:80",
      "X-Forwarded-Proto",
      "https",
      "X-Forwarded-Host",
      "public.test",
      "x-forwarded-for",
      `10.0.0.1, 10.0.0.2, ${PEER}`,
    ]);
  });

  test("a client can take its own X-Forwarded-For away but not ours", () => {
    const raw = ["Connection", "x-forwarded-for, x-forwarded-proto", "X-Forwarded-For", "10.0.0.1"];
    expect(forward([...raw, "X-Forwarded-Proto", "https"])).toEqual(["Host", "Site.test:80", ...ADDED]);
  });

  test("for HTTP/2 names are in lower case, Host is left to :authority, and trailers are asked for", () => {
    expect(forward(["X-B", "1", "TE", "trailers"], true)).toEqual(["x-b", "1", ...ADDED, "te", "trailers"]);
  });
});

describe("response headers", () => {
  test("lose what is for this hop only", () => {
    const raw = ["Date", "x", "Connection", "X-Hop, keep-alive", "Keep-Alive", "timeout=5", "x-hop", "1"];
    const kept = ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "Content-Length", "5"];
    expect(returnedHeaders([...raw, "Transfer-Encoding", "chunked", ...kept], false)).toEqual(["Date", "x", ...kept]);
  });

  test("are in lower case for HTTP/2, and without pseudo-headers", () => {
    expect(returnedHeaders([":status", "200", "X-A", "1"], true)).toEqual(["x-a", "1"]);
  });
});

test("trailers lose what would change the message, and our own", () => {
  const raw = ["grpc-status", "0", "Content-Length", "5", "X-Merlon-Ref", "x", "Trailer", "y", "X-Sum", "1"];
  expect(forwardedTrailers(raw)).toEqual(["grpc-status", "0", "x-sum", "1"]);
  expect(forwardedTrailers(["host", "a"])).toBeNull();
  expect(forwardedTrailers(null)).toBeNull();
});

test("a header is found whatever its spelling", () => {
  expect(headerValue(["a", "1", "Content-Type", "x"], "content-type")).toBe("x");
  expect(headerValue(["a", "content-type"], "content-type")).toBeNull();
});
