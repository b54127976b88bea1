/** Policy images through the real core: every field has the effect that the policy says, and bad images have none. */
import { crc32 } from "node:zlib";
import { beforeEach, describe, expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import type { Mode, Verdict } from "../../../hosts/core/verdict.ts";
import { compilePolicy, IMAGE_BYTES_MAX } from "../../../hosts/policy/image.ts";
import { parsePolicy } from "../../../hosts/policy/policy-text.ts";
import { API_VERSION, defaultPolicy, settingsSchema } from "../../../hosts/policy/schema.ts";

/** Recognised by every version of the core. */
const ATTACK = "file=../../../../../../etc/passwd";
const PEER = "203.0.113.7";
/** What a host's lists say of a client, as `Engine.begin` takes it. */
const SOURCES = { none: 0, allow: 1, deny: 2, gray: 3 } as const;

type Written = Parameters<typeof settingsSchema.parse>[0];

let engine: Engine;

beforeEach(() => {
  engine = Engine.load();
});

function load(written: Written, slot: "active" | "shadow" = "active"): void {
  engine.loadPolicy(slot, compilePolicy(settingsSchema.parse(written)));
}

interface Sent {
  readonly method?: string;
  readonly headers?: string[];
  readonly body?: Buffer;
  readonly peer?: string;
  readonly source?: number;
}

function send(target: string, sent: Sent = {}): Verdict {
  const { method = "GET", headers: rawHeaders = [], body, peer = PEER, source = 0 } = sent;
  const transaction = engine.begin(peer, 1_800_000_000, source);
  transaction.head({ method, target, authority: "shop.example", scheme: "http", rawHeaders });
  if (body !== undefined) transaction.body(body);
  transaction.end();
  const verdict = transaction.verdict();
  transaction.free();
  return verdict;
}

/**
 * The modes of a documented console with one general mode and three rules, and what counts for a request.
 * Source: https://docs.wallarm.com/admin-en/configure-wallarm-mode/ "Configuration example"
 */
const CONSOLE = {
  mode: "monitoring",
  rules: [
    { method: "POST", path: "/main/apply", mode: "default" },
    { path: "/main", mode: "block" },
    { path: "/main/login", mode: "monitoring" },
  ],
};

describe("modes", () => {
  test.each<{ request: string; local: Mode; override: string; effective: Mode }>([
    { request: "GET /news", local: "monitoring", override: "off", effective: "monitoring" },
    { request: "GET /main", local: "monitoring", override: "off", effective: "monitoring" },
    { request: "GET /main/login", local: "block", override: "strict", effective: "block" },
    { request: "GET /main/signup", local: "monitoring", override: "strict", effective: "block" },
    { request: "GET /main/apply", local: "block", override: "on", effective: "block" },
    { request: "POST /main/apply", local: "block", override: "on", effective: "block" },
    { request: "GET /main/feedback", local: "safe_blocking", override: "off", effective: "safe_blocking" },
    // Beyond the documented seven.
    { request: "POST /main/apply", local: "off", override: "on", effective: "off" },
    { request: "GET /main/login", local: "block", override: "on", effective: "monitoring" },
    { request: "GET /mainly", local: "off", override: "on", effective: "monitoring" },
    { request: "GET /main?next=/main/login", local: "off", override: "on", effective: "block" },
    { request: "GET /news?next=/main", local: "off", override: "on", effective: "monitoring" },
  ])("$request: $local, override $override, gives $effective", ({ request, local, override, effective }) => {
    const [method = "", target = ""] = request.split(" ");
    load({ mode: local, modeAllowOverride: override, console: CONSOLE });
    // The request before must not lend its path or method to the next.
    for (const before of ["/", "/main/login", "/main/apply"]) {
      send(before, { method: "POST" });
      expect(send(target, { method }).mode).toBe(effective);
    }
  });

  /**
   * What each mode does with attacks and listed sources; `null`: nobody looks.
   * Source: the same documentation, "Available filtration modes", and its IP lists' overview.
   */
  test.each<{ mode: Mode; source: keyof typeof SOURCES; attack: string | null; clean: string }>([
    { mode: "off", source: "none", attack: null, clean: "pass" },
    { mode: "off", source: "allow", attack: null, clean: "pass" },
    { mode: "off", source: "deny", attack: null, clean: "pass" },
    { mode: "off", source: "gray", attack: null, clean: "pass" },
    { mode: "monitoring", source: "none", attack: "pass", clean: "pass" },
    { mode: "monitoring", source: "allow", attack: "pass", clean: "pass" },
    { mode: "monitoring", source: "deny", attack: "block", clean: "block" },
    { mode: "monitoring", source: "gray", attack: "pass", clean: "pass" },
    { mode: "safe_blocking", source: "none", attack: "pass", clean: "pass" },
    { mode: "safe_blocking", source: "allow", attack: "pass", clean: "pass" },
    { mode: "safe_blocking", source: "deny", attack: "block", clean: "block" },
    { mode: "safe_blocking", source: "gray", attack: "block", clean: "pass" },
    { mode: "block", source: "none", attack: "block", clean: "pass" },
    { mode: "block", source: "allow", attack: "pass", clean: "pass" },
    { mode: "block", source: "deny", attack: "block", clean: "block" },
    { mode: "block", source: "gray", attack: "block", clean: "pass" },
  ])("$mode with a source listed $source", ({ mode, source, attack, clean }) => {
    load({ mode });
    const attacked = send(`/?${ATTACK}`, { source: SOURCES[source] });
    expect(attacked.action).toBe(attack ?? "pass");
    expect(attacked.matches.length > 0).toBe(attack !== null);
    expect(send("/?file=report.pdf", { source: SOURCES[source] })).toMatchObject({ action: clean, matches: [] });
  });
});

describe("a field of the policy", () => {
  test("trustedCIDRs finds the client behind trusted proxies, in both versions of IP", () => {
    load({ clientIP: { trustedCIDRs: ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"], header: "x-forwarded-for" } });
    const seen = (peer: string, hops: string): string =>
      send("/", { peer, headers: ["x-forwarded-for", hops] }).clientIp;
    expect(seen("10.1.2.3", "198.51.100.4")).toBe("198.51.100.4");
    expect(seen("2001:db8::1", "198.51.100.4")).toBe("198.51.100.4");
    expect(seen("2001:db9::1", "198.51.100.4")).toBe("2001:db9::1");
    expect(seen("11.0.0.1", "198.51.100.4")).toBe("11.0.0.1");
    expect(seen("10.1.2.3", "203.0.113.9, 198.51.100.4, 192.0.2.1")).toBe("198.51.100.4");
    expect(seen("10.1.2.3", "198.51.100.4, 192.0.2.2")).toBe("192.0.2.2");
    load({});
    expect(seen("10.1.2.3", "198.51.100.4")).toBe("10.1.2.3");
  });

  test("mask hides a named value whole, whatever the case, and no other", () => {
    const shown = (name: string): string => {
      const [match] = send(`/?${name}=../../../../../../etc/passwd`).matches;
      return Buffer.from(match?.layers[0]?.excerpt ?? []).toString("latin1");
    };
    load({});
    expect(shown("nickname")).toContain("etc/passwd");
    load({ mask: ["NickName", "iban"] });
    expect(shown("nickname")).toMatch(/^\*+$/);
    expect(shown("nicknames")).toContain("etc/passwd");
  });

  test("disable takes one signature out and leaves it in the matches", () => {
    const stamps = [...new Set(send(`/?${ATTACK}`).matches.map(({ stamp }) => stamp))];
    load({ mode: "block", disable: { stamps } });
    const verdict = send(`/?${ATTACK}`);
    expect(verdict).toMatchObject({ action: "pass", wouldAction: "pass" });
    expect(verdict.matches.length).toBeGreaterThan(0);
    load({ mode: "block", disable: { stamps: ["no-such-stamp"] } });
    expect(send(`/?${ATTACK}`).action).toBe("block");
  });

  test("inspectBytes ends the inspection of a body, and says so", () => {
    const body = Buffer.concat([Buffer.alloc(3000, "a"), Buffer.from(` ${ATTACK}`)]);
    const headers = ["content-type", "text/plain"];
    load({ mode: "block", limits: { inspectBytes: 2048 } });
    const short = send("/", { method: "POST", headers, body });
    expect(short).toMatchObject({ inspectedBytes: 2048, limits: ["oversize"] });
    load({ mode: "block", limits: { inspectBytes: "4Ki" } });
    expect(send("/", { method: "POST", headers, body })).toMatchObject({ inspectedBytes: body.length, limits: [] });
  });

  test("loaded into the shadow slot shows what it would do and does nothing", () => {
    load({ mode: "monitoring" });
    load({ mode: "block" }, "shadow");
    expect(send(`/?${ATTACK}`)).toMatchObject({ action: "pass", shadowAction: "block" });
    expect(send("/")).toMatchObject({ action: "pass", shadowAction: "pass" });
    engine.clearPolicy("shadow");
    expect(send(`/?${ATTACK}`).shadowAction).toBeNull();
  });

  test("stands in the image where the core and the filter in Envoy read it", () => {
    const image = Buffer.from(
      compilePolicy(settingsSchema.parse({ limits: { holdBytes: "1Mi" }, failure: { unreachable: "closed" } })),
    );
    expect(image.readUInt32LE(20)).toBe(10 * 1024 * 1024);
    expect(image.readUInt32LE(24)).toBe(1024 * 1024);
    expect([...image.subarray(28, 32)]).toEqual([0, 1, 1, 0]);
  });
});

/** The image of a policy with scopes, as a file would have them. */
function policyOf(settings: Written, scopes: readonly object[] = []): Uint8Array {
  const document: object = { apiVersion: API_VERSION, kind: "WafPolicy", spec: { defaults: settings, scopes } };
  return compilePolicy(parsePolicy(JSON.stringify(document), "merlon.json"));
}

describe("an image", () => {
  test("depends on what the policy says and not on how it is written", () => {
    const image = compilePolicy(settingsSchema.parse({ mask: ["a", "b"] }));
    expect(compilePolicy(settingsSchema.parse({ mask: ["B", "a", "b"] }))).toEqual(image);
    expect(compilePolicy(settingsSchema.parse({ mask: ["a", "c"] }))).not.toEqual(image);
  });

  test("has at most the bytes that the core has room for", () => {
    expect(IMAGE_BYTES_MAX).toBe(engine.constant("POLICY_BYTES_MAX"));
    const scopes = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        match: { path: `/${index}` },
        blockPage: { html: `${index} ${"x".repeat(32_000)}` },
      }));
    const most = policyOf({}, scopes(120));
    expect(most.length).toBeGreaterThan(engine.constant("INPUT_BYTES_MAX"));
    engine.loadPolicy("active", most);
    expect(() => policyOf({}, scopes(140))).toThrow(/too large/);
  });

  const mutations: { name: string; change: (image: Buffer) => Buffer; sum?: false }[] = [
    { name: "cut short", change: (image) => image.subarray(0, image.length - 1) },
    { name: "with a byte more", change: (image) => Buffer.concat([image, Buffer.alloc(1)]) },
    { name: "of a head alone, cut", change: (image) => image.subarray(0, 31) },
    { name: "without bytes", change: () => Buffer.alloc(0) },
    { name: "with another magic number", change: (image) => put(image, 0, 0x4e) },
    { name: "of another version", change: (image) => put(image, 4, 3) },
    { name: "of no version", change: (image) => put(image, 4, 0) },
    { name: "with a wrong checksum", change: (image) => put(image, 12, image.readUInt8(12) ^ 1), sum: false },
    { name: "changed behind its checksum", change: (image) => put(image, image.length - 1, 1), sum: false },
    { name: "with an unknown mode", change: (image) => put(image, 16, 4) },
    { name: "with an unknown override", change: (image) => put(image, 17, 3) },
    { name: "with an unknown console mode", change: (image) => put(image, 18, 4) },
    { name: "with more sections than bytes", change: (image) => put(image, 7, 0xff) },
    { name: "with a section that begins behind its end", change: (image) => put(image, 39, 0xff) },
    { name: "with a section that ends behind its end", change: (image) => put(image, 43, 0xff) },
    { name: "with a section that no reader may skip", change: (image) => put(image, 32, 99) },
  ];

  function put(image: Buffer, at: number, byte: number): Buffer {
    const changed = Buffer.from(image);
    changed.writeUInt8(byte, at);
    return changed;
  }

  function withSum(image: Buffer): Buffer {
    const changed = Buffer.from(image);
    if (changed.length > 16) changed.writeUInt32LE(crc32(changed.subarray(16)), 12);
    return changed;
  }

  test.each(mutations)("$name is refused and changes nothing", ({ change, sum }) => {
    const good = Buffer.from(compilePolicy(settingsSchema.parse({ mode: "block", mask: ["nickname"] })));
    engine.loadPolicy("active", good);
    const bad = sum === false ? change(good) : withSum(change(good));
    expect(() => engine.loadPolicy("active", bad)).toThrow(
      expect.objectContaining({ code: "MERLON_POLICY_VERSION" }) as Error,
    );
    expect(send("/").mode).toBe("block");
    expect(engine.verify()).toBe(true);
  });

  test("with an unknown section that may be skipped is read", () => {
    const good = Buffer.from(compilePolicy(settingsSchema.parse({ mode: "block", mask: ["nickname"] })));
    const later = put(put(good, 32, 99), 34, 1);
    engine.loadPolicy("active", withSum(later));
    expect(send("/").mode).toBe("block");
  });

  test("of the default policy acts as the policy built into the core", () => {
    const before = [send("/"), send(`/?${ATTACK}`), send("/", { headers: ["x-forwarded-for", "192.0.2.1"] })];
    engine.loadPolicy("active", compilePolicy(defaultPolicy));
    expect([send("/"), send(`/?${ATTACK}`), send("/", { headers: ["x-forwarded-for", "192.0.2.1"] })]).toEqual(before);
  });
});
