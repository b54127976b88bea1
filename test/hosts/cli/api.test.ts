/** `merlon api` on a real console: the list, its JSON, the document. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Endpoint } from "../../../hosts/records/inventory/endpoint.ts";
import { startConsole } from "../postanalytics/stage.ts";
import { makeFolder, run } from "./stage.ts";

const TIMEOUT = { timeout: 60_000 };

function line(path: string, host = "shop.example"): Endpoint {
  return {
    ...{ v: 1, id: "01JD3Z8K6Q4T0000000000000A", node: "n", app: null, host, method: "GET", path },
    ...{ first: Date.now() - 5000, last: Date.now(), calls: 1234 },
    shape: { statuses: ["2xx"], auth: ["none"], media: [], params: [], more: false },
  };
}

async function withToken() {
  const stage = await startConsole();
  const { token } = await stage.as("viewer");
  const file = join(makeFolder(), "token");
  writeFileSync(file, `${token}\n`);
  return { stage, flags: ["--api", stage.origin, "--token-file", file] };
}

describe("endpoints at the terminal", TIMEOUT, () => {
  test("are listed and exported, and nothing of them acts on it", async () => {
    const { stage, flags } = await withToken();
    expect((await run(["api", "list", ...flags])).stdout).toContain("no endpoint");
    await stage.store.appendEndpoints([line("/articles/{id}"), line("/\u001b[2J\u202e")]);
    const listed = await run(["api", "list", ...flags]);
    expect([listed.code, listed.stderr]).toEqual([0, ""]);
    expect(listed.stdout).toMatch(/GET\s+shop\.example\/articles\/\{id\}\s+none\s+-\s+1,234\s+0/);
    const json = await run(["api", "list", "--json", "--find", "articles", ...flags]);
    expect(JSON.parse(json.stdout)).toMatchObject({ path: "/articles/{id}", calls: 1234 });
    const shown = await run(["api", "export", ...flags]);
    expect(JSON.parse(shown.stdout).openapi).toBe("3.1.0");
    for (const { stdout } of [listed, json, shown]) {
      expect(["\u001b", "\u202e"].filter((one) => stdout.includes(one))).toEqual([]);
    }
    const out = join(makeFolder(), "openapi.json");
    expect((await run(["api", "export", "--host", "SHOP.example", "--out", out, ...flags])).code).toBe(0);
    expect(Object.keys(JSON.parse(readFileSync(out, "utf8")).paths)).toContain("/articles/{id}");
    const again = await run(["api", "export", "--out", out, ...flags]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("there is such a file already")]);
    await stage.store.appendEndpoints([line("/", "other.example")]);
    expect((await run(["api", "export", ...flags])).stderr).toContain("query.host is missing");
  });

  test.each<[string[], RegExp]>([
    [["burn"], /"burn" is nothing that api does/],
    [["list"], /nothing says where the records are/],
    [["list", "--show", "old", "--data", "x"], /--show is "old"/],
  ])("%j is refused in one line", async (args, expected) => {
    const { code, stderr } = await run(["api", ...args]);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(expected);
  });
});
