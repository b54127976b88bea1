/**
 * What `merlon connector print istio` prints, applied to a real API server and istiod, with real traffic through the
 * Envoy that istiod programs: nothing is rejected on the way, attacks stop, and no request is lost while it comes and
 * goes. Needs MERLON_TOOLS, see test/tools/mesh.ts.
 */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine } from "../../hosts/core/engine.ts";
import { type ExtProc, startExtProc } from "../../hosts/dataplane/extproc/extproc.ts";
import { RouteModes } from "../../hosts/dataplane/extproc/route-modes.ts";
import { readyPolicy } from "../../hosts/policy/apply.ts";
import { defaultPolicy } from "../../hosts/policy/schema.ts";
import { makeFolder, run, start } from "../hosts/cli/stage.ts";
import { send, until } from "../hosts/dataplane/envoy/stage.ts";
import { type Component, install, ROOT, requireOrSkip } from "../tools/component.ts";
import { helmBinary, type MeshTools, meshTools } from "../tools/mesh.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const LONG_MS = 300_000;
const WASM = join(ROOT, "build/merlon.wasm");
const QUERY = "?id=1'%20UNION%20SELECT%20login,password%20FROM%20users--%20";
const BODY = { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } };

let tools: Component<MeshTools>;
let mesh: Mesh | undefined;
let processor: ExtProc | undefined;
const bodies: string[] = [];
const application = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => {
    body += chunk.toString("latin1");
  });
  request.on("end", () => {
    bodies.push(body);
    response.end("application");
  });
  request.on("error", () => {});
});

beforeAll(async () => {
  tools = await meshTools();
  if (!("found" in tools)) return;
  application.listen(0, "127.0.0.1");
  await once(application, "listening");
  const modes = new RouteModes(Engine.load(), readyPolicy(defaultPolicy));
  processor = await startExtProc({ inspectorFor: (mode) => modes.inspectorFor(mode) });
  mesh = await startMesh(tools.found, (application.address() as AddressInfo).port);
}, LONG_MS);

afterAll(async () => {
  await mesh?.stop();
  await processor?.close(0);
  application.close();
});

/** Requests go on and on; @returns their statuses when told to stop */
function keepAsking(port: number): () => Promise<number[]> {
  const statuses: number[] = [];
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      statuses.push((await send(port, "/harmless")).status);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return async () => {
    isOver = true;
    await asking;
    return statuses;
  };
}

const PRINTED = [
  // Open: Istio takes the cluster away before the filter, and a starved machine is late; closed, both answer 500.
  { name: "ext_proc", args: ["--mode", "block", "--failure", "open"], attack: 403, held: true },
  { name: "ext_proc, out of band", args: ["--mode", "block", "--out-of-band"], attack: 200, held: false },
  { name: "wasm", args: ["--method", "wasm", "--wasm", WASM, "--mode", "block"], attack: 403, held: true },
  {
    name: "wasm, as a WasmPlugin",
    args: ["--method", "wasm", "--form", "wasm-plugin", "--wasm", WASM, "--mode", "block"],
    attack: 403,
    held: true,
  },
];

