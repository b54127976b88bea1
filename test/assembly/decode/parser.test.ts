/** Parsers that a policy switches off: nothing is read by them, in that scope alone. */
import { expect, test } from "vitest";
import { PARSERS } from "../../../hosts/policy/schema.ts";
import { Core } from "../core.ts";
import { type ScopeSettings, useObjects } from "../policy-image.ts";
import { type Asked, ATTACK, ask } from "../requests.ts";

const core = new Core("checked");

test("a parser that is off reads nothing, in its scope alone", () => {
  const script = "<script>alert(document.cookie)</script>";
  const encoded = Buffer.from(script).toString("base64");
  const url = (text: string): string => Buffer.from(text).toString("base64url");
  const token = `${url('{"alg":"none"}')}.${url(`{"a":"${script}"}`)}.`;
  const form = "application/x-www-form-urlencoded";
  const rows: readonly [disable: NonNullable<ScopeSettings["parsers"]>["disable"], asked: Asked, gone: RegExp][] = [
    [["base64"], { target: `/?a=${encoded}` }, /base64/],
    [["percent"], { target: `/?a=${encodeURIComponent(encodeURIComponent(script))}` }, />percent/],
    [["htmljs"], { target: `/?a=${encodeURIComponent("&lt;script&gt;alert(1)&lt;/script&gt;")}` }, /entity/],
    [["jwt", "base64"], { target: "/", fields: [["authorization", `Bearer ${token}`]] }, /\.jwt\./],
    [["json"], { target: "/", method: "POST", type: "application/json", body: `{"a":"${script}"}` }, /json_doc/],
    [["form_urlencoded"], { target: "/", method: "POST", type: form, body: `a=${ATTACK}` }, /form_urlencoded/],
    [["xml"], { target: "/", method: "POST", type: "text/xml", body: `<a><b>${ATTACK}</b></a>` }, /xml_tag|post\.xml/],
    [["cookie"], { target: "/", fields: [["cookie", `a=${ATTACK}`]] }, /\.cookie\./],
  ];
  for (const [disable = [], asked, gone] of rows) {
    useObjects(core, {}, { scopes: [{ match: { path: "/off" }, parsers: { disable } }] });
    const off = ask(core, { ...asked, target: asked.target?.replace("/", "/off") ?? "" }).line;
    expect(off, String(disable)).not.toMatch(gone);
    // What was looked at with less must not be remembered as harmless.
    expect(ask(core, asked).line, String(disable)).toMatch(gone);
  }
});

test("all of them off leave what stands in plain sight", () => {
  useObjects(core, { parsers: { disable: [...PARSERS] } }, {});
  expect(ask(core, { target: `/?a=${ATTACK}` }).line).toMatch(/^block/);
  const body = `--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n<script>alert(1)</script>\r\n--x--`;
  const given = ask(core, { method: "POST", type: "multipart/form-data; boundary=x", body });
  expect(given.line).toMatch(/^block/);
  expect(given.line).not.toMatch(/multipart/);
});
