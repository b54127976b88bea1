/** The demo as a whole: what it starts, what it says, what its keys do, and that nothing of it stays. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startDemo } from "../../../hosts/demo/demo.ts";
import { ROOT } from "../../tools/component.ts";
import { connectRaw, eventually, listen, send } from "../dataplane/sidecar/stage.ts";
import { attack, call, openSession, portOf, startStage } from "./stage.ts";

describe("the demo", () => {
  test("is a shop, a proxy before it and a live page, on loopback", async () => {
    const { demo, shopPort, proxyPort, livePort } = await startStage();
    expect(new Set([shopPort, proxyPort, livePort]).size).toBe(3);
    const direct = await send(shopPort, { path: "/?id=2" });
    const through = await send(proxyPort, { path: "/?id=2" });
    expect([direct.status, through.status]).toEqual([200, 200]);
    expect(through.body).toBe(direct.body);
    for (const address of [demo.shop, demo.proxy, demo.link()]) expect(new URL(address).hostname).toBe("127.0.0.1");
  });

  test("attacks itself: one event a hostile sample, and a line for what was found", async () => {
    const stage = await startStage();
    await stage.demo.attack();
    const events = (await call(stage.livePort, "events", await openSession(stage))).body as unknown as unknown[];
    expect(events).toHaveLength(5);
    expect(stage.lines.filter((line) => line.includes("ptrav"))).toHaveLength(1);
  });

  test("starts in the mode that it is told, and changes it", async () => {
    const stage = await startStage({ mode: "block" });
    expect((await attack(stage)).status).toBe(403);
    stage.demo.setMode("monitoring");
    expect((await attack(stage)).status).toBe(200);
  });

  test("finds attacks in headers as well", async () => {
    const stage = await startStage({ mode: "block" });
    const reply = await send(stage.proxyPort, { path: "/", headers: { "user-agent": "../../../../etc/passwd" } });
    expect(reply.status).toBe(403);
  });

  test("takes the next port where one is busy, and says so", async () => {
    const busy = await listen(createServer());
    const { demo } = await startStage({ proxyPort: busy });
    expect(portOf(demo.proxy)).toBeGreaterThan(busy);
  });

  test("leaves nothing behind when it ends", async () => {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    const demo = await startDemo({ shopPort: 0, proxyPort: 0, livePort: 0, print });
    const ports = [demo.shop, demo.proxy, demo.link()].map(portOf);
    await demo.close();
    for (const port of ports) await expect(connectRaw(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(lines.at(-1)).toContain("0 requests seen");
  });

  test("leaves nothing behind when it cannot start", async () => {
    const shopPort = await listen(createServer());
    const options = { shopPort: shopPort + 1, proxyPort: 0, livePort: 70_000, print: () => {} };
    await expect(startDemo(options)).rejects.toMatchObject({ code: "MERLON_LISTEN" });
    // All ports that the shop may have taken are as they were: the first is free for the next.
    const { demo } = await startStage({ shopPort: shopPort + 1 });
    expect(portOf(demo.shop)).toBeGreaterThan(shopPort);
  });
});

const PROGRAM = `
import { runDemo } from ${JSON.stringify(`file://${ROOT}/hosts/demo/demo.ts`)};
console.log("pid " + process.pid);
await runDemo({ shopPort: 0, proxyPort: 0, livePort: 0 });
console.log("over");
`;

const NO_SCRIPT = "util-linux's script, which makes the terminal, is on Linux alone";

/** A program that runs the demo as the command does, with a browser that only writes down what it was to open. */
class DemoProgram {
  readonly opened: string;
  output = "";
  code: number | null = null;
  readonly #write: (text: string) => void;
  readonly kill: (signal: NodeJS.Signals) => void;

  /** @param terminal whether it sees a terminal: then it runs in a pseudo-terminal of `script` */
  constructor(terminal: boolean) {
    const folder = mkdtempSync(join(tmpdir(), "merlon-demo-"));
    this.opened = join(folder, "opened");
    for (const name of ["xdg-open", "open"]) {
      writeFileSync(join(folder, name), `#!/bin/sh\necho "$1" >> '${this.opened}'\n`);
      chmodSync(join(folder, name), 0o755);
    }
    writeFileSync(join(folder, "demo.mjs"), PROGRAM);
    const command = [process.execPath, "--disable-warning=ExperimentalWarning", join(folder, "demo.mjs")];
    const [file = "", ...args] = terminal
      ? ["script", "--quiet", "--return", "--command", `exec ${command.join(" ")}`, "/dev/null"]
      : command;
    const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
    const child = spawn(file, args, { cwd: folder, env, stdio: ["pipe", "pipe", "inherit"] });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
    });
    child.on("exit", (code, signal) => {
      this.code = code ?? (signal === null ? 1 : 128);
    });
    this.#write = (text) => void child.stdin.write(text);
    this.kill = (signal) => void child.kill(signal);
    onTestFinished(() => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    });
  }

  async says(words: string | RegExp): Promise<RegExpExecArray> {
    const pattern = typeof words === "string" ? new RegExp(words.replaceAll(/[.[\]]/g, "\\$&")) : words;
    for (;;) {
      const match = pattern.exec(this.output);
      if (match) return match;
      if (this.code !== null) throw new Error(`ended with ${this.code} after: ${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  press(key: string): void {
    this.#write(key);
  }

  async ends(): Promise<number | null> {
    await eventually(() => this.code !== null);
    return this.code;
  }
}

describe("the command", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "without a terminal runs until %s, opens nothing, sums up",
    async (signal) => {
      const program = new DemoProgram(false);
      const [, port] = await program.says(/protected {3}http:\/\/127\.0\.0\.1:(\d+)/);
      expect(program.output).not.toContain("keys:");
      expect((await send(Number(port), { path: "/" })).status).toBe(200);
      program.kill(signal);
      expect(await program.ends()).toBe(0);
      expect(program.output).toMatch(/1 requests seen, 0 attacks, 0 blocked.*\n.*\nover\n$/);
      expect(existsSync(program.opened)).toBe(false);
    },
  );

  test("in a terminal opens the page and obeys its keys", async (context) => {
    if (process.platform !== "linux") context.skip(NO_SCRIPT);
    const program = new DemoProgram(true);
    const [, link = ""] = await program.says(/live page {3}(\S+)/);
    await program.says("[q] quit");
    await eventually(() => existsSync(program.opened) && readFileSync(program.opened, "utf8").endsWith("\n"));
    expect(readFileSync(program.opened, "utf8")).toBe(`${link}\n`);
    program.press("b");
    await program.says("mode: block\r\n");
    program.press("a");
    await program.says(/ptrav .*blocked/);
    program.press("o");
    await eventually(() => readFileSync(program.opened, "utf8").split("\n").length === 3);
    program.press("q");
    await program.says(/5 requests seen, ([1-5]) attacks, \1 blocked/);
    expect(await program.ends()).toBe(0);
    expect(program.output).toContain("over");
  });

  test("in a terminal ends at a signal as well", async (context) => {
    if (process.platform !== "linux") context.skip(NO_SCRIPT);
    const program = new DemoProgram(true);
    const [, pid] = await program.says(/pid (\d+)/);
    await program.says("[q] quit");
    process.kill(Number(pid), "SIGTERM");
    expect(await program.ends()).toBe(0);
    expect(program.output).toContain("over");
  });
});
