/**
 * What `startSidecar` can be told, with the defaults, and the check of it. Everything wrong is refused at start with
 * the name of the field: a proxy that runs with half of its configuration is worse than one that does not start.
 */
import { BlockList, isIP } from "node:net";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { holdingFields, listenSchema, milliseconds, parseOptions, tlsFields } from "../../core/host-options.ts";
import type { HostPolicy } from "../../core/host-policy.ts";
import type { InspectionContext, VerdictEvent } from "../../core/inspection.ts";
import type { TlsNotice } from "../../core/tls-material.ts";
import type { Inspector } from "../../core/verdict.ts";

const timeoutsSchema = z.strictObject({
  /** A request head, a PROXY header or a TLS handshake must be complete after this. */
  headMs: milliseconds.min(1).default(10_000),
  /** Longest pause between two pieces of a request body. */
  bodyIdleMs: milliseconds.min(1).default(30_000),
  /** Time for a whole request; each KiB of body that came adds a second, so that only crawling uploads are cut. */
  requestMs: milliseconds.min(1).default(300_000),
  /** Longest time that a client may leave a response unread. */
  sendIdleMs: milliseconds.min(1).default(60_000),
  upstreamConnectMs: milliseconds.min(1).default(5_000),
  /** From the end of the request to the response head; also how long an upstream may leave a body unread. */
  upstreamHeadMs: milliseconds.min(1).default(60_000),
  /** How long a connection without a request is kept. */
  idleMs: milliseconds.min(1).default(65_000),
});

const configurationSchema = z.strictObject({
  upstream: z.string().min(1).max(512),
  listen: listenSchema,
  tls: z
    .strictObject({
      ...tlsFields,
      /** Refuse clients that do not speak TLS; by default the port takes both. */
      required: z.boolean().default(false),
    })
    .optional(),
  upstreamTls: z
    .strictObject({
      caFile: z.string().min(1).optional(),
      /** Accepts any certificate. There is no other way to reach an upstream whose certificate does not verify. */
      insecure: z.boolean().default(false),
      /** Name to ask for and verify, where it is not the upstream's host. */
      serverName: z.string().min(1).max(255).optional(),
    })
    .prefault({}),
  proxyProtocol: z.strictObject({ trustedPeers: z.array(z.string()).min(1).max(256) }).optional(),
  ...holdingFields,
  timeouts: timeoutsSchema.prefault({}),
  /** Size of a request head; larger ones are answered 431. */
  headBytes: z
    .int()
    .min(1024)
    .max(256 * 1024)
    .default(32 * 1024),
  maxConnections: z.int().min(1).max(1_000_000).default(16_384),
  /** Requests in progress at one time; more are answered 503. */
  maxRequests: z.int().min(1).max(1_000_000).default(10_000),
});

/** The checked configuration, all defaults filled in. */
export type SidecarConfiguration = z.output<typeof configurationSchema>;

/** Something that an operator should know and that no request is to blame for. */
export type SidecarNotice = TlsNotice | { readonly event: "upstream_insecure"; readonly detail: string };

/** The public options: the configuration as an operator writes it, the core, and who wants to hear of what. */
export interface SidecarOptions extends z.input<typeof configurationSchema> {
  readonly inspector: Inspector;
  /** The policy in force, asked for each request; without it `holdBytes`, `failure` and `blockPage` stand for ever. */
  readonly policy?: () => HostPolicy;
  /** Called for each inspected request, synchronously: it must be quick and must not throw. */
  readonly onVerdict?: (event: VerdictEvent) => void;
  /** Takes requests for an inventory; see `InspectionContext`. */
  readonly sample?: InspectionContext["sample"];
  readonly onNotice?: (notice: SidecarNotice) => void;
}

/**
 * Checks the configuration part of the options.
 * @throws MerlonError MERLON_USAGE naming the field
 */
export function parseConfiguration(options: SidecarOptions): SidecarConfiguration {
  const { inspector: _inspector, policy: _policy, onVerdict: _onVerdict, sample: _sample, ...rest } = options;
  const { onNotice: _onNotice, ...written } = rest;
  return parseOptions("sidecar", configurationSchema, written);
}

/** Where requests go. `http2` is true where the upstream is spoken to in HTTP/2 from the first byte. */
export interface UpstreamAddress {
  readonly http2: boolean;
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** For people and for connecting: `http://127.0.0.1:3000`. */
  readonly origin: string;
}

/**
 * Reads the upstream's address: `http`, `https`, `h2c` (HTTP/2 without TLS) or `h2` (with), host and port only.
 * @throws MerlonError MERLON_UPSTREAM
 */
export function parseUpstream(text: string): UpstreamAddress {
  const schemes: Record<string, { web: string; http2: boolean; secure: boolean }> = {
    http: { web: "http", http2: false, secure: false },
    https: { web: "https", http2: false, secure: true },
    h2c: { web: "http", http2: true, secure: false },
    h2: { web: "https", http2: true, secure: true },
  };
  const wanted = "expected http://host:port, https://host:port, h2c://host:port or h2://host:port";
  const match = /^([a-z0-9]{2,5}):\/\/(.+)$/i.exec(text);
  const scheme = schemes[match?.[1]?.toLowerCase() ?? ""];
  if (!match || !scheme) throw new MerlonError("MERLON_UPSTREAM", `the upstream has no usable scheme: ${wanted}`);
  let url: URL;
  try {
    url = new URL(`${scheme.web}://${match[2]}`);
  } catch (cause) {
    throw new MerlonError("MERLON_UPSTREAM", `the upstream is not an address: ${wanted}`, { cause });
  }
  if (url.username || url.password) {
    throw new MerlonError("MERLON_UPSTREAM", "the upstream must not hold a user name or password");
  }
  if (url.pathname !== "/" || url.search || url.hash) {
    throw new MerlonError("MERLON_UPSTREAM", `the upstream must not hold a path or query: ${wanted}`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (scheme.secure ? 443 : 80) : Number(url.port);
  return { http2: scheme.http2, secure: scheme.secure, host, port, origin: url.origin };
}

/**
 * Makes a matcher of addresses from `10.0.0.0/8` and single addresses.
 * @throws MerlonError MERLON_USAGE naming the entry
 */
export function parsePeers(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits, ...rest] = entry.split("/");
    const version = isIP(address);
    const family = version === 6 ? "ipv6" : "ipv4";
    const widest = version === 6 ? 128 : 32;
    const size = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (version === 0 || rest.length > 0 || !(size <= widest)) {
      throw new MerlonError("MERLON_USAGE", `proxyProtocol.trustedPeers: "${entry}" is not an address or CIDR`);
    }
    list.addSubnet(address, size, family);
  }
  return list;
}
