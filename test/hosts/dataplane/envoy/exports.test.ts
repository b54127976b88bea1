/**
 * The released module as Envoy sees it: it imports what the Proxy-Wasm ABI 0.2.1 offers and nothing else, has the
 * callbacks that are needed and no other, since each costs every request a call, and stays small.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createRandom, pick, type Random } from "../../../bench/random.ts";
import { ROOT } from "../../../tools/component.ts";
import { HostStandIn, type Stream } from "./host-stand-in.ts";
import { imageText, WASM } from "./stage.ts";

const module = new WebAssembly.Module(readFileSync(WASM));

/** Functions of the ABI that every host of version 0.2.1 has; none gives files, sockets or secrets. */
const OFFERED = new Set([
  ...["proxy_get_header_map_pairs", "proxy_get_header_map_value", "proxy_replace_header_map_value"],
  ...["proxy_remove_header_map_value", "proxy_get_buffer_bytes", "proxy_get_property", "proxy_set_property"],
  ...["proxy_get_current_time_nanoseconds", "proxy_set_tick_period_milliseconds", "proxy_define_metric"],
  ...["proxy_increment_metric", "proxy_record_metric", "proxy_send_local_response", "proxy_log"],
  ...["proxy_get_shared_data", "proxy_set_shared_data", "proxy_http_call"],
]);

