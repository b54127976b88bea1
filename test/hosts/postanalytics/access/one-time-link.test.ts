/** The one-time link: its key opens once. */
import { expect, test } from "vitest";
import { OneTimeLink } from "../../../../hosts/postanalytics/access/one-time-link.ts";

test("a key opens once, and the next link has another", () => {
  const link = new OneTimeLink();
  const address = link.address("http://127.0.0.1:9090");
  const key = /^http:\/\/127\.0\.0\.1:9090\/#k=([\w-]{32})$/.exec(address)?.[1] ?? "";
  expect(link.open("")).toBe(false);
  expect(link.open(`${key}x`)).toBe(false);
  expect(link.address("http://127.0.0.1:9090")).toBe(address);
  expect(link.open(key)).toBe(true);
  expect(link.open(key)).toBe(false);
  expect(link.address("http://127.0.0.1:9090")).not.toBe(address);
});
