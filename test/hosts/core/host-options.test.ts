/** Options that hosts share: defaults, and the name of what is wrong. */
import { expect, test } from "vitest";
import { z } from "zod";
import {
  failureSchema,
  holdingFields,
  listenSchema,
  parseOptions,
  tlsFields,
} from "../../../hosts/core/host-options.ts";

const schema = z.strictObject({ listen: listenSchema, tls: z.strictObject(tlsFields).optional(), ...holdingFields });

test("nothing said is a host on this machine alone that holds half a MiB", () => {
  expect(parseOptions("test", schema, {})).toMatchObject({
    listen: { host: "127.0.0.1", port: 0 },
    holdBytes: 512 * 1024,
    failure: failureSchema.parse(undefined),
    inspectResponses: true,
  });
});

test.each<[unknown, string]>([
  [{ holdBytes: 1 }, "holdBytes"],
  [{ failure: { trap: "ajar" } }, "failure.trap"],
  [{ listen: { port: 70_000 } }, "listen.port"],
  [{ tls: { certFile: "a", keyFile: "b", reloadMs: 1 } }, "tls.reloadMs"],
  [{ blockPage: { statusCode: 200 } }, "blockPage.statusCode"],
  [{ nobody: 1 }, "options"],
  [null, "options"],
])("refuses %j by its field", (written, field) => {
  expect(() => parseOptions("test", schema, written)).toThrow(`test option ${field}: `);
});
