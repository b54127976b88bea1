/** `merlon policy ready` on a real console, and its text. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { reportText } from "../../../../hosts/cli/policy-service/ready.ts";
import { SqlRecordStore } from "../../../../hosts/postanalytics/store/record-store.ts";
import { openSqlite } from "../../../../hosts/postanalytics/store/sqlite.ts";
import { startConsole } from "../../postanalytics/stage.ts";
import { temporaryFolder } from "../../postanalytics/store/stage.ts";
import { makeFolder, run } from "../stage.ts";

const TIMEOUT = { timeout: 60_000 };

test("the report, as text and as JSON, and an exit code for pipelines", TIMEOUT, async () => {
  const folder = temporaryFolder();
  const database = await openSqlite(join(folder, "records.sqlite"));
  const store = await SqlRecordStore.open(folder, database);
  onTestFinished(async () => {
    await store.close();
    await database.close();
  });
  const stage = await startConsole({ store });
  const { token } = await stage.as("viewer");
  const file = join(makeFolder(), "token");
  writeFileSync(file, `${token}\n`);
  const flags = ["--api", stage.origin, "--token-file", file];
  const editor = await stage.as("editor");
  await editor.call("setMode", { body: { mode: "monitoring", reason: "t" } });
  const little = await run(["policy", "ready", "--host", "shop.example", ...flags]);
  expect([little.code, little.stderr]).toEqual([1, ""]);
  expect(little.stdout).toContain("verdict    too little traffic\nbecause    nothing would have been blocked");
  await editor.call("setMode", { body: { mode: "block", reason: "t" } });
  const blocking = await run(["policy", "ready", "--json", ...flags]);
  expect([blocking.code, JSON.parse(blocking.stdout).verdict]).toEqual([0, "blocking"]);
  expect((await run(["policy", "ready", "merlon.yaml", ...flags])).stderr).toContain("is one argument too many");
  expect((await run(["policy", "ready"])).stderr).toContain("nothing says where the records are");
});

test("what clients wrote acts on no terminal", () => {
  const evil = "\u001b[2J\u202e";
  const group = {
    ...{ type: "sqli", host: evil, method: "GET", path: `/${evil}`, point: evil, requests: 3, clients: 3, kept: 3 },
    ...{ authenticated: 3, succeeded: 3, alone: 3, record: "01JD3Z8K6Q4T00000" },
    ...{ first: 1, last: 2, where: "", reasons: [] },
  };
  const text = reportText({
    ...{ verdict: "not_yet", reasons: [evil], mode: "monitoring", scope: { app: null, host: null, path: null } },
    ...{ from: 0, to: 1, observedHours: 30, traffic: { calls: 5, since: null, endpoints: 1, uncalled: 0 } },
    ...{ coverage: null, wouldBlock: 3, clients: 3, toLookAt: 1, complete: true, patch: "" },
    groups: [{ ...group, standing: "suspect" }],
  });
  expect(text).toContain("verdict    not yet: 1 to look at");
  expect(text).toContain("LOOK: like people at work");
  expect(["\u001b", "\u202e"].filter((one) => text.includes(one))).toEqual([]);
});
