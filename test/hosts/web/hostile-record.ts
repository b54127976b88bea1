/**
 * A record in which every text that a client or a node wrote is the same hostile text, and the proof that a page that
 * shows it made nothing of it: nothing was called, nothing was refused by the content policy (which is the second line,
 * not the first), nothing was loaded from elsewhere, and no element or address is there but those of the console.
 */
import { expect } from "vitest";
import { type AttackRecord, recordSchema } from "../../../hosts/records/record.ts";
import { sampleHit, sampleRecord } from "../records/sample.ts";
import { type ConsoleStage, expectQuiet } from "./stage.ts";

/** Where a record's texts are none of a client's or a node's: they have one of a few values, or a form of their own. */
const KEPT = new Set([
  "id",
  "ts",
  "received_ts",
  "kind",
  "mode",
  "action",
  "would_action",
  "source",
  "decision",
  "list",
]);
const KEPT_PATHS = new Set(["ref", "client.country", "labels.verdict", "hits.decision"]);

function replaced(value: unknown, text: string, path: string): unknown {
  const name = path.split(".").at(-1) ?? "";
  if (typeof value === "string") {
    // `node.id` is a node's to choose, `id` of the record is not.
    if (KEPT_PATHS.has(path) || (KEPT.has(name) && path !== "node.id" && path !== "request.id")) return value;
    return name.endsWith("_b64") ? Buffer.from(text).toString("base64") : text;
  }
  if (Array.isArray(value)) return value.map((one) => replaced(one, text, path));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, one]) => [key, replaced(one, text, path === "" ? key : `${path}.${key}`)]),
  );
}

/** @returns a record that passes the schema, as one from a hostile node would */
export function hostileRecord(text: string): AttackRecord {
  const size = Buffer.byteLength(text);
  const layer = { span: [0, size] as [number, number], excerpt_b64: "", excerpt_at: 0 };
  const hit = sampleHit({
    subtype: "x",
    cve: ["x"],
    exception: "x",
    layers: [
      { ...layer, as: "raw" },
      { ...layer, as: "x" },
    ],
  });
  const before = sampleRecord({ ts: new Date().toISOString(), hits: [hit, { ...hit }], masked: ["x"] });
  const record: AttackRecord = {
    ...before,
    incident: true,
    client: { ...before.client, ip_source: "x", country: "DE", asn: 1 },
    request: {
      ...before.request,
      ...{ id: "x", trace_id: "x", proto: "x", headers: [["x", "x"]], method: "x" },
      body: { size: 9000, inspected: 10, excerpt_b64: "x", truncated: true },
    },
    limits: { reached: ["x"], parser_anomaly: ["x"], matches_dropped: 2, cpu_us: 3 },
    labels: { verdict: "true_attack", note: "x" },
    env: { pod: "x" },
  };
  // The shortest fields have less room than the longest texts.
  const short = text.slice(0, 8);
  const full = replaced(record, text, "");
  const fits = recordSchema.safeParse(full);
  const tight = (value: unknown, at: readonly PropertyKey[], index = 0): unknown => {
    if (index === at.length) return short;
    const key = String(at[index]);
    if (Array.isArray(value)) return value.map((one, i) => (String(i) === key ? tight(one, at, index + 1) : one));
    return { ...Object(value), [key]: tight(Object(value)[key], at, index + 1) };
  };
  const fitted = (fits.error?.issues ?? []).reduce((made, { path }) => tight(made, path), full);
  return recordSchema.parse(fitted);
}

const FORBIDDEN = new Set([
  "script",
  "iframe",
  "object",
  "embed",
  "svg",
  "style",
  "link",
  "base",
  "meta",
  "video",
  "audio",
]);
const ADDRESS = /^(?:#\/|\/api\/v1\/|\/icon\.svg$|https:\/\/cwe\.mitre\.org\/data\/definitions\/\d+\.html$)/;

/** Fails where anything ran or was refused, or where an element or address is there that the console does not make. */
export async function expectInert(stage: ConsoleStage): Promise<void> {
  await expectQuiet(stage);
  const found = (await stage.page.evaluate(`[...document.querySelectorAll("#app *")].map((e) => ({
    name: e.localName,
    events: e.getAttributeNames().filter((name) => name.startsWith("on") || name === "srcdoc"),
    addresses: ["src", "href", "action", "formaction"].flatMap((name) => e.getAttribute(name) ?? []),
  }))`)) as { name: string; events: string[]; addresses: string[] }[];
  expect(found.length).toBeGreaterThan(40);
  expect(found.map(({ name }) => name).filter((name) => FORBIDDEN.has(name))).toEqual([]);
  expect(found.flatMap(({ events }) => events)).toEqual([]);
  expect(found.flatMap(({ addresses }) => addresses).filter((address) => !ADDRESS.test(address))).toEqual([]);
  expect(await stage.page.locator("#app [id=app]").count()).toBe(0);
}
