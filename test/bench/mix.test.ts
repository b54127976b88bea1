/** The request mix: how raw requests are read, and that a mix is the same each time. */
import { expect, test } from "vitest";
import { headerOf, loadMix, parseRequest } from "./mix.ts";

const CASES = [
  {
    name: "a request with a body",
    raw: "POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Two:  y: z \r\n\r\n\xffbody\r\n\r\n",
    expected: {
      method: "POST",
      target: "/a?b=c",
      rawHeaders: ["Host", "x", "X-Two", "y: z"],
      body: "\xffbody\r\n\r\n",
    },
  },
  {
    name: "a target with spaces in it",
    raw: "GET /a b HTTP/1.1\r\n\r\n",
    expected: { method: "GET", target: "/a b", rawHeaders: [], body: "" },
  },
  {
    name: "no version, no end of the head, a line that is no header",
    raw: "GET /a\nHost: x\nnonsense",
    expected: { method: "GET", target: "/a", rawHeaders: ["Host", "x"], body: "" },
  },
];

test.each(CASES)("reads $name", ({ raw, expected }) => {
  const request = parseRequest("1", true, Buffer.from(raw, "latin1"));
  const { method, target, rawHeaders } = request ?? {};
  const body = Buffer.from(request?.body ?? []).toString("latin1");
  expect({ method, target, rawHeaders, body }).toEqual(expected);
  expect(request?.wireBytes).toBe(raw.length);
});

test.each(["", "GET", "\r\n\r\n", `GET /${"a".repeat(1 << 20)}`])("leaves out what is no request", (raw) => {
  expect(parseRequest("1", false, Buffer.from(raw, "latin1"))).toBeNull();
});

test("makes the same synthetic mix each time where the sets are absent", async () => {
  const [first, second] = [await loadMix("/nowhere", 80), await loadMix("/nowhere", 80)];
  expect(first.source).toBe("synthetic");
  expect(second).toEqual(first);
  expect(first.requests.filter(({ attack }) => attack)).toHaveLength(20);
  expect(first.requests.map((request) => headerOf(request, "host"))).toEqual(Array(80).fill("shop.example"));
});
