/** Another host in captured requests: everywhere, with a length that stays true. */
import { describe, expect, test } from "vitest";
import { parseRewrite, rewriteHost } from "../../../../hosts/cli/evaluation/host-rewrite.ts";

const REWRITE = parseRewrite("10.10.3.128=www.shop.example");

function rewrite(text: string): string {
  return rewriteHost(Buffer.from(text, "latin1"), REWRITE).toString("latin1");
}

describe("a host is rewritten", () => {
  test("in the request line, in headers and in the body, and the length follows", () => {
    const before =
      "POST http://10.10.3.128/a HTTP/1.1\r\nHost: 10.10.3.128\r\nReferer: http://10.10.3.128/b\r\n" +
      "content-length: 25\r\n\r\nnext=http://10.10.3.128/\xff";
    expect(rewrite(before)).toBe(
      "POST http://www.shop.example/a HTTP/1.1\r\nHost: www.shop.example\r\nReferer: http://www.shop.example/b\r\n" +
        "content-length: 30\r\n\r\nnext=http://www.shop.example/\xff",
    );
  });

  test.each([
    { name: "no host", text: "GET / HTTP/1.1\r\nHost: other\r\n\r\n", after: "GET / HTTP/1.1\r\nHost: other\r\n\r\n" },
    {
      name: "a body in chunks, whose sizes would be wrong",
      text: "POST / HTTP/1.1\r\nHost: 10.10.3.128\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n10.10.3.128\r\n0\r\n\r\n",
      after:
        "POST / HTTP/1.1\r\nHost: www.shop.example\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n10.10.3.128\r\n0\r\n\r\n",
    },
    {
      name: "a length that was wrong before",
      text: "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n10.10.3.128",
      after: "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nwww.shop.example",
    },
    {
      name: "lines without CR",
      text: "POST / HTTP/1.1\nContent-Length: 11\n\n10.10.3.128",
      after: "POST / HTTP/1.1\nContent-Length: 16\n\nwww.shop.example",
    },
    {
      name: "no end of the head",
      text: "GET / HTTP/1.1\r\nHost: 10.10.3.128",
      after: "GET / HTTP/1.1\r\nHost: www.shop.example",
    },
  ])("$name", ({ text, after }) => {
    expect(rewrite(text)).toBe(after);
  });

  test("that holds itself is replaced once", () => {
    const once = parseRewrite("a=aa");
    expect(rewriteHost(Buffer.from("aba"), once).toString()).toBe("aabaa");
  });

  test.each(["", "a", "a=", "=b", "a=b=c", "a b=c", "a=b\r\n"])("%j is no rewrite", (text) => {
    expect(() => parseRewrite(text)).toThrow(/two host names/);
  });
});
