/** Attacks inside harmless values: which values are found, what they look like, and that they arrive as they were. */
import { expect, test } from "vitest";
import { join, requestWith, Surroundings, shapeOf, valuesOf } from "./embedding.ts";

const ATTACK = "' or 1=1 -- é";

test.each(["query", "form", "json"] as const)("a value of a %s is read as it was written", (place) => {
  const value = Buffer.from(`a&b=c+d ${ATTACK}`).toString("latin1");
  expect([...valuesOf(requestWith({ place, value })).values()]).toContainEqual({ place, value });
});

test("points have the core's names", () => {
  const values = valuesOf(requestWith({ place: "json", value: "x" }));
  expect([...values.keys()]).toEqual(["post.json_doc.hash.q"]);
});

test("what has no values has none", () => {
  expect(valuesOf(Buffer.from("GET / HTTP/1.1\r\n\r\n")).size).toBe(0);
  const broken = "POST / HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{";
  expect(valuesOf(Buffer.from(broken)).size).toBe(0);
});

test.each([
  ["12.5", "number"],
  ["https://a.example/?b=c", "address"],
  ["a@b.example", "mail"],
  ['{"a":1}', "json"],
  ["<b>x</b>", "markup"],
  ["/a/b.txt", "path"],
  ["select", "word"],
  ["Zm9vYmFyYmF6cXV4cXV1eA==", "token"],
  ["a,b,c", "list"],
  ["two words here", "prose"],
])("%s looks like %s", (value, shape) => {
  expect(shapeOf(value)).toBe(shape);
});

test("attacks stand before, behind and inside", () => {
  expect(join("X", "abcd", "before")).toBe("Xabcd");
  expect(join("X", "abcd", "behind")).toBe("abcdX");
  expect(join("X", "abcd", "inside")).toBe("abXcd");
});

test("surroundings are a bounded sample by place and shape", () => {
  const surroundings = new Surroundings();
  for (let number = 0; number < 500; number++) surroundings.add({ place: "query", value: String(number) });
  expect(surroundings.shapes("query")).toEqual(["number"]);
  expect(surroundings.shapes("form")).toEqual([]);
  const drawn = new Set(Array.from({ length: 500 }, () => surroundings.draw("query", "number")));
  expect(drawn.size).toBeLessThanOrEqual(64);
  expect(Math.max(...[...drawn].map(Number))).toBeGreaterThan(64);
});
