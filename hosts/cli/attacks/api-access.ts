/**
 * How commands reach the console's API: at an address with a token, or through a data folder. The folder's running
 * owner is asked; where nobody runs, the store is opened under the folder's lock for as long as the command takes.
 */
import { readFile } from "node:fs/promises";
import { MerlonError } from "../../core/error.ts";
import { type Client, createClient } from "../../postanalytics/api/client.ts";
import { readConsoleFile } from "../../postanalytics/console-file.ts";
import { openFolderClient } from "../../postanalytics/folder-client.ts";
import { type Input, type Option, usage } from "../command.ts";
import { showWord } from "../text.ts";

const TOKEN_CHARS_MAX = 4096;

/** The flags. */
export const API_OPTIONS: Readonly<Record<"api" | "token-file" | "data", Option>> = {
  api: { type: "string", value: "<url>", about: "where the console is, such as https://merlon.example:9090" },
  "token-file": { type: "string", value: "<file>", about: "file with an API token, as the console made it" },
  data: { type: "string", value: "<folder>", about: "data folder on this machine, instead of an address" },
};

/** The API, until it is closed. */
export interface ApiAccess {
  readonly client: Client;
  close(): Promise<void>;
}

/** @throws MerlonError MERLON_USAGE, MERLON_INPUT, MERLON_STORE */
export async function openApi(input: Input): Promise<ApiAccess> {
  const [api, tokenFile, data] = [input.text("api"), input.text("token-file"), input.text("data")];
  if (api !== undefined && data !== undefined) {
    throw usage("--api and --data are both given", "records are asked for at one place", "keep one");
  }
  if (api !== undefined) {
    if (tokenFile === undefined) {
      const fix = "make a token in the console (Users → Tokens) and write --token-file <file>";
      throw usage("--token-file is missing", "the console answers to those it knows", fix);
    }
    const client = createClient({ origin: originOf(api), token: await readToken(tokenFile) });
    return { client, close: async () => {} };
  }
  if (data === undefined) {
    const fix = "write --api <url> --token-file <file>, or --data <folder>";
    throw usage("nothing says where the records are", "a console or a data folder has them", fix);
  }
  const running = await readConsoleFile(data);
  if (running === null) return await openFolderClient(data);
  return { client: createClient(running), close: async () => {} };
}

/** @returns the origin of an address; @throws MerlonError MERLON_USAGE */
export function originOf(written: string): string {
  const parsed = URL.canParse(written) ? new URL(written) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== "" || parsed.pathname !== "/") {
    const shown = showWord(written.replace(/\/\/[^/@]*@/, "//…@"));
    throw usage(
      `--api is "${shown}"`,
      "it takes the address of a console",
      "write one such as https://merlon.example:9090",
    );
  }
  const isLocal = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(parsed.hostname);
  if (parsed.protocol === "http:" && !isLocal) {
    throw usage("--api is plain HTTP", "the token would cross the network for all to read", "write https://…");
  }
  return parsed.origin;
}

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, "latin1").catch((cause: unknown) => {
    throw new MerlonError("MERLON_INPUT", `${showWord(path)} cannot be read — check the path and its rights`, {
      cause,
    });
  });
  const token = text.slice(0, TOKEN_CHARS_MAX).trim();
  if (/^[!-~]+$/.test(token)) return token;
  throw new MerlonError(
    "MERLON_INPUT",
    `${showWord(path)} holds no token — write the token on one line and nothing else`,
  );
}
