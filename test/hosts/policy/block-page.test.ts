/** Numbers of pages: the first is every request's, equal ones have one number. */
import { expect, test } from "vitest";
import { pagesOf } from "../../../hosts/policy/block-page.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";

test("pages are numbered in the order of scopes, equal ones once", () => {
  const page = { ...defaultPolicy.blockPage, statusCode: 451 };
  const scopes = [page, { ...page, statusCode: 429 }, { ...page }, { ...defaultPolicy.blockPage }].map(
    (blockPage, at) => ({ match: { host: `${at}.x` }, blockPage }),
  );
  const pages = pagesOf({ ...defaultPolicy, scopes });
  expect(pages.all.map(({ statusCode }) => statusCode)).toEqual([403, 451, 429]);
  expect(scopes.map(({ blockPage }) => pages.indexOf(blockPage))).toEqual([1, 2, 1, 0]);
  expect(pages.indexOf(undefined)).toBeUndefined();
});
