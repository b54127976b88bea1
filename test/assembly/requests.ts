/** Requests for unit tests of the core: what a request gives, in a line or two of test. */
import type { Core, Pair } from "./core.ts";
import { STATUS } from "./core.ts";

/** An attack that is caught wherever a value is looked at, and where it stands in a line. */
export const ATTACK = "../../../../etc/passwd";

/** What a test asks for; everything has an ordinary default. */
export interface Asked {
  readonly method?: string;
  readonly target?: string;
  readonly fields?: readonly Pair[];
  readonly type?: string;
  readonly body?: string | Uint8Array;
  readonly trailers?: readonly Pair[];
  readonly peer?: string;
  readonly source?: number;
  readonly authority?: string;
  /** Seconds since 1970. */
  readonly now?: number;
}

/** What the core said. */
export interface Given {
  readonly line: string;
  readonly record: Buffer;
  readonly limits: readonly string[];
  readonly anomalies: readonly string[];
  /** Points of the matches, in order. */
  readonly points: readonly string[];
  /** Statuses of the calls. */
  readonly statuses: readonly number[];
}

/** Sends one request and closes it. Strings hold one byte a character. */
export function ask(core: Core, asked: Asked): Given {
  const { method = "GET", target = "/", fields = [], type, body = "", trailers = [], peer = "192.0.2.1" } = asked;
  const handle = core.begin(peer, asked.now ?? 0, asked.source ?? 0);
  const authority = asked.authority ?? "shop.example";
  const head: Pair[] = [[":method", method], [":path", target], [":authority", authority], ...fields];
  if (type !== undefined) head.push(["content-type", type]);
  const statuses = [core.pairs("tx_head", handle, head)];
  const bytes = typeof body === "string" ? Buffer.from(body, "latin1") : body;
  for (let at = 0; at < bytes.length; at += core.inputMax) {
    statuses.push(core.piece("tx_body", handle, bytes.subarray(at, at + core.inputMax)));
  }
  if (trailers.length > 0) statuses.push(core.pairs("tx_trailers", handle, trailers));
  statuses.push(core.end(handle));
  return close(core, handle, statuses);
}

/** Sends one raw request and closes it. */
export function askRaw(core: Core, raw: string): Given {
  const handle = core.begin();
  const statuses = [core.piece("tx_raw", handle, Buffer.from(raw, "latin1")), core.end(handle)];
  return close(core, handle, statuses);
}

function close(core: Core, handle: number, statuses: readonly number[]): Given {
  const [line, record] = [core.line(handle), core.record(handle)];
  if (core.free(handle) !== STATUS.pass) throw new Error("the transaction was not open");
  return {
    line,
    record,
    limits: core.names(record, "RESULT_LIMITS"),
    anomalies: core.names(record, "RESULT_ANOMALIES"),
    points: [...line.matchAll(/[a-z0-9-]+@(\S+) raw\[/g)].map(([, point = ""]) => point),
    statuses,
  };
}
