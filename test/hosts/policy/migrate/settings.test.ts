/** Settings of other systems in the words of a policy: values, defaults, and what is told of the rest. */
import { expect, test } from "vitest";
import { mergeSettings, readSetting, SETTING_NAMES, templateText } from "../../../../hosts/policy/migrate/settings.ts";

test.each([
  ["mode", "safe_blocking", { mode: "safe_blocking" }],
  ["application", "7", { application: 7 }],
  ["instance", "7", { application: 7 }],
  ["application", "-1", {}],
  ["fallback", "on", { failure: { trap: "open", unreachable: "open" } }],
  ["parser-disable", "urlenc; jwt", { parsers: { disable: ["form_urlencoded", "jwt"] } }],
  ["block-page", "/no response_code=410", { blockPage: { statusCode: 410, redirect: "/no" } }],
  ["enable-libdetection", "off", {}],
])("%s: %s", (name, value, settings) => {
  expect(readSetting(name, value)).toEqual({ settings, left: [] });
});

test.each([
  ["mode", "loud"],
  ["mode-allow-override", "x"],
  ["application", "0"],
  ["fallback", "x"],
  ["parser-disable", "viewstate"],
  ["block-page", "&/x.html"],
  ["block-page", "/x response_code=200"],
  ["block-page", ""],
  ["parse-websocket", "on"],
])("%s: %s is told", (name, value) => {
  expect(readSetting(name, value)).toMatchObject({ settings: {}, left: [expect.any(String)] });
});

test("a name that nobody knows is no setting", () => {
  for (const name of ["constructor", "x"]) expect(readSetting(name, "1")).toBeUndefined();
  for (const name of SETTING_NAMES) expect(readSetting(name, "1")).toBeDefined();
});

test("settings stand beside each other, and paths become templates", () => {
  const merged = mergeSettings(
    { failure: { trap: "open" }, mode: "off" },
    { failure: { unreachable: "open" }, mode: "block" },
  );
  expect(merged).toEqual({ mode: "block", failure: { trap: "open", unreachable: "open" } });
  expect(templateText("/a/", "Prefix", false)).toEqual({ path: "/a/**" });
  expect(templateText("/a", "Exact", false)).toEqual({ path: "/a" });
  expect(templateText("/", "Prefix", false)).toEqual({});
  expect(templateText("/a(b)", "ImplementationSpecific", true)).toContain("is a pattern");
});
