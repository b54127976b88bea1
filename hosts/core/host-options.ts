/** Options that every host in the path has, and how options are checked: each wrong one is refused by its name. */
import { z } from "zod";
import { MerlonError } from "./error.ts";

const KIBI = 1024;
const MEBI = 1024 * KIBI;

/** What happens where the core has no answer. */
export const openOrClosed = z.enum(["open", "closed"]);
/** At most a day. */
export const milliseconds = z.int().min(0).max(86_400_000);

/** `failure` of a policy and of a host without one. */
export const failureSchema = z
  .strictObject({
    trap: openOrClosed.default("open"),
    unreachable: openOrClosed.default("open"),
    overlimit: openOrClosed.default("closed"),
    oversize: openOrClosed.default("open"),
  })
  .prefault({});

/** Where to listen; port 0 takes any free one. */
export const listenSchema = z
  .strictObject({ host: z.string().min(1).max(255).default("127.0.0.1"), port: z.int().min(0).max(65535).default(0) })
  .prefault({});

/** Files of a certificate and its key, PEM. */
export const tlsFields = {
  certFile: z.string().min(1),
  keyFile: z.string().min(1),
  /** How often the files are looked at for new ones. */
  reloadMs: milliseconds.min(50).default(10_000),
};

/** What a host that holds bodies back is told; without a policy the first three stand for ever. */
export const holdingFields = {
  /** Body bytes of one request that are withheld until the verdict. */
  holdBytes: z
    .int()
    .min(KIBI)
    .max(64 * MEBI)
    .default(512 * KIBI),
  failure: failureSchema,
  blockPage: z.strictObject({ statusCode: z.int().min(400).max(599).default(403) }).prefault({}),
  /** Body bytes that all requests together may have withheld. */
  heldBytesMax: z
    .int()
    .min(KIBI)
    .default(128 * MEBI),
  /** Whether responses go through the core as well, up to a bounded number of bytes. */
  inspectResponses: z.boolean().default(true),
};

/**
 * Checks options.
 * @param host as people know it, for the message
 * @throws MerlonError MERLON_USAGE naming the field
 */
export function parseOptions<T extends z.ZodType>(host: string, schema: T, written: unknown): z.output<T> {
  const parsed = schema.safeParse(written);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join(".") || "options";
  throw new MerlonError("MERLON_USAGE", `${host} option ${field}: ${issue?.message ?? "not valid"}`, {
    cause: parsed.error,
  });
}
