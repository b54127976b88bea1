/** Pieces of a document: references are followed inside of it, bounded, and every fault has its place. */
import { expect, test } from "vitest";
import { Piece, SpecFault } from "../../../../hosts/policy/specification/references.ts";

const pieceOf = (root: unknown): Piece => new Piece(root, root, []);

test("a local reference is followed, with escapes of its pointer", () => {
  const root = { a: { $ref: "#/x~1y/%7Bz%7D/0" }, "x/y": { "{z}": [{ b: 1 }] }, c: { $ref: "#/a" } };
  expect(pieceOf(root).at("c")?.number("b")).toBe(1);
  expect(pieceOf(root).at("c")?.path).toEqual(["x/y", "{z}", "0"]);
  expect(pieceOf(root).at("constructor")).toBeUndefined();
});

test.each([
  [{ a: { $ref: "#/a" } }, "refers to itself"],
  [{ a: { $ref: "#/b" }, b: { $ref: "#/a" } }, "refers to itself"],
  [{ a: { $ref: "https://x.example/y.yaml" } }, "outside of the document — nothing is fetched"],
  [{ a: { $ref: "/etc/passwd" } }, "outside of the document"],
  [{ a: { $ref: "#/__proto__/x" } }, "which is not there"],
])("%j is refused", (root, why) => {
  expect(() => pieceOf(root).at("a")).toThrow(why);
});

test("what has the wrong type is told with its place", () => {
  const root = { a: { b: 1, c: "x", d: [null], e: Number.NaN } };
  const a = pieceOf(root).at("a");
  expect(() => a?.text("b")).toThrow("is no text");
  expect(() => a?.number("e")).toThrow("is no number");
  expect(() => a?.list("c")).toThrow("is no list");
  try {
    a?.at("c")?.entries();
    expect.unreachable();
  } catch (error) {
    expect(error instanceof SpecFault && [error.message, error.path]).toEqual(["is no map of fields", ["a", "c"]]);
  }
});
