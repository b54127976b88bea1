/**
 * The demo's application: a small shop that is weak on purpose, so that attacks have something to hit. It builds SQL by
 * joining strings, repeats what it is told, and joins file names. Its files and its database are made up and kept in
 * memory, and it starts no process: what an attack reaches is the shop's own data and nothing of the machine.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { constants, DatabaseSync } from "node:sqlite";

const BODY_BYTES_MAX = 65_536;
const REVIEWS_MAX = 50;
const ROWS_MAX = 50;

/** What an injected statement may call: enough to read everything, nothing that fills memory or loads code. */
const SQL_FUNCTIONS: ReadonlySet<string> = new Set([
  ...["abs", "avg", "char", "coalesce", "count", "group_concat", "hex", "ifnull", "instr", "length", "like", "lower"],
  ...["max", "min", "quote", "round", "sqlite_version", "substr", "substring", "sum", "trim", "typeof", "upper"],
]);

/** Files that the shop can show: their names are joined without a check, so `../` climbs out of `manuals`. */
const FILES: ReadonlyMap<string, string> = new Map([
  ["/srv/shop/manuals/kettle.txt", "Fill with water. Switch on. Wait. Pour.\n"],
  ["/srv/shop/manuals/lamp.txt", "Screw in a bulb of at most 40 W.\n"],
  ["/srv/shop/settings.ini", "[shop]\ncurrency = EUR\nadmin = maria\n"],
  ["/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nshop:x:1000:1000:made up for the demo:/srv/shop:/bin/false\n"],
]);

const PRODUCTS = [
  [1, "Kettle", "Boils water in three minutes.", 34],
  [2, "Lamp", "Warm light for long evenings.", 49],
  [3, "Chair", "Four legs, no wobble.", 120],
] as const;

function openDatabase(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE products (id INTEGER, name TEXT, about TEXT, price INTEGER)");
  database.exec("CREATE TABLE users (name TEXT, password TEXT)");
  const insert = database.prepare("INSERT INTO products VALUES (?, ?, ?, ?)");
  for (const row of PRODUCTS) insert.run(...row);
  database.prepare("INSERT INTO users VALUES (?, ?)").run("maria", "made-up-password");
  database.setAuthorizer(judgeSql);
  return database;
}

/**
 * From now on statements can only read what is in memory: no file is attached, and nothing recurses, since a query
 * without end would stop the whole demo.
 */
function judgeSql(action: number, _table: string | null, name: string | null): number {
  const { SQLITE_SELECT, SQLITE_READ, SQLITE_FUNCTION, SQLITE_OK, SQLITE_DENY } = constants;
  if (action === SQLITE_SELECT || action === SQLITE_READ) return SQLITE_OK;
  return action === SQLITE_FUNCTION && SQL_FUNCTIONS.has(name?.toLowerCase() ?? "") ? SQLITE_OK : SQLITE_DENY;
}

/** A page around `body`, which is put in as it is: that is the point of this shop. */
function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>
<style>body{font:16px/1.5 system-ui;max-width:42rem;margin:2rem auto;padding:0 1rem}nav a{margin-right:1rem}
li{margin:.4rem 0}small{color:#777}</style>
<nav><a href="/">Products</a><a href="/search?q=lamp">Search</a><a href="/manual?name=lamp.txt">Manuals</a>
<a href="/reviews">Reviews</a></nav><h1>${title}</h1>${body}
<p><small>A demo shop that is weak on purpose. It runs on this machine only.</small></p></html>`;
}

/** Resolves `.` and `..` as a file system would. */
function joinPath(folder: string, name: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${name}`.split("/").slice(0, 64)) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

class Shop {
  readonly #database = openDatabase();
  readonly #reviews: string[] = ["Good kettle. My cat likes the lamp."];

  /** Answers one request. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? "/";
    const url = new URL(`http://shop.invalid${target.startsWith("/") ? "" : "/"}${target}`);
    const body = await readBody(request);
    const reply = (status: number, title: string, html: string): void => {
      response.writeHead(status, { "content-type": "text/html; charset=utf-8" });
      response.end(request.method === "HEAD" ? undefined : page(title, html));
    };
    if (url.pathname === "/") reply(200, "Products", this.#products(url.searchParams.get("id")));
    else if (url.pathname === "/search") reply(200, "Search", this.#search(url.searchParams.get("q") ?? ""));
    else if (url.pathname === "/manual") reply(200, "Manual", manual(url.searchParams.get("name") ?? ""));
    else if (url.pathname === "/reviews") reply(200, "Reviews", this.#review(request, body));
    else if (url.pathname === "/healthz") reply(200, "Well", "<p>ok</p>");
    else reply(404, "Not here", "<p>There is no such page.</p>");
  }

  #products(id: string | null): string {
    const condition = id === null ? "" : ` WHERE id = ${id}`;
    try {
      const statement = this.#database.prepare(`SELECT name, about, price FROM products${condition} LIMIT ${ROWS_MAX}`);
      let items = "";
      let count = 0;
      for (const row of statement.iterate()) {
        // Counted here as well: what was injected may have cut off the LIMIT.
        if (++count > ROWS_MAX) break;
        items += `<li><b>${row["name"]}</b>: ${row["about"]} ${row["price"]} €</li>`;
      }
      return `<ul>${items}</ul>`;
    } catch (error) {
      return `<p>The database says: ${error instanceof Error ? error.message : "no"}</p>`;
    }
  }

  #search(query: string): string {
    const found = PRODUCTS.filter(([, name]) => name.toLowerCase().includes(query.toLowerCase()));
    return `<p>You searched for ${query}.</p><ul>${found.map(([, name]) => `<li>${name}</li>`).join("")}</ul>`;
  }

  #review(request: IncomingMessage, body: string): string {
    if (request.method === "POST") {
      const json = request.headers["content-type"]?.includes("json") ?? false;
      const text = json ? readJsonText(body) : (new URLSearchParams(body).get("text") ?? "");
      this.#reviews.unshift(text.slice(0, 2000));
      this.#reviews.length = Math.min(this.#reviews.length, REVIEWS_MAX);
    }
    const form = '<form method="post"><textarea name="text" rows="3" cols="40"></textarea><br><button>Send</button>';
    return `${form}</form><ul>${this.#reviews.map((text) => `<li>${text}</li>`).join("")}</ul>`;
  }
}

function readJsonText(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && "text" in value ? String(value.text) : "";
  } catch {
    return "";
  }
}

/** Decodes what was decoded already, as frameworks in a row do. */
function decodeAgain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function manual(name: string): string {
  const text = FILES.get(joinPath("/srv/shop/manuals", decodeAgain(name)));
  return text === undefined ? "<p>There is no such manual.</p>" : `<pre>${text}</pre>`;
}

/** Makes the shop's server, not yet listening. */
export function createShop(): Server {
  const shop = new Shop();
  return createServer((request, response) => {
    shop.answer(request, response).catch(() => response.destroy());
  });
}