const CALLBACKS = [
  "proxy_abi_version_0_2_1",
  "proxy_on_configure",
  "proxy_on_context_create",
  "proxy_on_delete",
  "proxy_on_http_call_response",
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

const SEED = 29;
const ROOT_CONTEXT = 1;
const PARTS = [
  ...["../../../../etc/passwd", "1' UNION SELECT a,b FROM c-- ", "<script>alert(1)</script>", "\0", "\xff\xfe", '"\\'],
  ...[
    "text/html",
    "application/json;q=0.5",
    "application/grpc",
    "application/grpc-web",
    "{",
    "}",
    "a=b&c=d",
    " ",
    "%",
    "q=",
  ],
];
const NAMES = [
  "accept",
  "content-type",
  "cookie",
  "x-merlon-a",
  "x-request-id",
  "upgrade",
  "content-length",
  "referer",
  "x",
];
const METHODS = ["GET", "POST", "CONNECT", ""];

const textOf = (random: Random): string => Array.from({ length: random(5) }, () => pick(random, PARTS)).join("");

function oddStream(random: Random): Stream {
  const fields = Array.from({ length: random(6) }, (): [string, string] => [pick(random, NAMES), textOf(random)]);
  const head: [string, string][] = [
    [":method", pick(random, METHODS)],
    [":path", `/${textOf(random)}?${textOf(random)}`],
    [":authority", textOf(random)],
    [":scheme", "https"],
    ...fields,
  ];
  return {
    head: random(50) === 0 ? null : head,
    trailers: [
      ["x-merlon-b", "1"],
      ["a", textOf(random)],
    ],
    request: Buffer.alloc(0),
    response: Buffer.alloc(0),
  };
}

/** Goes through one stream as Envoy would, or as nobody should. */
function live(host: HostStandIn, context: number, random: Random): void {
  const stream = oddStream(random);
  host.stream = stream;
  if (random(100) > 0) host.call("proxy_on_context_create", context, ROOT_CONTEXT);
  let held = host.call("proxy_on_request_headers", context, 0, random(3) === 0 ? 1 : 0);
  for (let pieces = random(4); pieces > 0; pieces--) {
    const piece = Buffer.from(textOf(random).repeat(random(3) === 0 ? 4000 : 1), "latin1");
    stream.request = held === 0 ? piece : Buffer.concat([stream.request, piece]);
    held = host.call("proxy_on_request_body", context, stream.request.length, pieces === 1 ? random(2) : 0);
  }
  if (random(3) === 0) host.call("proxy_on_request_trailers", context, 0);
  for (let pieces = random(3); pieces > 0; pieces--) {
    stream.response = Buffer.from(random(4) === 0 ? "root:x:0:0:root:/root:/bin/bash\n" : textOf(random), "latin1");
    host.call("proxy_on_response_body", context, stream.response.length, random(2));
  }
  if (random(3) === 0) host.call("proxy_on_response_trailers", context, 0);
  host.call("proxy_on_log", context);
  host.call("proxy_on_delete", context);
}

test("odd streams, in any order: no trap, no leak, whole records and answers, sums that add up", () => {
  const host = new HostStandIn();
  host.configuration = Buffer.from(
    JSON.stringify({
      policy: imageText({
        mode: "block",
        limits: { holdBytes: 4096 },
        failure: { oversize: "closed" },
        clientIP: { trustedCIDRs: ["203.0.113.0/24"] },
        blockPage: { html: "<p>{{reference}} {{time}} {{" },
      }),
      probe: true,
    }),
  );
  expect(host.call("proxy_on_configure", ROOT_CONTEXT, host.configuration.length)).toBe(1);
  const random = createRandom(SEED);
  for (let context = 2; context < 6000; context++) live(host, context, random);
  host.call("proxy_on_tick", ROOT_CONTEXT);
  expect([host.call("open_count"), host.call("blocks_used"), host.call("verify")]).toEqual([0, 0, 0]);
  expect(host.records.length).toBeGreaterThan(100);
  for (const record of host.records) expect(JSON.parse(record)).toMatchObject({ v: 1, source: "inline" });
  expect(new Set(host.answers.map(({ status }) => status))).toEqual(new Set([200, 403, 413, 503]));
  const counted = (name: string): number => host.counts.get(`merlon.${name}`) ?? 0;
  expect(counted("inspected") + counted("skipped.off") + counted("skipped.overlimit")).toBe(counted("requests"));
  expect(counted("records") + counted("records_dropped")).toBeGreaterThan(0);
});

test("odd configurations: each is taken or refused with one line, and the policy stays whole", () => {
  const random = createRandom(SEED);
  const host = new HostStandIn();
  const good = JSON.stringify({ policy: imageText({ mode: "block" }), mode: "block", records: false, responses: true });
  let taken = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(good, "latin1");
    for (let changes = random(3); changes > 0; changes--) bytes[random(bytes.length)] = random(256);
    host.configuration = bytes.subarray(0, random(4) === 0 ? random(bytes.length) : bytes.length);
    host.logs.length = 0;
    const outcome = host.call("proxy_on_configure", ROOT_CONTEXT, host.configuration.length);
    taken += outcome;
    expect(host.logs).toHaveLength(outcome === 1 ? 0 : 1);
    expect(host.logs.join("")).toMatch(/^(?:|merlon: the configuration is refused: [ -~]+)$/);
    expect(host.call("verify")).toBe(0);
  }
  expect(taken).toBeGreaterThan(100);
});

test("more streams than there is room for are refused by the policy", () => {
  const host = new HostStandIn();
  expect(host.call("proxy_on_configure", ROOT_CONTEXT, 0)).toBe(1);
  const random = createRandom(SEED);
  host.stream = {
    ...oddStream(random),
    head: [
      [":method", "POST"],
      [":path", "/"],
    ],
  };
  for (let context = 2; context < 16_384 + 2; context++) {
    host.call("proxy_on_context_create", context, ROOT_CONTEXT);
    expect(host.call("proxy_on_request_headers", context, 0, 0)).toBe(1);
  }
  expect(host.answers).toEqual([]);
  host.call("proxy_on_context_create", 99_999, ROOT_CONTEXT);
  expect(host.call("proxy_on_request_headers", 99_999, 0, 0)).toBe(1);
  expect(host.answers).toMatchObject([{ status: 503, body: "" }]);
  for (let context = 2; context < 16_384 + 2; context++) host.call("proxy_on_delete", context);
  expect(host.call("open_count")).toBe(0);
});
