/** The console's additions in a database: what was kept is read back, on both. */
import { describe, expect, test } from "vitest";
import type { Change } from "../../../../hosts/postanalytics/policy/door.ts";
import { changed, NO_OVERLAY } from "../../../../hosts/postanalytics/policy/overlay.ts";
import { keepChange, readOverlay } from "../../../../hosts/postanalytics/policy/overlay-table.ts";
import { consoleDatabase } from "../access/stage.ts";
import { DIALECTS } from "../store/stage.ts";

const DRAFT = {
  match: { path: "/a" },
  ignore: { stamps: ["sqli-union"], types: [] },
  reason: "r",
  expiresAt: "2098-01-01",
};
const CHANGES: readonly Change[] = [
  { kind: "exception", name: "b", draft: DRAFT },
  { kind: "exception", name: "a", draft: { ...DRAFT, reason: "' or 1=1 --" } },
  { kind: "source", list: "deny", source: "::1", entry: { list: "deny", source: "::1", expiresAt: null, reason: "" } },
  { kind: "mode", mode: "block", reason: "go" },
  { kind: "mode", mode: "monitoring", reason: "stop" },
  { kind: "exception", name: "b", draft: null },
];

describe.for(DIALECTS)("additions on %s", { timeout: 120_000 }, (dialect) => {
  test("are read as they were made", async (context) => {
    const database = await consoleDatabase(context, dialect);
    let overlay = NO_OVERLAY;
    for (const [at, change] of CHANGES.entries()) {
      await keepChange(database, change, "ada", at);
      overlay = changed(overlay, change, "ada", at);
      expect(await readOverlay(database)).toEqual(overlay);
    }
    expect(overlay.exceptions.size).toBe(1);
  });
});
