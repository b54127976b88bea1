/** Raw requests from files: what editors do to them is undone, and everything else is said. */
import { describe, expect, test } from "vitest";
import { readRawRequest } from "../../../../hosts/cli/explanation/raw-request.ts";

function read(text: string): { text: string; notes: readonly string[] } {
  const { bytes, notes } = readRawRequest(Buffer.from(text, "latin1"));
  return { text: bytes.toString("latin1"), notes };
}

describe("a raw request", () => {
  test.each([
    { name: "as sent", text: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", sent: "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
    {
      name: "with line ends of an editor",
      text: "GET / HTTP/1.1\nHost: a\n\n",
      sent: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    },
    { name: "without the empty line", text: "GET / HTTP/1.1\nHost: a\n", sent: "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
    { name: "after empty lines", text: "\n\r\nGET / HTTP/1.1\n\n", sent: "GET / HTTP/1.1\r\n\r\n" },
    {
      name: "whose body keeps its own line ends",
      text: "POST / HTTP/1.1\nContent-Length: 4\n\na\nb\n",
      sent: "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na\nb\n",
    },
    {
      name: "with a line break of the editor behind a body of known length",
      text: "POST / HTTP/1.1\nContent-Length: 3\n\na\nb\n",
      sent: "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na\nb",
    },
    {
      name: "in chunks",
      text: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
      sent: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    },
    { name: "with any byte", text: "PUT /\xff HTTP/1.1\n\n\x00\xfe", sent: "PUT /\xff HTTP/1.1\r\n\r\n\x00\xfe" },
  ])("$name", ({ text, sent }) => {
    expect(read(text)).toEqual({ text: sent, notes: [] });
  });

  test("whose length is wrong is read with the true one, and that is said", () => {
    const { text, notes } = read("POST / HTTP/1.1\ncontent-length: 99\n\nabc\n");
    expect(text).toBe("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc");
    expect(notes).toEqual(["Content-Length says 99, the body has 3 bytes: inspected with the true length"]);
  });

  test("without a length loses the line break at the end, and that is said", () => {
    expect(read("POST / HTTP/1.1\n\nabc\n")).toEqual({
      text: "POST / HTTP/1.1\r\n\r\nabc",
      notes: ["the line break at the end was taken for the file's, not the body's"],
    });
  });

  test.each([
    { text: "", fix: "give the request" },
    { text: "{}", fix: "give the request" },
    { text: "GET", fix: "give the request" },
    { text: "curl http://a", fix: "use --curl" },
    { text: "\u001b[2J /", fix: "give the request" },
  ])("is not $text", ({ text, fix }) => {
    expect(() => read(text)).toThrow(fix);
    expect(() => read(text)).toThrow(expect.objectContaining({ code: "MERLON_INPUT" }) as Error);
  });
});
