/** Dumps by hand: what is read of them, whatever else they hold. Real ones: checks.test.ts. */
import { expect, test } from "vitest";
import { readDump, speaksHttp2 } from "../../../../hosts/cli/doctor/config-dump.ts";

const TYPES = "type.googleapis.com/envoy.admin.v3";
const manager = (name: string): object => ({
  name: "http",
  typed_config: { "@type": "type.googleapis.com/a.b.HttpConnectionManager", http_filters: [{ name }], other: 1 },
});

test("listeners of all kinds, what discovery brought, and what was rejected", () => {
  const { managers, discovered, errors, clusters } = readDump({
    configs: [
      { "@type": `${TYPES}.BootstrapConfigDump`, bootstrap: {} },
      {
        "@type": `${TYPES}.ListenersConfigDump`,
        static_listeners: [
          { listener: { name: "one", filter_chains: [{ filters: [manager("a"), { name: "tcp" }] }] } },
        ],
        dynamic_listeners: [
          {
            name: "two",
            active_state: {
              listener: {
                name: "two",
                default_filter_chain: { filters: [manager("b")] },
                per_connection_buffer_limit_bytes: 5,
              },
            },
          },
          { name: "three", error_state: { details: "no" } },
        ],
      },
      { "@type": `${TYPES}.EcdsConfigDump`, ecds_filters: [{ ecds_filter: { name: "c" } }, { error_state: {} }] },
      { "@type": `${TYPES}.ClustersConfigDump`, dynamic_active_clusters: [{ cluster: { name: "d" } }] },
    ],
  });
  expect(managers.map(({ listener, bufferBytes }) => [listener, bufferBytes])).toEqual([
    ["one", 1 << 20],
    ["two", 5],
  ]);
  expect([...discovered.keys(), ...clusters.keys()]).toEqual(["c", "d"]);
  expect(errors).toEqual(["no", ""]);
});

test.each([
  [{ name: "a" }, false],
  [{ name: "a", http2_protocol_options: {} }, true],
  [
    { name: "a", typed_extension_protocol_options: { h: { explicit_http_config: { http2_protocol_options: {} } } } },
    true,
  ],
  [
    { name: "a", typed_extension_protocol_options: { h: { explicit_http_config: { http_protocol_options: {} } } } },
    false,
  ],
])("%j speaks HTTP/2: %s", (cluster, expected) => {
  expect(speaksHttp2(cluster)).toBe(expected);
});

test("something else is no dump", () => {
  expect(() => readDump([])).toThrow();
});
