/**
 * A small fleet of real processes: a policy service, a console that changes its policy, and nodes that follow the one
 * and send their records to the other. What a person would type, typed by a test.
 */
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { makeFolder, type Running, run, start } from "../hosts/cli/stage.ts";
import { listen } from "../hosts/dataplane/sidecar/stage.ts";
import { Browser } from "../hosts/postanalytics/stage.ts";

const POLICY = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: block}}\n";
const PASSWORD = "four words are enough";

/** A running fleet; it ends with the test. */
export interface Fleet {
  readonly folder: string;
  /** Addresses of the nodes. */
  readonly nodes: readonly string[];
  readonly nodesRunning: readonly Running[];
  readonly console: { readonly origin: string; readonly link: string; readonly running: Running };
  readonly service: { readonly url: string; readonly running: Running };
  /** Signed in as somebody who may do everything. */
  readonly admin: Browser;
}

/** More flags of the commands. */
export interface FleetFlags {
  readonly console?: readonly string[];
  readonly node?: readonly string[];
}

/** Starts a fleet in mode block. */
export async function startFleet(size: number, flags: FleetFlags = {}): Promise<Fleet> {
  const folder = makeFolder();
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("merlon.yaml"), POLICY);
  const tokens = ["console", ...Array.from({ length: size }, (_, index) => `node-${index}`)];
  for (const name of tokens) {
    const role = name === "console" ? ["--operator"] : ["--bearer"];
    writeFileSync(at(`${name}.token`), (await run(["node", "add", name, "--state", at("state"), ...role])).stdout);
  }
  const serving = ["--policy", at("merlon.yaml"), "--state", at("state"), "--listen", "0"];
  const service = start(["policy", "serve", ...serving]);
  const [, url = ""] = await service.saw(/listening {2}(\S+)\n/);
  const following = (name: string): string[] => ["--policy-url", url, "--node-token-file", at(`${name}.token`)];
  const data = ["--data", at("data"), "--listen", "127.0.0.1:0"];
  const console = start(["console", ...data, ...following("console"), ...(flags.console ?? [])]);
  const [, link = "", origin = ""] = await console.saw(/console {4}((http:\/\/127\.0\.0\.1:\d+)\/\S*)/);
  const [, password = ""] = await console.saw(/password {3}([a-z2-9-]{24})/);
  const admin = new Browser(origin);
  await admin.login("admin", password);
  await admin.send("/api/v1/session/password", { method: "PUT", json: { current: password, next: PASSWORD } });

  const upstream = createServer((_request, response) => response.end("well"));
  const back = `http://127.0.0.1:${await listen(upstream)}`;
  const started = await Promise.all(
    Array.from({ length: size }, async (_, index) => {
      const name = `node-${index}`;
      const made = await admin.send("/api/v1/nodes/tokens", { method: "POST", json: { node: name, days: 1 } });
      const { token = "" }: { token?: string } = await made.json();
      writeFileSync(at(`${name}.records`), token);
      const sending = ["--data", at(name), "--records-url", origin, "--records-token-file", at(`${name}.records`)];
      const own = ["--listen", "0", "--node-id", name, ...(flags.node ?? [])];
      const node = start(["protect", back, ...own, ...following(name), ...sending]);
      const [, address = ""] = await node.saw(/listening {2}(\S+)\n/);
      return { address, node };
    }),
  );
  const nodes = started.map(({ address }) => address);
  const nodesRunning = started.map(({ node }) => node);
  return {
    folder,
    nodes,
    nodesRunning,
    console: { origin, link, running: console },
    service: { url, running: service },
    admin,
  };
}
