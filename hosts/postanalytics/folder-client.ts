/**
 * The API of a data folder that nobody runs: the store is opened under the folder's lock, and the API's own code
 * answers in this process, without a socket. So a command says the same with a console and without one.
 */
import { stat } from "node:fs/promises";
import { Engine } from "../core/engine.ts";
import { MerlonError } from "../core/error.ts";
import { defaultPolicy } from "../policy/schema.ts";
import { type Client, createClient } from "./api/client.ts";
import { openDataFolder } from "./data-folder.ts";
import { localToken, openPostanalytics } from "./postanalytics.ts";

const ORIGIN = "http://localhost";
const PEER = "127.0.0.1";

/**
 * @throws MerlonError MERLON_STORE where the folder is not there, or another process has it and serves no console
 */
export async function openFolderClient(folder: string): Promise<{ client: Client; close: () => Promise<void> }> {
  const there = await stat(folder).catch(() => null);
  if (there?.isDirectory() !== true) {
    throw new MerlonError("MERLON_STORE", "there is no such data folder — write the one that Merlon was started with");
  }
  const data = await openDataFolder(folder, undefined, () => {});
  try {
    const engine = Engine.load();
    const { console: made, close: closeAll } = await openPostanalytics({
      data,
      folder,
      exportNetworks: [],
      policy: {
        host: { node: null, refusal: "no host is running", load: () => {} },
        base: { name: "built-in", origin: "builtin", text: "", policy: defaultPolicy },
      },
      engine: () => engine,
      ...{ knownAttacks: [], files: new Map(), local: null, names: [], secure: false, withLink: false, oidc: null },
      say: () => {},
    });
    await data.store.settled();
    const { id, token } = await localToken(made);
    const ask: typeof fetch = async (input, init) => {
      const request = new Request(input, {
        ...init,
        headers: { ...Object.fromEntries(new Headers(init?.headers)), host: "localhost" },
      });
      return await made.app.fetch(request, { peer: PEER });
    };
    const close = async (): Promise<void> => {
      await made.parts.apiTokens.remove(id, null);
      await closeAll();
      await data.close();
    };
    return { client: createClient({ origin: ORIGIN, token, fetch: ask }), close };
  } catch (error) {
    await data.close();
    throw error;
  }
}
