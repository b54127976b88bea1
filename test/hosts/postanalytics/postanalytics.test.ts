/** Postanalytics as one: a node sends records with its token, and people see them; nobody sends for somebody else. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";
import { createClient } from "../../../hosts/postanalytics/api/client.ts";
import { readConsoleFile } from "../../../hosts/postanalytics/console-file.ts";
import { openDataFolder } from "../../../hosts/postanalytics/data-folder.ts";
import { openPostanalytics, servePostanalytics } from "../../../hosts/postanalytics/postanalytics.ts";
import { sampleRecord } from "../records/sample.ts";
import { temporaryFolder } from "./store/stage.ts";

test("records go from a node to a person, by the node's own token alone", { timeout: 60_000 }, async () => {
  const folder = join(temporaryFolder(), "data");
  const data = await openDataFolder(folder, undefined, () => {});
  const engine = Engine.load();
  const opened = await openPostanalytics({
    ...{ data, folder, knownAttacks: [], files: new Map(), local: null, names: [], exportNetworks: [], oidc: null },
    ...{ secure: false, withLink: true, say: () => {}, engine: () => engine.sibling() },
    policy: {
      host: { node: null, refusal: "read only", load: () => {} },
      base: { name: "built-in", origin: "builtin", text: "", policy: defaultPolicy },
    },
  });
  const served = await servePostanalytics(opened, folder, { host: "127.0.0.1", port: 0 });
  onTestFinished(async () => {
    await served.close(0);
    await opened.close();
    await data.close();
  });
  expect(served.link()).toMatch(new RegExp(`^${served.origin}/#k=`));

  const note = await readConsoleFile(folder);
  const client = createClient({ origin: served.origin, token: note?.token ?? "" });
  const terms = { name: "node-1", user: "admin", role: "viewer", tenants: null, lifeMs: null } as const;
  const { token = "" } = (await opened.console.parts.nodeTokens.add(terms)) ?? {};
  const send = async (bearer: string, node: string, record = sampleRecord({ ts: new Date().toISOString() })) => {
    const headers = {
      authorization: `Bearer ${bearer}`,
      "x-merlon-node": node,
      "content-type": "application/x-ndjson",
    };
    const response = await fetch(`${served.origin}/v1/records`, {
      method: "POST",
      headers,
      body: `${JSON.stringify(record)}\n`,
    });
    return { status: response.status, record };
  };
  const { status, record } = await send(token, "node-1");
  expect(status).toBe(200);
  expect((await send(token, "node-1", record)).status).toBe(200);
  await data.store.settled();
  expect((await client.call("records", { query: {} })).items.map(({ id }) => id)).toEqual([record.id]);
  expect((await client.call("policyState", {})).total).toBe(0);
  expect((await send(note?.token ?? "", "node-1")).status).toBe(401);
  expect((await send("", "node-1")).status).toBe(401);
  const foreign = { ...sampleRecord(), node: { id: "node-2", kind: "sidecar", version: "1" } } as const;
  expect((await send(token, "node-1", foreign)).status).toBe(422);
  expect((await send(token, "node-2", foreign)).status).toBe(403);
  await expect(createClient({ origin: served.origin, token }).call("records", { query: {} })).rejects.toMatchObject({
    status: 401,
  });
});
