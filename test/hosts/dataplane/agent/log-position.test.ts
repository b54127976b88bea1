/** Positions: kept and read again, and what is none is nothing. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readPosition, writePosition } from "../../../../hosts/dataplane/agent/log-position.ts";

test("a position is read as it was kept; what is damaged is none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "merlon-agent-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "agent.json");
  expect(await readPosition(path)).toBeNull();
  const position = { device: "1", inode: "18446744073709551615", offset: 17 };
  await writePosition(path, position);
  expect(await readPosition(path)).toEqual(position);
  for (const text of ["", "{}", '{"format":2,"device":"1","inode":"2","offset":3}', '{"format":1,"device":"1"']) {
    writeFileSync(path, text);
    expect(await readPosition(path), text).toBeNull();
  }
});
