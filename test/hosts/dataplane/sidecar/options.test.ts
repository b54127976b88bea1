/** Options: defaults, and the name of the field in every refusal. */
import { describe, expect, test } from "vitest";
import { MerlonError } from "../../../../hosts/core/error.ts";
import {
  parseConfiguration,
  parsePeers,
  parseUpstream,
  type SidecarOptions,
} from "../../../../hosts/dataplane/sidecar/options.ts";
import { WordInspector } from "./word-inspector.ts";

const inspector = new WordInspector();

function refusalOf(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof MerlonError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("nothing was refused");
}

test("an upstream is all that must be given", () => {
  const configuration = parseConfiguration({ upstream: "http://127.0.0.1:3000", inspector });
  expect(configuration).toMatchObject({
    listen: { host: "127.0.0.1", port: 0 },
    holdBytes: 524288,
    failure: { trap: "open", unreachable: "open", overlimit: "closed", oversize: "open" },
    blockPage: { statusCode: 403 },
    timeouts: { headMs: 10000, bodyIdleMs: 30000, upstreamConnectMs: 5000, upstreamHeadMs: 60000 },
    upstreamTls: { insecure: false },
  });
});

test.each<[string, Partial<Record<string, unknown>>]>([
  ["holdBytes", { holdBytes: 12 }],
  ["listen.port", { listen: { port: 70000 } }],
  ["failure.trap", { failure: { trap: "maybe" } }],
  ["timeouts.headMs", { timeouts: { headMs: 0 } }],
  ["blockPage.statusCode", { blockPage: { statusCode: 200 } }],
  ["options", { hodlBytes: 5 }],
  ["tls.keyFile", { tls: { certFile: "a" } }],
])("%s is named when it is wrong", (field, wrong) => {
  const options: SidecarOptions = Object.assign({ upstream: "http://a", inspector }, wrong);
  const { code, message } = refusalOf(() => parseConfiguration(options));
  expect(code).toBe("MERLON_USAGE");
  expect(message).toContain(field);
});

describe("upstream addresses", () => {
  test.each([
    ["http://127.0.0.1:3000", { http2: false, secure: false, host: "127.0.0.1", port: 3000 }],
    ["http://app", { http2: false, secure: false, host: "app", port: 80 }],
    ["https://app", { http2: false, secure: true, host: "app", port: 443 }],
    ["h2c://[::1]:50051", { http2: true, secure: false, host: "::1", port: 50051, origin: "http://[::1]:50051" }],
    ["h2://app:8443/", { http2: true, secure: true, host: "app", port: 8443, origin: "https://app:8443" }],
  ])("%s is understood", (text, expected) => {
    expect(parseUpstream(text)).toMatchObject(expected);
  });

  test.each([
    ["127.0.0.1:3000", "scheme"],
    ["ftp://127.0.0.1", "scheme"],
    ["http://", "scheme"],
    ["http://a b", "not an address"],
    ["http://user:hunter2@a", "password"],
    ["http://a/path", "path"],
    ["http://a/?q", "path"],
    ["http://a:99999", "not an address"],
  ])("%s is refused for its %s", (text, reason) => {
    const { code, message } = refusalOf(() => parseUpstream(text));
    expect(code).toBe("MERLON_UPSTREAM");
    expect(message).toContain(reason);
    expect(message).not.toContain("hunter2");
  });
});

describe("trusted peers", () => {
  const peers = parsePeers(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);

  test.each([
    ["10.255.0.1", "ipv4", true],
    ["11.0.0.1", "ipv4", false],
    ["192.0.2.7", "ipv4", true],
    ["192.0.2.8", "ipv4", false],
    ["2001:db8:ffff::1", "ipv6", true],
    ["2001:db9::1", "ipv6", false],
  ] as const)("whether %s is one: %s, %s", (address, family, expected) => {
    expect(peers.check(address, family)).toBe(expected);
  });

  test.each(["10.0.0.0/33", "10.0.0", "::/129", "a/8", "10.0.0.0/8/8", "10.0.0.0/", "10.0.0.0/-1"])(
    "%s is refused",
    (entry) => {
      const { code, message } = refusalOf(() => parsePeers([entry]));
      expect(code).toBe("MERLON_USAGE");
      expect(message).toContain(entry);
    },
  );
});
