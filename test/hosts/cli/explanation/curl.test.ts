/** What curl commands send: the same bytes that curl 7.88.1 put on a socket, headers in any order. */
import { describe, expect, test } from "vitest";
import { requestOfCurl } from "../../../../hosts/cli/explanation/curl.ts";

const AGENT = "User-Agent: curl/8.16.0";
const HOST = "Host: shop.example";
const ANY = "Accept: */*";
const FORM = "Content-Type: application/x-www-form-urlencoded";

interface Sent {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: string;
}

function sent(command: string): Sent {
  const [head = "", ...rest] = requestOfCurl(command).toString("latin1").split("\r\n\r\n");
  const [line = "", ...headers] = head.split("\r\n");
  return { line, headers: headers.sort(), body: rest.join("\r\n\r\n") };
}

describe("curl", () => {
  test.each([
    { command: "curl http://shop.example", line: "GET / HTTP/1.1", headers: [ANY, HOST, AGENT], body: "" },
    { command: "curl shop.example?x=1", line: "GET /?x=1 HTTP/1.1", headers: [ANY, HOST, AGENT], body: "" },
    {
      command: "curl 'http://shop.example/a/../b/./c/..?x=../1#f'",
      line: "GET /b/?x=../1 HTTP/1.1",
      headers: [ANY, HOST, AGENT],
      body: "",
    },
    { command: "curl http://shop.example/../../etc", line: "GET /etc HTTP/1.1", headers: [ANY, HOST, AGENT], body: "" },
    {
      command: "curl --path-as-is http://shop.example/../../etc",
      line: "GET /../../etc HTTP/1.1",
      headers: [ANY, HOST, AGENT],
      body: "",
    },
    {
      command: "curl -sSL -XPUT http://shop.example/p -d a=1 -d 'b=2&c'",
      line: "PUT /p HTTP/1.1",
      headers: [ANY, "Content-Length: 9", FORM, HOST, AGENT],
      body: "a=1&b=2&c",
    },
    {
      command: "curl http://shop.example/?z -G -d a=1 --data-urlencode 'q=é&'",
      line: "GET /?z&a=1&q=%C3%A9%26 HTTP/1.1",
      headers: [ANY, HOST, AGENT],
      body: "",
    },
    { command: "curl -I http://shop.example/x", line: "HEAD /x HTTP/1.1", headers: [ANY, HOST, AGENT], body: "" },
    {
      command: "curl http://u:p@shop.example/x -A 'me \"x\"' -e http://ref/ -b 'a=b; c=d' --compressed",
      line: "GET /x HTTP/1.1",
      headers: [
        ...["Accept-Encoding: deflate, gzip, br, zstd", ANY, "Authorization: Basic dTpw", "Cookie: a=b; c=d", HOST],
        ...["Referer: http://ref/", 'User-Agent: me "x"'],
      ],
      body: "",
    },
    {
      command: `curl http://shop.example --json '{"a":1}' -H 'X-A: 1' -H 'X-A: 2' -H 'Accept:' -H 'X-Empty;'`,
      line: "POST / HTTP/1.1",
      headers: ["Content-Length: 7", "Content-Type: application/json", HOST, AGENT, "X-A: 1", "X-A: 2", "X-Empty:"],
      body: '{"a":1}',
    },
    {
      command: "curl http://shop.example --data-raw '@x' -H 'content-type: text/plain' -H 'Host: other'",
      line: "POST / HTTP/1.1",
      headers: [ANY, "Content-Length: 2", "Host: other", AGENT, "content-type: text/plain"],
      body: "@x",
    },
    {
      command: "curl $'http://shop.example/\\x41?a=\\u00e9' --data-binary $'a\\r\\nb' --url-query x=1",
      line: "POST /A?a=\xc3\xa9&x=1 HTTP/1.1",
      headers: [ANY, "Content-Length: 4", FORM, HOST, AGENT],
      body: "a\r\nb",
    },
    {
      command: "curl 'http://shop.example/' --oauth2-bearer tok -o /dev/null -w '%{http_code}' --max-time 3",
      line: "GET / HTTP/1.1",
      headers: [ANY, "Authorization: Bearer tok", HOST, AGENT],
      body: "",
    },
  ])("$command", ({ command, line, headers, body }) => {
    expect(sent(command)).toEqual({ line, headers: [...headers].sort(), body });
  });

  test("-F makes a multipart body", () => {
    const { line, headers, body } = sent(
      "curl -F a=1 -F 'b=2;type=text/plain' -F 'c=x;filename=f.bin' http://shop.example",
    );
    const [, boundary = ""] = /boundary=(\S+)/.exec(headers.join("\n")) ?? [];
    expect(line).toBe("POST / HTTP/1.1");
    expect(headers).toContain(`Content-Length: ${body.length}`);
    expect(body.replaceAll(boundary, "B").split("\r\n")).toEqual([
      ...["--B", 'Content-Disposition: form-data; name="a"', "", "1"],
      ...["--B", 'Content-Disposition: form-data; name="b"', "Content-Type: text/plain", "", "2"],
      ...["--B", 'Content-Disposition: form-data; name="c"; filename="f.bin"'],
      ...["Content-Type: application/octet-stream", "", "x", "--B--", ""],
    ]);
  });
});

describe("a curl command is refused", () => {
  test.each([
    { command: "curl", says: "has no URL" },
    { command: "curl http://a http://b", says: "two URLs" },
    { command: "curl http://a --url http://b", says: "two URLs" },
    { command: "curl ftp://a/", says: "only http and https" },
    { command: "curl 'http://a/b c'", says: "%20" },
    { command: "curl http://a --headr 'X: 1'", says: 'did you mean "header"?' },
    { command: "curl http://a -T f", says: "unknown curl flag -T" },
    { command: "curl http://a -H", says: "--header has no value" },
    { command: "curl http://a -H 'no colon'", says: "no colon" },
    { command: "curl http://a -H $'X: a\\r\\nY: b'", says: "line break in its head" },
    { command: "curl http://a -d @secret.txt", says: "names a file" },
    { command: "curl http://a --data-urlencode q@secret.txt", says: "names a file" },
    { command: "curl http://a -F 'f=@secret.txt'", says: "names a file" },
    { command: "curl http://a -F 'f=<secret.txt'", says: "names a file" },
    { command: "curl http://a -F novalue", says: 'has no "="' },
    { command: "curl http://a --constructor", says: "unknown curl flag" },
    { command: "curl 'http://a", says: "not closed" },
  ])("$command: $says", ({ command, says }) => {
    expect(() => requestOfCurl(command)).toThrow(says);
    expect(() => requestOfCurl(command)).toThrow(expect.objectContaining({ code: "MERLON_USAGE" }) as Error);
  });
});
