/**
 * `merlon explain`: one request, what the core saw in it, and why it decided as it did. Nothing is sent anywhere.
 */
import { open } from "node:fs/promises";
import { isIP } from "node:net";
import { Engine } from "../core/engine.ts";
import { MerlonError } from "../core/error.ts";
import { MODES } from "../core/verdict.ts";
import { API_OPTIONS } from "./attacks/api-access.ts";
import { recordWords, terminalJson } from "./attacks/record-words.ts";
import { withApi } from "./attacks.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { requestOfCurl } from "./explanation/curl.ts";
import { inspect, toJson } from "./explanation/explanation.ts";
import { type RawRequest, REQUEST_BYTES_MAX, readRawRequest } from "./explanation/raw-request.ts";
import { explainInWords } from "./explanation/tree.ts";
import { PolicyKeeper } from "./protection/policy-keeper.ts";
import { showWord } from "./text.ts";

const PEER = "127.0.0.1";

/** The command. */
export const explainCommand: Command = {
  name: "explain",
  summary: "show for one request what the core saw and why it decided",
  usage: "[<file with a raw request> | <reference of a record> | -] [flags]",
  least: 0,
  most: 1,
  options: {
    ...API_OPTIONS,
    curl: { type: "string", value: "<command>", about: "explain what this curl command would send; nothing is sent" },
    json: { type: "boolean", about: "print one JSON object" },
    policy: { type: "string", value: "<file>", about: "policy file; the built-in policy if not given" },
    mode: { type: "string", value: "<mode>", about: `${MODES.join(", ")}; stands whatever the policy says` },
    peer: { type: "string", value: "<address>", about: `address that the request comes from; ${PEER} if not given` },
  },
  details: [
    "The request is a file with raw HTTP/1.1, standard input (-), or a curl command as browsers copy it. Every",
    "reading of every value is shown with the decoders that led to it and the lexers that looked at it. Secrets are",
    "hidden as in records. With --api or --data, a reference shows the record that the store has of it.",
  ].join("\n"),
  examples: [
    "merlon explain request.http",
    "merlon explain --policy merlon.yaml --json -",
    "merlon explain --curl 'curl http://shop.example/?id=1'",
  ],
  run,
};

/** What a blocked client is shown, or a record's id. */
const REFERENCE = /^[0-7][0-9A-HJKMNP-TV-Z]{15}(?:[0-9A-HJKMNP-TV-Z]{10})?$/i;

async function run(input: Input, io: Io): Promise<number> {
  const [reference = ""] = input.positionals;
  if (REFERENCE.test(reference) && (input.flag("api") || input.flag("data"))) {
    return await explainRecord(reference, input, io);
  }
  const peer = input.text("peer") ?? PEER;
  if (isIP(peer) === 0)
    throw usage(`--peer is "${showWord(peer)}"`, "it takes an IP address", `write one such as ${PEER}`);
  const source = { path: input.text("policy"), mode: input.choice("mode", MODES) };
  const request = await readRequest(input, io);
  const engine = Engine.load();
  const notes = [...request.notes];
  const keeper = await PolicyKeeper.open(engine, source, (line) => notes.push(line));
  keeper.close();
  const inspected = inspect(engine, request.bytes, peer);
  const policy = source.path === undefined ? "built-in" : showWord(source.path);
  const json = input.flag("json");
  io.stdout.write(
    json ? `${JSON.stringify(toJson(inspected, policy, notes), null, 2)}\n` : explainInWords(inspected, policy, notes),
  );
  return 0;
}

async function explainRecord(reference: string, input: Input, io: Io): Promise<number> {
  const record = await withApi(input, (client) => client.call("record", { path: { id: reference } }));
  io.stdout.write(input.flag("json") ? `${terminalJson(record, 2)}\n` : recordWords(record));
  return 0;
}

async function readRequest(input: Input, io: Io): Promise<RawRequest> {
  const curl = input.text("curl");
  const [path] = input.positionals;
  if (curl !== undefined && path === undefined) return { bytes: requestOfCurl(curl), notes: [] };
  if (curl !== undefined)
    throw usage("the request is given twice", "a file or a curl command is explained", "keep one");
  if (path === undefined) {
    const fix = 'write "merlon explain request.http" or "merlon explain --curl \'curl …\'"';
    throw usage("the request is missing", "there is nothing to explain", fix);
  }
  return readRawRequest(path === "-" ? await readBounded(io.stdin, "standard input") : await readFile(path));
}

async function readFile(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, "r");
    return await readBounded(file.createReadStream({ autoClose: false }), showWord(path));
  } catch (cause) {
    if (cause instanceof MerlonError) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
    const why = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : code;
    throw new MerlonError("MERLON_INPUT", `${showWord(path)} cannot be read — ${why}; check the path`, { cause });
  }
}

async function readBounded(stream: AsyncIterable<unknown>, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > REQUEST_BYTES_MAX) {
      const why = `it has more than ${REQUEST_BYTES_MAX} bytes`;
      throw new MerlonError("MERLON_INPUT", `${name} is too large — ${why}; shorten the body`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
