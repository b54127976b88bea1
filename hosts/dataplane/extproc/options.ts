/**
 * What `startExtProc` can be told, with the defaults, and the check of it. Everything wrong is refused at start with
 * the name of the field.
 */
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import type { HostPolicy } from "../../core/host-policy.ts";
import type { VerdictEvent } from "../../core/inspection.ts";
import type { Inspector, Mode } from "../../core/verdict.ts";

const openOrClosed = z.enum(["open", "closed"]);
const KIBI = 1024;
const MEBI = 1024 * KIBI;
const milliseconds = z.int().min(1).max(86_400_000);

const configurationSchema = z.strictObject({
  listen: z
    .strictObject({ host: z.string().min(1).max(255).default("127.0.0.1"), port: z.int().min(0).max(65535).default(0) })
    .prefault({}),
  tls: z
    .strictObject({
      certFile: z.string().min(1),
      keyFile: z.string().min(1),
      /** Authorities (PEM) of which every client must show a certificate; without it, anyone may connect. */
      clientCaFile: z.string().min(1).optional(),
      /** How often the files are looked at for new ones. */
      reloadMs: milliseconds.min(50).default(10_000),
    })
    .optional(),
  /** Body bytes of one request that are withheld until the verdict, where Envoy leaves that to us. */
  holdBytes: z
    .int()
    .min(KIBI)
    .max(64 * MEBI)
    .default(512 * KIBI),
  /** Bytes that all requests together may have withheld or waiting. */
  heldBytesMax: z
    .int()
    .min(KIBI)
    .default(128 * MEBI),
  /** Size of one message: Envoy's buffer limit and a head go into it. */
  messageBytesMax: z
    .int()
    .min(64 * KIBI)
    .max(256 * MEBI)
    .default(17 * MEBI),
  /** The defaults are those of the policy file. */
  failure: z
    .strictObject({
      trap: openOrClosed.default("open"),
      unreachable: openOrClosed.default("open"),
      overlimit: openOrClosed.default("closed"),
      oversize: openOrClosed.default("open"),
    })
    .prefault({}),
  blockPage: z.strictObject({ statusCode: z.int().min(400).max(599).default(403) }).prefault({}),
  timeouts: z
    .strictObject({
      /** Longest pause on a stream, above Envoy's own for a request (5 min). */
      streamIdleMs: milliseconds.default(330_000),
      /** How long a connection without a stream is kept. */
      idleMs: milliseconds.default(3_600_000),
    })
    .prefault({}),
  /** Streams that one connection may have open; Envoy opens one for each request. */
  maxStreams: z.int().min(1).max(1_000_000).default(16_384),
  maxConnections: z.int().min(1).max(100_000).default(1024),
  /** Whether responses, where Envoy sends them, go through the core. */
  inspectResponses: z.boolean().default(true),
});

/** The checked configuration, all defaults filled in. */
export type ExtProcConfiguration = z.output<typeof configurationSchema>;

/** Something that an operator should know and that no request is to blame for. */
export interface ExtProcNotice {
  readonly event: "tls_reloaded" | "tls_reload_failed" | "unknown_route_mode";
  readonly detail: string;
}

/** The public options: the configuration as an operator writes it, the core, and who wants to hear of what. */
export interface ExtProcOptions extends z.input<typeof configurationSchema> {
  /** The core for a mode that a route asks for; for null, the core with the policy's own mode. */
  readonly inspectorFor: (mode: Mode | null) => Inspector;
  /** The policy in force, asked for each request; without it `holdBytes`, `failure` and `blockPage` stand for ever. */
  readonly policy?: () => HostPolicy;
  /** Called for each inspected request, synchronously: it must be quick and must not throw. */
  readonly onVerdict?: (event: VerdictEvent) => void;
  readonly onNotice?: (notice: ExtProcNotice) => void;
}

/**
 * Checks the configuration part of the options.
 * @throws MerlonError MERLON_USAGE naming the field
 */
export function parseConfiguration(options: ExtProcOptions): ExtProcConfiguration {
  const { inspectorFor: _for, policy: _policy, onVerdict: _onVerdict, onNotice: _onNotice, ...written } = options;
  const parsed = configurationSchema.safeParse(written);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join(".") || "options";
  throw new MerlonError("MERLON_USAGE", `ext_proc option ${field}: ${issue?.message ?? "not valid"}`, {
    cause: parsed.error,
  });
}
