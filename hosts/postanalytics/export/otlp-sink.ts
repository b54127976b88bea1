/**
 * OpenTelemetry logs over HTTP, as JSON. Names are those of the semantic conventions: `http.*`, `url.*`,
 * `client.address`, and `security_rule.*`, which are still in development there.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import manifest from "../../../package.json" with { type: "json" };
import type { AttackRecord } from "../../records/record.ts";
import type { AddressGuard } from "./guarded-address.ts";
import { post } from "./http-delivery.ts";
import { RefusedError, type Sink } from "./sink.ts";

type AnyValue = { stringValue: string } | { intValue: string } | { arrayValue: { values: { stringValue: string }[] } };
interface Attribute {
  readonly key: string;
  readonly value: AnyValue;
}

const WARN = 13;
const ERROR = 17;

function attribute(key: string, value: string | number | readonly string[] | undefined | null): Attribute[] {
  if (value === undefined || value === null || value === "") return [];
  if (typeof value === "string") return [{ key, value: { stringValue: value } }];
  if (typeof value === "number") return [{ key, value: { intValue: String(Math.trunc(value)) } }];
  return [{ key, value: { arrayValue: { values: value.map((stringValue) => ({ stringValue })) } } }];
}

function nanos(at: number): string {
  return `${Math.trunc(at)}000000`;
}

function logRecord(record: AttackRecord, observed: number): object {
  const { request, response, hits, client, node, app, policy } = record;
  const types = [...new Set(hits.map(({ type }) => type))];
  const isBlocked = record.action === "blocked" || record.action === "partially_blocked";
  return {
    timeUnixNano: nanos(Date.parse(record.ts)),
    observedTimeUnixNano: nanos(observed),
    severityNumber: isBlocked || record.incident ? ERROR : WARN,
    severityText: isBlocked || record.incident ? "ERROR" : "WARN",
    eventName: "merlon.attack",
    body: { stringValue: `${types.join(", ")} ${record.action} ${request.method} ${request.path}` },
    attributes: [
      ...attribute("http.request.method", request.method),
      ...attribute("url.path", request.path),
      ...attribute("url.query", request.query),
      ...attribute("url.scheme", request.scheme),
      ...attribute("server.address", request.host),
      ...attribute("client.address", client.ip),
      ...attribute("http.response.status_code", response.status),
      ...attribute(
        "security_rule.name",
        hits.flatMap(({ stamps }) => stamps),
      ),
      ...attribute("security_rule.category", types),
      ...attribute("security_rule.ruleset.name", policy.ref),
      ...attribute("merlon.record.id", record.id),
      ...attribute("merlon.record.ref", record.ref),
      ...attribute("merlon.action", record.action),
      ...attribute("merlon.mode", record.mode),
      ...attribute(
        "merlon.points",
        hits.map(({ point_s }) => point_s),
      ),
      ...attribute("merlon.node", node.id),
      ...attribute("merlon.application", app.name),
      ...attribute("merlon.count", record.sampled.count_since_last),
    ],
    ...(/^[0-9a-f]{32}$/.test(request.trace_id ?? "") ? { traceId: request.trace_id } : {}),
  };
}

/** @returns an ExportLogsServiceRequest; @param observed milliseconds since 1970 */
export function otlpLogs(batch: readonly AttackRecord[], observed: number): object {
  const resource = {
    attributes: [...attribute("service.name", "merlon"), ...attribute("service.version", manifest.version)],
  };
  const scope = { name: "merlon", version: manifest.version };
  const logRecords = batch.map((record) => logRecord(record, observed));
  return { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] };
}

/** @returns a sink for a collector; @param url with its path, usually `/v1/logs` */
export function otlpSink(
  guard: AddressGuard,
  url: URL,
  bearer: string | undefined,
  now: () => number = Date.now,
): Sink {
  return {
    deliver: async (batch) => {
      const headers = {
        "content-type": "application/json",
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      };
      const answer = await post(guard, url, headers, JSON.stringify(otlpLogs(batch, now())));
      const rejected = /"rejectedLogRecords"\s*:\s*"?([1-9]\d*)/.exec(answer)?.[1];
      // The specification forbids to send them again: they are told of and left.
      if (rejected !== undefined) throw new RefusedError(`the collector rejected ${rejected} records`);
    },
    close: async () => {},
  };
}
