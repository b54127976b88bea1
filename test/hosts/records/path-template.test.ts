/** Templates of paths: what varies is one, what names a route stays. */
import { expect, test } from "vitest";
import { pathTemplate } from "../../../hosts/records/path-template.ts";

test.each([
  ["/", "/"],
  ["", ""],
  ["/api/articles/17", "/api/articles/{id}"],
  ["/api/v1/articles", "/api/v1/articles"],
  ["/users/0b9d8f6e-2f6d-4b0c-9d5e-1f2a3b4c5d6e/cart", "/users/{id}/cart"],
  ["/objects/507f1f77bcf86cd799439011", "/objects/{id}"],
  ["/records/01JD3Z8K6Q4TXXXX9ABCDEFGHJ", "/records/{id}"],
  ["/reset/eyJhbGciOiJIUzI1NiIsInR5cCI6", "/reset/{id}"],
  ["/blog/how-to-cook-10-eggs-for-breakfast", "/blog/how-to-cook-10-eggs-for-breakfast"],
  ["/internationalization", "/internationalization"],
  ["/reports/2026-11-21", "/reports/{id}"],
  ["/u/ann@shop.example", "/u/{id}"],
  ["/pay/****************", "/pay/{id}"],
  ["/facade/decade", "/facade/decade"],
  [`/a/${"x".repeat(200)}`, "/a/{id}"],
])("%s is %s", (path, template) => {
  expect(pathTemplate(path)).toBe(template);
});

test("a path of very many segments ends in one for the rest", () => {
  expect(pathTemplate("/a".repeat(1000))).toBe(`${"/a".repeat(32)}/{rest}`);
});
