/** Raw requests: the framing of RFC 9112, and what is odd in it. */
import { describe, expect, test } from "vitest";
import { Core } from "../core.ts";
import { ATTACK, askRaw } from "../requests.ts";

const core = new Core("checked");
const POST = "POST / HTTP/1.1\r\nHost: a\r\n";

describe("bodies", () => {
  const chunked = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
  const BODIES: readonly (readonly [
    raw: string,
    points: readonly string[],
    anomalies: readonly string[],
    why: string,
  ])[] = [
    [`${POST}\r\n${ATTACK}`, ["post"], [], "no framing: up to the end"],
    [`${POST}Content-Length: 22\r\n\r\n${ATTACK}`, ["post"], [], "a length"],
    [`${POST}Content-Length: 0\r\n\r\n${ATTACK}`, [], [], "a length of nothing"],
    [`${POST}Content-Length: x\r\n\r\n${ATTACK}`, [], ["head"], "no length"],
    [`${POST}Content-Length: 99999999999\r\n\r\n${ATTACK}`, ["post"], ["head"], "a length beyond all bodies"],
    [`${POST}Content-Length: 22\r\nContent-Length: 22\r\n\r\n${ATTACK}`, ["post"], [], "the same length twice"],
    [`${chunked}16\r\n${ATTACK}\r\n0\r\n\r\n`, ["post"], [], "a chunk"],
    [
      `${chunked}b\r\n../../../..\r\nB;a="b"\r\n/etc/passwd\r\n000\r\n\r\n`,
      ["post"],
      [],
      "two chunks and an extension",
    ],
    [`${chunked}16\n${ATTACK}\n0\n\n`, ["post"], [], "line ends of LF alone"],
    [`${chunked}fffffffff\r\n${ATTACK}`, [], ["head"], "a chunk beyond all bodies"],
    [`${chunked}0\r\nX-A: ${ATTACK}\r\n\r\n`, ["trailer.X-A"], [], "a trailer"],
    [`${chunked}0\r\nX-A: ${ATTACK}`, ["trailer.X-A"], [], "a trailer without an end"],
    [`${POST}Transfer-Encoding: gzip, chunked\r\n\r\n16\r\n${ATTACK}\r\n0\r\n\r\n`, ["post"], [], "chunked at the end"],
    [`${POST}Transfer-Encoding: identity\r\n\r\n${ATTACK}`, ["post"], [], "another coding: up to the end"],
  ];

  test.each(BODIES)("%j gives %j, %j: %s", (raw, points, anomalies) => {
    const given = askRaw(core, raw);
    expect(given.points).toEqual(points);
    expect(given.anomalies).toEqual(anomalies);
  });
});

describe("heads", () => {
  const HEADS: readonly (readonly [raw: string, points: readonly string[], why: string])[] = [
    [`GET /?a=${ATTACK} HTTP/1.1\r\n\r\n`, ["query.a"], "the plain form"],
    [`GET /?a=${ATTACK}\r\n\r\n`, ["query.a"], "no version: HTTP/0.9"],
    [`GET /?a=${ATTACK} http/1.1\r\n\r\n`, ["query.a"], "a version in lower case"],
    [`GET   /?a=${ATTACK}   HTTP/1.1\r\n\r\n`, ["query.a"], "more spaces"],
    [`GET /?a=b ${ATTACK} HTTP/1.1\r\n\r\n`, ["query.a"], "a space in the target"],
    [`GET / HTTP/1.1\r\nX-A:${ATTACK}\r\n\r\n`, ["header.X-A"], "no space behind the colon"],
    [`GET / HTTP/1.1\r\nX-A : ${ATTACK}\r\n\r\n`, ["header.X-A\\x20"], "a space before it"],
    [`GET / HTTP/1.1\r\nX-A: ${ATTACK}`, ["header.X-A"], "no end of the head"],
    [`\r\n\n\rGET /?a=${ATTACK} HTTP/1.1\r\n\r\n`, ["query.a"], "line ends in front"],
  ];

  test.each(HEADS)("%j gives %j: %s", (raw, points) => {
    expect(askRaw(core, raw).points).toEqual(points);
  });

  test("without a colon in a line are odd", () => {
    expect(askRaw(core, "GET / HTTP/1.1\r\nnonsense\r\n\r\n").anomalies).toEqual(["head"]);
  });

  test("with more fields than are looked at say so", () => {
    const many = Array.from({ length: 600 }, (_, index) => `x-${index}: v\r\n`).join("");
    expect(askRaw(core, `GET / HTTP/1.1\r\n${many}\r\n`).limits).toEqual(["headers"]);
  });

  test("longer than are kept say so", () => {
    const handle = core.begin();
    core.piece("tx_raw", handle, Buffer.from("GET /?a="));
    for (let count = 0; count < 3; count++) core.piece("tx_raw", handle, Buffer.alloc(100_000, 0x62));
    core.end(handle);
    expect(core.names(core.record(handle), "RESULT_LIMITS")).toContain("headers");
    core.free(handle);
  });
});
