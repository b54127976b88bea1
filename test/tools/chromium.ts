/** A Chromium for tests of pages: the one at hand, else the distribution's, which only root may install. */
import { type Component, install, outputOf } from "./component.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const PACKAGE = "chromium";
/** Two test files may ask at once; the second waits for the first one's installation. */
const APT = ["-o", "DPkg::Lock::Timeout=300", "--yes", "--quiet"];

let chosen: Promise<Component<string>> | undefined;

/** @returns the browser's command. As root it runs only with `--no-sandbox`. */
export async function chromium(): Promise<Component<string>> {
  chosen ??= chooseChromium();
  return await chosen;
}

async function chooseChromium(): Promise<Component<string>> {
  const atHand = await findChromium();
  if (atHand !== undefined) return { found: atHand };
  if (process.getuid?.() !== 0) return { missing: `no ${NAMES.join(", ")} on the PATH, and only root may install one` };
  process.stderr.write("merlon: installing Chromium for tests (once) …\n");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await install("apt-get", [...APT, "update"], env);
  const outcome = await install("apt-get", [...APT, "install", "--no-install-recommends", PACKAGE], env);
  const installed = await findChromium();
  if (installed !== undefined) return { found: installed };
  return "missing" in outcome ? outcome : { missing: `package ${PACKAGE} holds none of ${NAMES.join(", ")}` };
}

async function findChromium(): Promise<string | undefined> {
  for (const name of NAMES) if ((await outputOf(name, ["--version"])) !== undefined) return name;
  return undefined;
}
