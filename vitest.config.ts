/** How the tests run: files in processes of their own, at most two at once, with time enough for a busy laptop. */
import { defineConfig } from "vitest/config";

const SLOWEST_TEST_MS = 60_000;

// biome-ignore lint/style/noDefaultExport: vitest reads the default export of its configuration.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "fuzz/**/*.test.ts"],
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    testTimeout: SLOWEST_TEST_MS,
    hookTimeout: SLOWEST_TEST_MS,
    teardownTimeout: SLOWEST_TEST_MS,
    expect: { poll: { timeout: SLOWEST_TEST_MS / 2 } },
    outputFile: { json: ".cache/test-report.json" },
    attachmentsDir: ".cache/attachments",
  },
});
