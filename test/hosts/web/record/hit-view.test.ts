/** A hit: its bytes marked in every layer, as text and as hex, and the words for why it matched. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { openConsole } from "../stage.ts";

afterAll(closeBrowser);

const RAW = Buffer.from("1%20UNION%20SELECT%00");
const READ = Buffer.from("1 UNION SELECT\0");

test("is marked layer by layer from the bytes as sent, and in hex", async (context) => {
  const layers = [
    { as: "raw", span: [4, 18] as [number, number], excerpt_b64: RAW.toString("base64"), excerpt_at: 0 },
    { as: "percent", span: [102, 115] as [number, number], excerpt_b64: READ.toString("base64"), excerpt_at: 100 },
  ];
  const hit = sampleHit({ layers, decision: "excepted", exception: "cms-tutorials", cve: ["CVE-2024-1"] });
  const record = sampleRecord({ hits: [hit], masked: ["query.id"] });
  const { page } = await openConsole(context, { records: [record], hash: `#/record/${record.ref}` });
  const view = page.locator(".hit");
  await view.waitFor();
  expect(await view.locator(".layer-name").allTextContents()).toEqual(["as sent", "percent-decoded"]);
  expect(await view.locator("mark").allTextContents()).toEqual(["UNION%20SELECT", "UNION SELECT\\x00"]);
  expect(await view.locator(".bytes").nth(1).textContent()).toBe("…1 UNION SELECT\\x00");
  expect(await view.locator(".layer-span").allTextContents()).toEqual(["4–18", "102–115"]);
  const text = (await view.textContent()) ?? "";
  for (const words of ["SQL injection", "query.id", "A set operation joins", "sqli-union", "CWE-89", "CVE-2024-1"]) {
    expect(text).toContain(words);
  }
  expect(text).toContain("let pass by an exception (cms-tutorials)");
  expect(text).toContain("masked: hidden bytes are *");
  const link = view.getByRole("link", { name: "CWE-89" });
  expect([await link.getAttribute("rel"), await link.getAttribute("target")]).toEqual([
    "noreferrer noopener",
    "_blank",
  ]);
  await view.getByRole("button", { name: "hex" }).click();
  expect(await view.locator(".hex > div").first().textContent()).toMatch(/^0000/);
  expect((await view.locator(".hex").nth(1).locator("code").first().locator("mark").allTextContents()).join(" ")).toBe(
    "55 4e 49 4f 4e 20 53 45 4c 45 43 54 00",
  );
});
