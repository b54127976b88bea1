/** Merlon's core in its own process, driven like the peers. The one argument, if any, is the path of a module. */
import { inspect, judge, loadMerlon, prepareRequest } from "./merlon.ts";
import { serve } from "./wire.ts";

const inspector = loadMerlon(process.argv[2]);

serve({
  name: "Merlon",
  prepare: prepareRequest,
  inspect: (request) => inspect(inspector, request),
  blocks: (request) => judge(inspector, request).blocks,
});
