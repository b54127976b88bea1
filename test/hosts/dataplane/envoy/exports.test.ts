/**
 * The released module as Envoy sees it: it imports what the Proxy-Wasm ABI 0.2.1 offers and nothing else, has the
 * callbacks that are needed and no other, since each costs every request a call, and stays small.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../../tools/component.ts";
import { WASM } from "./stage.ts";

const module = new WebAssembly.Module(readFileSync(WASM));

/** Functions of the ABI that every host of version 0.2.1 has; none gives files, sockets or secrets. */
const OFFERED = new Set([
  ...["proxy_get_header_map_pairs", "proxy_get_header_map_value", "proxy_replace_header_map_value"],
  ...["proxy_remove_header_map_value", "proxy_get_buffer_bytes", "proxy_get_property", "proxy_set_property"],
  ...["proxy_get_current_time_nanoseconds", "proxy_set_tick_period_milliseconds", "proxy_define_metric"],
  ...["proxy_increment_metric", "proxy_send_local_response", "proxy_log"],
]);

const CALLBACKS = [
  "proxy_abi_version_0_2_1",
  "proxy_on_configure",
  "proxy_on_context_create",
  "proxy_on_delete",
  "proxy_on_log",
  "proxy_on_memory_allocate",
  "proxy_on_request_body",
  "proxy_on_request_headers",
  "proxy_on_request_trailers",
  "proxy_on_response_body",
  "proxy_on_response_trailers",
  "proxy_on_tick",
];

test("imports are functions of the ABI, and all that env.ts declares", () => {
  const imports = WebAssembly.Module.imports(module);
  expect(
    imports.filter(({ module: from, name, kind }) => from !== "env" || kind !== "function" || !OFFERED.has(name)),
  ).toEqual([]);
  const declared = readFileSync(join(ROOT, "hosts/dataplane/envoy/env.ts"), "utf8").matchAll(/declare function (\w+)/g);
  expect(imports.map(({ name }) => name).sort()).toEqual([...declared].map(([, name = ""]) => name).sort());
});

test("callbacks are those that something is done in", () => {
  const names = WebAssembly.Module.exports(module).map(({ name }) => name);
  expect(names.filter((name) => name.startsWith("proxy_")).sort()).toEqual(CALLBACKS);
  expect(names.filter((name) => name === "malloc" || name === "_start" || name === "main")).toEqual([]);
});
