/** Merlon's core in its own process, driven like the peers. The one argument, if any, is the path of a module. */
import { MerlonError } from "../../hosts/core/error.ts";
import { inspect, judge, loadMerlon, type PreparedRequest, prepareRequest } from "./merlon.ts";
import { serve } from "./wire.ts";

const core = loadMerlon(process.argv[2]);

serve({
  name: "Merlon",
  prepare: prepareRequest,
  inspect: (request) => inspect(core, request),
  blocks,
});

function blocks(request: PreparedRequest): boolean {
  const { blocks, failed } = judge(core, request);
  // Time of an engine that gave up is no time at all.
  if (failed) throw new MerlonError("MERLON_ENGINE", "the core did not answer for a request of the mix");
  return blocks;
}