describe("in a mesh", () => {
  test.each(PRINTED)(
    "$name: applied, obeyed and taken away under traffic",
    async ({ args, attack, held }) => {
      if (mesh === undefined || processor === undefined) return;
      const isExtProc = !args.includes("wasm");
      const place = isExtProc ? ["--processor", `127.0.0.1:${processor.port}`] : [];
      const { code, stdout: yaml, stderr } = await run(["connector", "print", "istio", ...args, ...place]);
      expect([code, stderr]).toEqual([0, ""]);
      const { port } = mesh;
      const stopAsking = keepAsking(port);
      const watched = processor.counters.watched;
      await mesh.kubectl("apply", yaml);
      await until(
        () => mesh?.configuration() ?? "",
        (text) => /merlon/.test(text),
      );
      const isThere = async (): Promise<boolean> => {
        const { status } = await send(port, `/${QUERY}`);
        return attack === 403 ? status === 403 : (processor?.counters.watched ?? 0) > watched;
      };
      await until(isThere, (there) => there);
      const id = decodeURIComponent(QUERY.slice(1));
      const post = async (body: string): Promise<number> => {
        bodies.length = 0;
        return (await send(port, "/", { ...BODY, body })).status;
      };
      await until(
        () => post(id),
        (status) => status === attack,
      );
      expect(bodies.includes(id)).toBe(!held);
      await until(
        () => post("harmless=1"),
        (status) => status === 200,
      );
      expect(bodies).toContain("harmless=1");
      const rejected = await mesh.stats("update_rejected");
      expect(Object.entries(rejected).filter(([, count]) => count > 0)).toEqual([]);
      await mesh.kubectl("delete", yaml);
      await until(
        async () => (await send(port, `/${QUERY}`)).status,
        (status) => status === 200,
      );
      const statuses = await stopAsking();
      expect(statuses.filter((status) => status !== 200)).toEqual([]);
      expect(statuses.length).toBeGreaterThan(10);
    },
    LONG_MS,
  );

  test(
    "records of a WasmPlugin's filter come to an agent",
    async () => {
      if (mesh === undefined) return;
      const folder = makeFolder();
      const agent = start(["agent", "--listen-als", "127.0.0.1:0", "--data", folder]);
      const [, address = ""] = await agent.saw(/grpc:\/\/(\S+)/);
      const form = ["--method", "wasm", "--form", "wasm-plugin", "--wasm", WASM, "--mode", "block"];
      const { stdout: yaml } = await run(["connector", "print", "istio", ...form, "--agent", address]);
      await mesh.kubectl("apply", yaml);
      const { port } = mesh;
      await until(
        async () => (await send(port, `/${QUERY}`)).status,
        (status) => status === 403,
      );
      await until(
        async () => {
          // Istio may have brought the filter before the log: then the first ones have no way out.
          await send(port, `/${QUERY}`);
          const files = readdirSync(join(folder, "spool"));
          return files.some((file) => readFileSync(join(folder, "spool", file), "latin1").includes("sqli-"));
        },
        (isThere) => isThere,
      );
      expect(Object.values(await mesh.stats("update_rejected")).filter((count) => count > 0)).toEqual([]);
      await mesh.kubectl("delete", yaml);
      await until(
        async () => (await send(port, `/${QUERY}`)).status,
        (status) => status === 200,
      );
    },
    LONG_MS,
  );

  test.each([
    ["through the mesh's own TLS", ["--mesh"]],
    ["in sidecars, with TLS", ["--context", "sidecar", "--selector", "app=shop", "--tls-ca", "/etc/merlon/ca.crt"]],
    ["fetched", ["--method", "wasm", "--wasm", "https://modules.example/merlon.wasm"]],
  ])("the API server takes the form %s", async (_, args) => {
    if (mesh === undefined) return;
    const { stdout: yaml } = await run(["connector", "print", "istio", ...args, "--namespace", "default"]);
    await mesh.kubectl("apply", yaml);
    await mesh.kubectl("delete", yaml);
  });

  test.each([
    [],
    ["istio.enabled=true"],
    ["istio.enabled=true", "istio.method=wasm", "istio.wasm.form=wasm-plugin"],
    // The module has to be there: a proxy rejects a listener whose file it cannot read.
    ["istio.enabled=true", "istio.method=wasm", `istio.wasm.module=${WASM}`, "agent.recordsUrl=https://store.example"],
  ])("the API server takes what the chart renders: %j", async (...values) => {
    if (mesh === undefined) return;
    const helm = await helmBinary();
    if (!("found" in helm)) return;
    const set = values.flatMap((value) => ["--set", value]);
    const rendered = await install(helm.found, ["template", "merlon", join(ROOT, "charts/merlon"), ...set]);
    if (!("found" in rendered)) throw new Error(rendered.missing);
    await mesh.kubectl("apply", rendered.found);
    await mesh.kubectl("delete", rendered.found);
  });

  test("the gateway rejected nothing at all", async (context) => {
    // Nobody ships istiod as a program, so that even CI has it only where it is told so.
    if (!("found" in tools) && process.env["MERLON_TOOLS"] === undefined) return context.skip(tools.missing);
    requireOrSkip(context, tools);
    const rejected = await mesh?.stats("lds.update_rejected");
    expect(rejected).toEqual({ "listener_manager.lds.update_rejected": 0 });
  });
});
