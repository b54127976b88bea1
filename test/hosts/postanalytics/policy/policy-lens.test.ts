/** What a policy says of one request: the mode is the core's, the steps tell where it comes from. */
import { describe, expect, test } from "vitest";
import { Engine } from "../../../../hosts/core/engine.ts";
import { matchSchema } from "../../../../hosts/policy/match.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { amend, changed, NO_OVERLAY } from "../../../../hosts/postanalytics/policy/overlay.ts";
import { PolicyLens, scopeText } from "../../../../hosts/postanalytics/policy/policy-lens.ts";
import { POLICY_TEXT } from "../stage.ts";

const LENS = new PolicyLens(Engine.load());
const POLICY = parsePolicy(POLICY_TEXT, "t");
const NOW = 1_764_000_000;

describe("a request is explained", () => {
  test.each([
    ["/", "block", null, []],
    ["/admin/x", "monitoring", "back-office", []],
    ["/tutorials/7", "block", null, ["from-file"]],
  ])("%s", (path, mode, application, exceptions) => {
    const said = LENS.explain(POLICY, NO_OVERLAY, { method: "GET", host: "shop.example", path }, NOW);
    expect(said).toMatchObject({ mode, application, exceptions });
    expect(said.steps[0]).toEqual({ from: "defaults", says: "mode block, override on" });
    expect(said.steps).toHaveLength(application === null ? 1 : 2);
  });

  test("with the console's mode as the last word, and who said it", () => {
    const overlay = changed(NO_OVERLAY, { kind: "mode", mode: "off", reason: "INC-1" }, "ada", 1);
    const place = { method: "GET", host: "shop.example", path: "/admin/x" };
    const said = LENS.explain(amend(POLICY, overlay), overlay, place, NOW);
    expect(said.mode).toBe("off");
    expect(said.steps.at(-1)).toEqual({
      from: "this console, ada: INC-1",
      says: "mode off, whatever else is written",
    });
  });

  test("without exceptions that have expired", () => {
    const place = { method: "GET", host: "shop.example", path: "/tutorials/7" };
    expect(LENS.explain(POLICY, NO_OVERLAY, place, 4_070_908_800).exceptions).toEqual([]);
  });
});

test.each([
  [{}, "every request"],
  [{ host: "a.example", method: "POST", path: "/a/**" }, "POST a.example /a/**"],
])("the scope %j is said as %j", (written, text) => expect(scopeText(matchSchema.parse(written))).toBe(text));
