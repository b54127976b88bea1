/** A process with a store and an intake, to be killed: `node crash-process.ts <folder> <database>`. */
import { once } from "node:events";
import { serve } from "@hono/node-server";
import { Intake } from "../../../../hosts/postanalytics/intake.ts";
import { openDatabase } from "../../../../hosts/postanalytics/store/open-database.ts";
import { lockFolder } from "../../../../hosts/postanalytics/store/owner-lock.ts";
import { SqlRecordStore } from "../../../../hosts/postanalytics/store/record-store.ts";

const [folder = "", address = ""] = process.argv.slice(2);
lockFolder(folder);
const database = await openDatabase(address);
const before = process.cpuUsage();
// Small segments, so that a process dies at their borders too.
const store = await SqlRecordStore.open(folder, database, { segmentBytesMax: 200_000 });
const { user, system } = process.cpuUsage(before);
const quota = { perSecond: 1e9, burst: 1e9 };
const intake = new Intake({ store, identify: async () => ({ node: "node-*", tenants: null }), quota });
const server = serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => (await intake.answer(request)) ?? new Response(null, { status: 404 }),
});
await once(server, "listening");
const bound = server.address();
const port = bound === null || typeof bound === "string" ? 0 : bound.port;
process.stdout.write(`${JSON.stringify({ port, openCpuMs: (user + system) / 1000 })}\n`);
