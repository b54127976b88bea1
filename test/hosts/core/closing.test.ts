/** The end of a server: refused at once, cut when the time is up, released once, however often it is asked. */
import { expect, test } from "vitest";
import { closer } from "../../../hosts/core/closing.ts";

function stage() {
  const steps: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const close = closer({
    refuse: () => steps.push("refuse"),
    empty: () => promise,
    cut: () => {
      steps.push("cut");
      resolve();
    },
    release: () => steps.push("release"),
  });
  return { steps, close, finish: resolve };
}

test("what is in progress may finish, and is not cut then", async () => {
  const { steps, close, finish } = stage();
  const closing = close(60_000);
  expect(steps).toEqual(["refuse"]);
  finish();
  await closing;
  expect(steps).toEqual(["refuse", "release"]);
});

test("what takes longer is cut", async () => {
  const { steps, close } = stage();
  await close(1);
  expect(steps).toEqual(["refuse", "cut", "release"]);
});

test("a second call joins the first", async () => {
  const { steps, close, finish } = stage();
  const both = Promise.all([close(60_000), close(0)]);
  finish();
  await both;
  expect(steps).toEqual(["refuse", "release"]);
});
