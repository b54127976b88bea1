/** `merlon demo` as a process: it starts, says where things are, and ends when asked. */
import { expect, test } from "vitest";
import { run, start } from "./stage.ts";

test("starts in the mode that is asked for and ends with the signal", async () => {
  const demo = start(["demo", "--mode", "block"]);
  const [, proxy = ""] = await demo.saw(/protected +(http:\S+) +mode: block/);
  const { status } = await fetch(`${proxy}/?file=../../../../../../etc/passwd`);
  expect(status).toBe(403);
  expect(demo.stdout()).toMatch(/console +http:\/\/127\.0\.0\.1:\d+\/#k=/);
  demo.child.kill("SIGTERM");
  expect(await demo.ended()).toBe(0);
});

test("refuses a mode that it does not have", async () => {
  const { code, stderr } = await run(["demo", "--mode", "off"]);
  expect(code).toBe(2);
  expect(stderr).toContain("it takes monitoring, block");
});
