/**
 * An ext_proc server on grpc-js that lets everything pass and looks at nothing: `idle-processor.mjs <folder with its
 * packages>` prints its port. The limit on resets is lifted, as Merlon lifts it; else every thousandth answer is a 500.
 */
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "package.json"));
const http2 = require("node:http2");
const create = http2.createServer;
http2.createServer = (options, ...more) => create({ ...options, streamResetBurst: 1e9, streamResetRate: 1e9 }, ...more);
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const file = join(import.meta.dirname, "idle-processor.proto");
const definition = grpc.loadPackageDefinition(loader.loadSync(file, { keepCase: true, oneofs: true }));
const server = new grpc.Server({ "grpc.max_concurrent_streams": 100_000 });
const KINDS = ["request_headers", "request_body", "request_trailers"];

server.addService(definition.envoy.service.ext_proc.v3.ExternalProcessor.service, {
  Process: (call) => {
    call.on("data", (message) => {
      const kind = KINDS.find((name) => message[name]);
      if (kind !== undefined) call.write({ [kind]: {} });
    });
    call.on("end", () => call.end());
    call.on("error", () => {});
  },
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
