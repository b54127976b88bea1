/** Targets and URLs in headers against Node's URL: path, query, fragment, segments. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { lookedAt } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
/** Long enough to be looked at; no decoder finds anything to undo. */
const text = fc.stringMatching(/^'[g-z]{2,8}'$/);

test("the parts of a referrer are those of a URL", () => {
  check(
    fc.property(text, text, text, fc.boolean(), (path, query, fragment, secure) => {
      const url = `http${secure ? "s" : ""}://shop.example:8080/a/${path}?q=${query}#${fragment}`;
      const looked = lookedAt({ fields: [["Referer", url]] }).filter(({ point }) => point.startsWith("header.REFERER"));
      const parts = new URL(url);
      expect(looked.map(({ point, text: value }) => [point, value])).toEqual([
        ["header.REFERER.authority", parts.host],
        ["header.REFERER.path", parts.pathname],
        ["header.REFERER.query.q", parts.searchParams.get("q")],
        ["header.REFERER.fragment", parts.hash.slice(1)],
      ]);
    }),
    200,
  );
});

const REFERRERS: readonly (readonly [url: string, points: readonly string[]])[] = [
  [`https://a/?q=${ATTACK}`, ["header.REFERER.query.q"]],
  [`https://a?q=${ATTACK}`, ["header.REFERER.query.q"]],
  [`https://a#${ATTACK}`, ["header.REFERER.fragment"]],
  [`https://${ATTACK}`, ["header.REFERER.path"]],
  [`HTTP://a/${ATTACK}`, ["header.REFERER.path"]],
  [`//a/?q=${ATTACK}`, ["header.REFERER"]],
  [`android-app://a/${ATTACK}`, ["header.REFERER"]],
  ["https://", []],
  ["", []],
];

test.each(REFERRERS)("a referrer %j gives %j", (url, points) => {
  expect(ask(core, { fields: [["referer", url]] }).points).toEqual(points);
});

describe("segments of a path", () => {
  const encoded = Buffer.from(ATTACK).toString("base64url");

  test("that are base64 are points of their own, the last one by its name", () => {
    expect(ask(core, { target: `/d/${encoded}/x` }).points).toEqual(["path.1"]);
    expect(ask(core, { target: `/${encoded}` }).points).toEqual(["action_name"]);
    expect(ask(core, { target: `/${encoded}.php` }).points).toEqual(["action_name"]);
    expect(ask(core, { target: `/x.${encoded}` }).points).toEqual(["action_ext"]);
  });

  test("that are too short for an encoding are no values of their own", () => {
    const looked = lookedAt({ target: "/shop/things/item.html" });
    expect(looked.filter(({ place }) => place === "path").map(({ point }) => point)).toEqual(["path"]);
  });
});
