/**
 * The plugin's configuration in a real Envoy: strict, of any size, of one root context and no other, and a bad one
 * leaves what was good in force.
 */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Component, requireOrSkip } from "../../../tools/component.ts";
import { findEnvoy, imageText, LONG_MS, merlon, type Stage, send, startEnvoy, until } from "./stage.ts";

const ATTACK = "?id=1'%20UNION%20SELECT%20login,password%20FROM%20users--%20";
const BLOCK = imageText({ mode: "block" });
const upstream = (_: unknown, response: { end(text: string): void }): void => response.end("application");

let binary: Component<string>;
beforeAll(async () => {
  binary = await findEnvoy();
}, LONG_MS);

describe("plugins that share a VM", () => {
  let stage: Stage | undefined;
  /* Larger than one piece of the input buffer, as base64. */
  const scopes = Array.from({ length: 6000 }, (_, index) => ({
    match: { path: `/shop/department-${index}/articles/**` },
    application: `application-${index}`,
  }));
  const large = imageText({ mode: "monitoring" }, { scopes: [...scopes, { match: { path: "/last" }, mode: "block" }] });
  const plugins = {
    "its own image": { policy: BLOCK },
    "no configuration": undefined,
    "a mode": { mode: "block" },
    "a mode over an image's": { policy: BLOCK, mode: "monitoring" },
    "an image of many pieces": { policy: large },
  };

  beforeAll(async () => {
    if (!("found" in binary)) return;
    const listeners = Object.values(plugins).map((configuration) => [merlon(configuration)]);
    stage = await startEnvoy(binary.found, { listeners, upstream });
  }, LONG_MS);
  afterAll(() => stage?.stop());

  test.each([
    ["its own image", "/", 403],
    ["no configuration", "/", 200],
    ["a mode", "/", 403],
    ["a mode over an image's", "/", 200],
    ["an image of many pieces", "/", 200],
    ["an image of many pieces", "/last", 403],
  ] as const)("%s: %s gives %i", async (name, path, status) => {
    if (stage === undefined) return;
    expect(large.length).toBeGreaterThan(262_144);
    const port = stage.ports[Object.keys(plugins).indexOf(name)] ?? 0;
    expect((await send(port, `${path}${ATTACK}`)).status).toBe(status);
    expect((await send(port, path)).status).toBe(200);
  });

  test("were in one VM", async (context) => {
    requireOrSkip(context, binary);
    // One for the worker, one for the main thread, one to try the configuration out.
    const stats = await stage?.stats("wasm.envoy");
    expect(stats?.["wasm.envoy.wasm.runtime.v8.active"]).toBeLessThanOrEqual(3);
  });
});

describe("a configuration that comes while Envoy runs", () => {
  let stage: Stage | undefined;
  let path = "";

  const extension = (value: object | string): string => {
    const resource = { "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig", ...merlon(value) };
    return JSON.stringify({ version_info: String(performance.now()), resources: [resource] });
  };
  /** Envoy watches for files that are moved to their place. */
  const write = (value: object | string): void => {
    writeFileSync(`${path}.new`, extension(value));
    renameSync(`${path}.new`, path);
  };
  const discovered = (folder: string): object => {
    path = join(folder, "merlon.json");
    write({ policy: BLOCK });
    return {
      name: "merlon",
      config_discovery: {
        config_source: { path_config_source: { path }, resource_api_version: "V3" },
        type_urls: ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"],
      },
    };
  };
  const router = {
    name: "envoy.filters.http.router",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
  };
  const attack = async (): Promise<number> => (await send(stage?.ports[0] ?? 0, `/${ATTACK}`)).status;

  beforeAll(async () => {
    if (!("found" in binary)) return;
    const manager = (folder: string): object => ({ http_filters: [discovered(folder), router] });
    stage = await startEnvoy(binary.found, { listeners: [[]], upstream, manager });
    await until(attack, (status) => status === 403);
  }, LONG_MS);
  afterAll(() => stage?.stop());

  test.each([
    ["[]", "it is no JSON object of fields"],
    ["{", "it is no JSON object of fields"],
    ['{"polcy":""}', '"polcy" is no field: policy, mode, holdHead, responses, records, probe, policyCluster'],
    ['{"policyCluster":"a"}', "it has one of policyCluster and policyAuthority, and each needs the other"],
    ['{"policyToken":"a"}', "it has a policyToken and no policyCluster to show it to"],
    ['{"policyCluster":"a b"}', '"policyCluster" takes a text of plain characters without spaces'],
    ['{"mode":"blocking"}', '"blocking" is no mode: it is off, monitoring, safe_blocking or block'],
    ['{"mode":"block",}', "it is no JSON object of fields"],
    ['{"mode":"block"} x', "it goes on behind its end"],
    ['{"mode":"block" "probe":true}', "it does not go on with a comma or end with a brace"],
    ['{"probe":1}', '"probe" takes true or false'],
    ['{"probe"}', '"probe" has no value'],
    ['{"policy":{}}', '"policy" takes a policy image in base64'],
    ['{"policy":"not base64!"}', '"policy" is no base64'],
    ['{"policy":"QUJD"}', '"policy" is damaged, or was made for another release'],
    ['{"policy":""}', '"policy" is damaged, or was made for another release'],
    [JSON.stringify({ policy: `${BLOCK.slice(0, 40)}zzzz${BLOCK.slice(44)}` }), '"policy" is damaged'],
    [JSON.stringify({ policy: BLOCK.slice(0, 60) }), '"policy" is damaged'],
    [JSON.stringify({ policy: `${BLOCK}AAAA` }), '"policy" is damaged'],
    [`{"policy":"${BLOCK}","policy":"${BLOCK}"}`, '"policy" stands twice'],
  ])("changes nothing where it is not good: %s", async (configuration, why) => {
    if (stage === undefined) return;
    const before = stage.log().length;
    write(configuration);
    const line = `merlon: the configuration is refused: ${why}`;
    await until(
      () => stage?.log().slice(before) ?? "",
      (log) => log.includes(line),
    );
    expect(await attack()).toBe(403);
  });

  test(
    "takes the place of the one before, as often as one comes",
    async (context) => {
      requireOrSkip(context, binary);
      // There is room for 16 at once: those before are given back.
      for (let round = 0; round < 40; round++) {
        write({ policy: BLOCK, mode: round % 2 === 0 ? "monitoring" : "block" });
        await until(attack, (status) => status === (round % 2 === 0 ? 200 : 403));
      }
      expect(stage?.log()).not.toContain("too many plugins");
    },
    LONG_MS,
  );
});

test(
  "Envoy does not start with a configuration that is not good",
  async (context) => {
    const found = requireOrSkip(context, binary);
    const started = startEnvoy(found, { listeners: [[merlon({ mode: "all" })]], upstream });
    await expect(started.then((stage) => stage.stop())).rejects.toThrow(
      'merlon: the configuration is refused: "all" is no mode',
    );
  },
  LONG_MS,
);
