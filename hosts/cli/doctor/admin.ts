/** Envoy's admin interface: what is asked of it, bounded in bytes and time. */
import { MerlonError } from "../../core/error.ts";
import { type Configuration, readDump } from "./config-dump.ts";

/** All that the doctor knows of an Envoy. */
export interface Patient {
  readonly version: string;
  readonly configuration: Configuration;
  /** Counters and gauges by name. */
  readonly stats: ReadonlyMap<string, number>;
}

const ANSWER_MS = 10_000;
/** A gateway with thousands of routes has a dump of some tens of megabytes. */
const ANSWER_BYTES_MAX = 256 << 20;

/**
 * Asks an Envoy for everything.
 * @param url of the admin interface
 * @throws MerlonError MERLON_INPUT when it does not answer, or is none
 */
export async function examine(url: URL): Promise<Patient> {
  const info = await get(url, "/server_info");
  const version = /"version":\s*"[^"]*\/(\d+\.\d+\.\d+)\//.exec(info)?.[1];
  if (version === undefined) {
    const why = "its /server_info names no version of Envoy";
    throw new MerlonError("MERLON_INPUT", `${url.origin} is no admin interface — ${why}; give that of Envoy's admin`);
  }
  const stats = new Map<string, number>();
  for (const [, name = "", value] of (await get(url, "/stats")).matchAll(/^(\S+): (\d+)$/gm)) {
    stats.set(name, Number(value));
  }
  return { version, configuration: readConfiguration(url, await get(url, "/config_dump")), stats };
}

function readConfiguration(url: URL, text: string): Configuration {
  try {
    return readDump(JSON.parse(text));
  } catch (cause) {
    const why = "its /config_dump is not what this version of Merlon reads";
    throw new MerlonError("MERLON_INPUT", `${url.origin} cannot be examined — ${why}; please report it`, { cause });
  }
}

async function get(url: URL, path: string): Promise<string> {
  const fail = (why: string, cause?: unknown): MerlonError => {
    const fix = "start it, or forward its port (kubectl port-forward <pod> 15000)";
    return new MerlonError("MERLON_INPUT", `${url.origin}${path} does not answer — ${why}; ${fix}`, { cause });
  };
  let response: Response;
  try {
    response = await fetch(new URL(path, url.origin), { signal: AbortSignal.timeout(ANSWER_MS), redirect: "error" });
  } catch (cause) {
    throw fail("there is no connection, or it took too long", cause);
  }
  if (!response.ok) throw fail(`it says ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > ANSWER_BYTES_MAX) throw fail(`it is longer than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
