/** PROXY headers: both versions, whole and at every split. */
import { describe, expect, test } from "vitest";
import { isLoopback, plainAddress, readProxyHeader } from "../../../../hosts/dataplane/sidecar/proxy-protocol.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";

const HEADERS: { name: string; bytes: Buffer; client: string | null }[] = [
  { name: "v1 TCP4", bytes: Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"), client: "192.0.2.1" },
  { name: "v1 TCP6", bytes: Buffer.from("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"), client: "2001:db8::1" },
  { name: "v1 UNKNOWN", bytes: Buffer.from("PROXY UNKNOWN\r\n"), client: null },
  { name: "v1 UNKNOWN with more", bytes: Buffer.from("PROXY UNKNOWN ff::1 ff::2 1 2\r\n"), client: null },
  {
    name: "v2 TCP over IPv4",
    bytes: Buffer.from(`${SIGNATURE}2111000cc0000201c6336402dc0401bb`, "hex"),
    client: "192.0.2.1",
  },
  {
    name: "v2 TCP over IPv4 with an extension",
    bytes: Buffer.from(`${SIGNATURE}21110013c0000201c6336402dc0401bb04000461626364`, "hex"),
    client: "192.0.2.1",
  },
  {
    name: "v2 TCP over IPv6",
    bytes: Buffer.from(
      `${SIGNATURE}2121002420010db800000000000000000000000120010db8000000000000000000000002dc0401bb`,
      "hex",
    ),
    client: "2001:db8::1",
  },
  { name: "v2 LOCAL", bytes: Buffer.from(`${SIGNATURE}20000000`, "hex"), client: null },
  { name: "v2 unspecified family", bytes: Buffer.from(`${SIGNATURE}21000000`, "hex"), client: null },
];

describe.each(HEADERS)("$name", ({ bytes, client }) => {
  test("is read to its end and not further", () => {
    const more = Buffer.concat([bytes, Buffer.from("GET / HTTP/1.1\r\n")]);
    expect(readProxyHeader(more)).toEqual({ kind: "header", size: bytes.length, client });
  });

  test("is partial before its end", () => {
    for (let size = 1; size < bytes.length; size++) {
      expect(readProxyHeader(bytes.subarray(0, size)), `${size} bytes`).toEqual({ kind: "partial" });
    }
  });
});

test.each([
  ["v1 with a name for an address", "PROXY TCP4 localhost 198.51.100.2 1 2\r\n"],
  ["v1 with the wrong family", "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"],
  ["v1 with a port too high", "PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n"],
  ["v1 with a port that is no number", "PROXY TCP4 192.0.2.1 198.51.100.2 +1 443\r\n"],
  ["v1 with too few words", "PROXY TCP4 192.0.2.1\r\n"],
  ["v1 with another protocol", "PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n"],
  ["v1 without an end", `PROXY TCP4 ${"1".repeat(200)}`],
])("%s is invalid", (_name, text) => {
  expect(readProxyHeader(Buffer.from(text))).toEqual({ kind: "invalid" });
});

test.each([
  ["version 3", `${SIGNATURE}3111000cc0000201c6336402dc0401bb`],
  ["an unknown command", `${SIGNATURE}2211000cc0000201c6336402dc0401bb`],
  ["an address that is cut off", `${SIGNATURE}21110004c0000201`],
  ["more extensions than are read", `${SIGNATURE}2111ffff`],
])("v2 with %s is invalid", (_name, hex) => {
  expect(readProxyHeader(Buffer.from(hex, "hex"))).toEqual({ kind: "invalid" });
});

test.each(["GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n", "PROXX", "\x16\x03\x01", "\r\nGET"])("%j is absent", (text) => {
  expect(readProxyHeader(Buffer.from(text, "latin1"))).toEqual({ kind: "absent" });
});

test.each([
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::ffff:c000:201", "192.0.2.1"],
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8::1", "2001:db8::1"],
])("%s in plain form is %s", (address, plain) => {
  expect(plainAddress(address)).toBe(plain);
});

test.each([
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["::1", true],
  ["10.0.0.1", false],
  ["127.example", false],
  ["::2", false],
])("whether %s is this machine: %s", (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});
