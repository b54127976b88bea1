/**
 * What `startExtProc` can be told, with the defaults, and the check of it. Everything wrong is refused at start with
 * the name of the field.
 */
import { z } from "zod";
import { holdingFields, listenSchema, milliseconds, parseOptions, tlsFields } from "../../core/host-options.ts";
import type { HostPolicy } from "../../core/host-policy.ts";
import type { InspectionContext, VerdictEvent } from "../../core/inspection.ts";
import type { TlsNotice } from "../../core/tls-material.ts";
import type { Inspector, Mode } from "../../core/verdict.ts";

const KIBI = 1024;
const MEBI = 1024 * KIBI;

const configurationSchema = z.strictObject({
  listen: listenSchema,
  tls: z
    .strictObject({
      ...tlsFields,
      /** Authorities (PEM) of which every client must show a certificate; without it, anyone may connect. */
      clientCaFile: z.string().min(1).optional(),
    })
    .optional(),
  ...holdingFields,
  /** Size of one message: Envoy's buffer limit and a head go into it. */
  messageBytesMax: z
    .int()
    .min(64 * KIBI)
    .max(256 * MEBI)
    .default(17 * MEBI),
  timeouts: z
    .strictObject({
      /** Longest pause on a stream, above Envoy's own for a request (5 min). */
      streamIdleMs: milliseconds.min(1).default(330_000),
      /** How long a connection without a stream is kept. */
      idleMs: milliseconds.min(1).default(3_600_000),
    })
    .prefault({}),
  /** Streams that one connection may have open; Envoy opens one for each request. */
  maxStreams: z.int().min(1).max(1_000_000).default(16_384),
  maxConnections: z.int().min(1).max(100_000).default(1024),
});

/** The checked configuration, all defaults filled in. */
export type ExtProcConfiguration = z.output<typeof configurationSchema>;

/** Something that an operator should know and that no request is to blame for. */
export type ExtProcNotice = TlsNotice | { readonly event: "unknown_route_mode"; readonly detail: string };

/** The public options: the configuration as an operator writes it, the core, and who wants to hear of what. */
export interface ExtProcOptions extends z.input<typeof configurationSchema> {
  /** The core for a mode that a route asks for; for null, the core with the policy's own mode. */
  readonly inspectorFor: (mode: Mode | null) => Inspector;
  /** The policy in force, asked for each request; without it `holdBytes`, `failure` and `blockPage` stand for ever. */
  readonly policy?: () => HostPolicy;
  /** Called for each inspected request, synchronously: it must be quick and must not throw. */
  readonly onVerdict?: (event: VerdictEvent) => void;
  /** Takes requests for an inventory; see `InspectionContext`. */
  readonly sample?: InspectionContext["sample"];
  readonly onNotice?: (notice: ExtProcNotice) => void;
}

/**
 * Checks the configuration part of the options.
 * @throws MerlonError MERLON_USAGE naming the field
 */
export function parseConfiguration(options: ExtProcOptions): ExtProcConfiguration {
  const { inspectorFor: _for, policy: _policy, onVerdict: _onVerdict, sample: _sample, ...rest } = options;
  const { onNotice: _onNotice, ...written } = rest;
  return parseOptions("ext_proc", configurationSchema, written);
}
