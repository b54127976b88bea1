/**
 * Requests through Envoy and the ext_proc server on connections that live long: `node test/soak/extproc.ts [requests]
 * [body mode]`, a million in STREAMED if not told otherwise. The filter is closed, so that nothing passes unseen. Page
 * views and orders of 4 KB take turns. Prints what every slice of ten seconds did, and ends with 1 where an answer was
 * not 200, or where Envoy had to make its connection to the server a second time.
 */
import { BODY_MODES } from "../../hosts/cli/connector/filter.ts";
import { getRequest, postRequest, runLoad } from "../bench/envoy.ts";
import { buildGo } from "../bench/peers.ts";
import { EnvoyProcess } from "../conformance/envoy-process.ts";
import { ServerProcess } from "../conformance/faults.ts";
import { lenientYaml } from "../conformance/lenient-yaml.ts";
import { freePort } from "../tools/free-port.ts";
import { envoyBinary } from "../tools/wheels.ts";

const HOST = "127.0.0.1";
const SLICE_SECONDS = 10;
const [wanted = 1_000_000] = process.argv.slice(2, 3).map(Number);
const bodyMode = BODY_MODES.find((mode) => mode === process.argv[3]) ?? "STREAMED";

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const [binary, load] = [await envoyBinary(), await buildGo("load", say)];
if (!("found" in binary)) throw new Error(binary.missing);
if (!("found" in load)) throw new Error(load.missing);
const server = await ServerProcess.start();
const processor = { host: HOST, port: server.port };
const admin = await freePort();
const envoy = await EnvoyProcess.startWith(binary.found, (ports) =>
  lenientYaml(ports, { bodyMode, processor, failure: "closed", admin }),
);
try {
  process.exitCode = (await soak(load.found)) ? 0 : 1;
} finally {
  await envoy.stop();
  await server.kill();
}

async function soak(program: string): Promise<boolean> {
  const sum = { requests: 0, notOk: 0, broken: 0 };
  for (let slice = 0; sum.requests < wanted && sum.notOk === 0; slice++) {
    const isPost = slice % 2 === 0;
    const run = await runLoad(program, envoy.port, isPost ? postRequest() : getRequest(), SLICE_SECONDS);
    envoy.reached.length = 0;
    sum.requests += run.requests;
    sum.notOk += run.notOk;
    sum.broken += run.broken;
    say(`${isPost ? "POST" : "GET"} ${(run.requests / run.seconds).toFixed(0)}/s, ${JSON.stringify(sum)}`);
  }
  const stats = await (await fetch(`http://${HOST}:${admin}/stats?usedonly`)).text();
  const connections = Number(/^cluster\.merlon\.upstream_cx_total: (\d+)$/m.exec(stats)?.[1]);
  const failed = /^http\.merlon\.ext_proc\.(?:streams_failed|message_timeouts): [1-9].*$/gm.exec(stats)?.[0] ?? "";
  say(`${bodyMode}: ${JSON.stringify({ ...sum, connections })} ${failed}`);
  return sum.notOk + sum.broken === 0 && connections === 1;
}
