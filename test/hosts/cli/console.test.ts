/** `merlon console` and `merlon protect --console` as people start them, with `merlon attacks` on what they keep. */
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createClient } from "../../../hosts/postanalytics/api/client.ts";
import { readConsoleFile } from "../../../hosts/postanalytics/console-file.ts";
import { listen } from "../dataplane/sidecar/stage.ts";
import { Browser } from "../postanalytics/stage.ts";
import { ATTACK, makeFolder, run, start } from "./stage.ts";

const TIMEOUT = { timeout: 120_000 };

describe("merlon console", TIMEOUT, () => {
  test("shows a password at the first start, which opens it, and a new one when asked", async () => {
    const folder = join(makeFolder(), "data");
    const args = ["console", "--data", folder, "--listen", "127.0.0.1:0"];
    const first = start(args);
    const [, origin = ""] = await first.saw(/console {4}(http:\/\/127\.0\.0\.1:\d+)\/#k=/);
    const [, password = ""] = await first.saw(/password {3}([a-z2-9-]{24})/);
    expect((await new Browser(origin).login("admin", password)).status).toBe(200);
    expect((await fetch(origin)).status).toBe(200);
    first.child.kill("SIGTERM");
    expect(await first.ended()).toBe(0);
    const reset = await run(["console", "--data", folder, "--new-password"]);
    const [, fresh = ""] = /password {3}([a-z2-9-]{24})/.exec(reset.stdout) ?? [];
    expect([reset.code, fresh === password, fresh.length]).toEqual([0, false, 24]);
    const second = start(args);
    const [, again = ""] = await second.saw(/console {4}(http:\/\/127\.0\.0\.1:\d+)\/#k=/);
    expect((await new Browser(again).login("admin", fresh)).status).toBe(200);
    expect(second.stdout()).not.toContain("password");
  });

  test.each([
    [["--public-url", "nonsense"], /--public-url is "nonsense"/],
    [["--export-allow", "ten"], /--export-allow is "ten"/],
    [["--tls-cert", "x.pem"], /TLS is set in part/],
    [["--listen", "x"], /--listen/],
    [["--oidc", "/nowhere.yaml"], /\/nowhere\.yaml cannot be read/],
  ])("refuses %j", async (args, words) => {
    const { code, stderr } = await run(["console", "--data", join(makeFolder(), "d"), ...args]);
    expect([code === 0, stderr]).toEqual([false, expect.stringMatching(words)]);
  });
});

describe("merlon protect --console", TIMEOUT, () => {
  test("shows an attack within seconds, closes it as a false positive, and undoes that", async () => {
    const upstream = createServer((_request, response) => response.end("well"));
    const port = await listen(upstream);
    const folder = join(makeFolder(), "data");
    const listening = ["--listen", "127.0.0.1:0", "--console", "127.0.0.1:0", "--data", folder, "--mode", "block"];
    const running = start(["protect", `http://127.0.0.1:${port}`, ...listening]);
    await running.saw(/console {4}(http:\/\/127\.0\.0\.1:\d+)\/#k=/);
    const [, proxy = ""] = await running.saw(/(http:\/\/127\.0\.0\.1:\d+)/);
    const note = await readConsoleFile(folder);
    if (note === null) throw new Error("no note");
    const client = createClient(note);
    expect((await fetch(`${proxy}/show?${ATTACK}`)).status).toBe(403);
    await expect
      .poll(async () => (await client.call("records", { query: {} })).items.length, { timeout: 30_000 })
      .toBe(1);
    const [record] = (await client.call("records", { query: {} })).items;
    const shown = await run(["attacks", "show", record?.ref ?? "", "--data", folder]);
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringMatching(/^blocked {3}GET \/show/)]);
    expect((await run(["explain", record?.ref ?? "", "--data", folder])).stdout).toBe(shown.stdout);

    // The note's token may look and weigh; what changes the policy is for editors.
    const { items } = await client.call("proposeExceptions", { body: { record: record?.ref ?? "" } });
    const draft = items[0]?.draft;
    if (draft === undefined) throw new Error("nothing proposed");
    await expect(client.call("applyException", { body: { draft } })).rejects.toMatchObject({ status: 403 });
    const browser = new Browser(note.origin);
    const [, password = ""] = await running.saw(/password {3}([a-z2-9-]{24})/);
    await browser.login("admin", password);
    const next = "four words are enough";
    await browser.send("/api/v1/session/password", { method: "PUT", json: { current: password, next } });
    const applied = await browser.send("/api/v1/exceptions", { method: "POST", json: { draft, record: record?.id } });
    const { name = "" }: { name?: string } = await applied.json();
    expect((await fetch(`${proxy}/show?${ATTACK}`)).status).toBe(200);
    expect((await fetch(`${proxy}/other?${ATTACK}`)).status).toBe(403);
    await browser.send(`/api/v1/exceptions/${name}`, { method: "DELETE" });
    expect((await fetch(`${proxy}/show?${ATTACK}`)).status).toBe(403);
    const { items: nodes } = await client.call("nodes", {});
    expect(nodes[0]?.traffic).toMatchObject({ requests: 4, blocked: 3 });

    running.child.kill("SIGTERM");
    expect(await running.ended()).toBe(0);
    const later = await run(["attacks", "list", "--data", folder, "--records"]);
    expect([later.code, later.stdout.split("\n").filter((line) => line.includes("GET ")).length > 0]).toEqual([
      0,
      true,
    ]);
  });

  test("and an address for records do not go together", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "t"), "x");
    const args = ["--data", folder, "--records-url", "https://a.example", "--console", "127.0.0.1:0"];
    const { code, stderr } = await run(["protect", "http://127.0.0.1:1", ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("records have one home")]);
  });
});
