/** Requests through the real core, with all that it says. */
import { expect, test } from "vitest";
import { inspect, toJson } from "../../../../hosts/cli/explanation/explanation.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import { ATTACK, rawRequest } from "../stage.ts";

test("a request is judged and traced, and nothing stays open", () => {
  const engine = Engine.load();
  const { request, bytes, verdict, trace } = inspect(
    engine,
    Buffer.from(rawRequest(`/a\u0001?${ATTACK}`)),
    "192.0.2.9",
  );
  expect(request).toMatch(/^GET \/a\\x01\?file=.* HTTP\/1\.1$/);
  expect(bytes).toBeGreaterThan(40);
  expect(verdict).toMatchObject({ wouldAction: "block", clientIp: "192.0.2.9" });
  expect(trace.entries.map(({ point }) => point)).toContain("query.file");
  expect(engine.usage.open).toBe(0);
});

test("for machines, excerpts are escaped text and the bytes themselves", () => {
  const engine = Engine.load();
  const raw = Buffer.from(rawRequest("/?name=a%00\xff..%2f..%2f..%2f..%2fetc%2fpasswd"), "latin1");
  const json = JSON.parse(JSON.stringify(toJson(inspect(engine, raw, "192.0.2.9"), "built-in", ["note"])));
  expect(json).toMatchObject({
    policy: "built-in",
    notes: ["note"],
    inspectedDropped: 0,
    request: { bytes: raw.length },
  });
  expect(json.verdict).not.toHaveProperty("matches");
  const entry = json.inspected.find(({ point }: { point: string }) => point === "query.name");
  expect(entry.decoders).toEqual(["raw", "form"]);
  expect(entry.excerpt).toContain("a\\x00\\xff../");
  expect(Buffer.from(entry.excerptBase64, "base64").toString("latin1")).toContain("a\u0000\xff../");
  for (const match of json.matches) {
    expect(match.layers[0].as).toBe("raw");
    for (const { span, excerpt } of match.layers) {
      expect(span[0]).toBeLessThanOrEqual(span[1]);
      expect(excerpt).toMatch(/^[\x20-\x7e]*$/);
    }
  }
});
