/** The console beside the demo: its link opens it, what was attacked is in it, and the demo's switch reaches it. */
import { expect, test } from "vitest";
import { z } from "zod";
import { Browser } from "../postanalytics/stage.ts";
import { startStage } from "./stage.ts";

const answer = z.looseObject({ items: z.array(z.looseObject({ action: z.string(), hits: z.array(z.unknown()) })) });

test("the link opens it, and it has what was attacked", { timeout: 120_000 }, async () => {
  const { demo } = await startStage({ consolePort: 0 });
  const link = demo.consoleLink() ?? "";
  const [origin = "", key = ""] = link.split("/#k=");
  const browser = new Browser(origin);
  expect((await browser.send("/")).headers.get("content-type")).toContain("text/html");
  expect((await browser.send("/api/v1/records")).status).toBe(401);
  const opened = await browser.send("/api/v1/session/link", { method: "POST", json: { key } });
  expect(opened.status).toBe(200);
  await fetch(`${demo.proxy}/?file=../../../../../../etc/passwd`);
  demo.setMode("block");
  expect((await fetch(`${demo.proxy}/?file=../../../../../../etc/passwd`)).status).toBe(403);
  const actions = async (): Promise<string[]> => {
    const response = await browser.send("/api/v1/records");
    return answer.parse(await response.json()).items.map(({ action }) => action);
  };
  await expect.poll(actions, { timeout: 60_000 }).toEqual(["blocked", "monitored"]);
});

test("without a port for it there is none", async () => {
  const { demo } = await startStage();
  expect(demo.consoleLink()).toBeNull();
});
