/** Everything that fuzzing ever found stays mended, in the released and in the checked build. */
import { describe, expect, test } from "vitest";
import { type Build, Core } from "../test/assembly/core.ts";
import { findFault } from "./operations.ts";
import { readRegressions } from "./regression.ts";

const REGRESSIONS = readRegressions();
const BUILDS: readonly Build[] = ["release", "checked"];

describe.each(BUILDS)("in the %s build", (build) => {
  const core = new Core(build);

  test.each(REGRESSIONS)("$file: $why", ({ operations }) => {
    expect(findFault(core, operations)).toBeUndefined();
    expect([core.call("open_count")(), core.call("blocks_used")()]).toEqual([0, 0]);
  });
});
