/** The demo's shop: it is as weak as it says, and what it is weak with is its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { createShop } from "../../../hosts/demo/shop.ts";
import { ROOT } from "../../tools/component.ts";
import { connectRaw, listen, send } from "../dataplane/sidecar/stage.ts";

async function startShop(): Promise<number> {
  return await listen(createShop());
}

interface Visit {
  readonly what: string;
  readonly path: string;
  readonly post?: { readonly type: string; readonly body: string };
  readonly shows: string;
  readonly hides?: string;
}

function get(path: string, what: string, shows: string, hides?: string): Visit {
  return { what, path, shows, ...(hides === undefined ? {} : { hides }) };
}

const FORM = "application/x-www-form-urlencoded";
const VISITS: readonly Visit[] = [
  get("/", "lists its products", "<b>Chair</b>"),
  get("/?id=2", "shows one product", "<b>Lamp</b>", "<b>Chair</b>"),
  get("/search?q=LAMP", "searches", "<li>Lamp</li>", "<li>Chair</li>"),
  get("/manual?name=lamp.txt", "shows a manual", "Screw in a bulb"),
  get("/manual?name=none.txt", "knows no other manual", "There is no such manual"),
  get("/manual?name=%25", "takes a name that does not decode as it is", "There is no such manual"),
  get("/reviews", "lists reviews", "My cat likes the lamp."),
  get("/healthz", "is well", "<p>ok</p>"),
  get("//", "takes an empty host for a path", "There is no such page"),
  get("/nothing", "has no other page", "There is no such page"),
  { what: "takes a form", path: "/reviews", post: { type: FORM, body: "text=It+boils." }, shows: "<li>It boils.</li>" },
  {
    what: "takes JSON",
    path: "/reviews",
    post: { type: "application/json", body: '{"text":"It glows."}' },
    shows: "<li>It glows.</li>",
  },
  {
    what: "takes broken JSON for nothing",
    path: "/reviews",
    post: { type: "application/json", body: '{"text' },
    shows: "<ul><li></li>",
  },
];

const WEAK_SPOTS: readonly Visit[] = [
  get("/?id=0+union+select+name,password,0+from+users", "statements are joined", "made-up-password"),
  get("/?id=0+or+1=1--", "conditions are joined", "<b>Chair</b>"),
  get("/?id='", "errors are shown", "The database says: unrecognized token"),
  get("/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "questions are repeated", "<script>alert(1)</script>"),
  get("/manual?name=../settings.ini", "file names climb", "admin = maria"),
  get("/manual?name=..%252f..%252f..%252fetc%252fpasswd", "names are decoded twice", "made up for the demo"),
  {
    what: "reviews are markup",
    path: "/reviews",
    post: { type: FORM, body: "text=%3Cimg+src=x+onerror=alert(1)%3E" },
    shows: "<li><img src=x onerror=alert(1)></li>",
  },
];

/** What would reach the machine if the shop let it; the answers are refusals or the shop's own words. */
const REACHES: readonly Visit[] = [
  get("/manual?name=../../../etc/hostname", "files of the machine", "There is no such manual"),
  get("/manual?name=../../../proc/self/environ", "the process's environment", "There is no such manual"),
  get("/manual?name=../../../etc/passwd", "the machine's accounts", "made up for the demo", "daemon"),
  get("/?id=1;ATTACH+'FILE'+AS+f;CREATE+TABLE+f.a(b)", "a statement behind the first", "<b>Kettle</b>"),
  get("/?id=load_extension('FILE')", "code", "not authorized"),
  get("/?id=hex(randomblob(999999999))", "memory", "not authorized"),
  get("/?id=length(printf('%25999999999d',1))", "memory by a format", "not authorized"),
  get(
    "/?id=(with+recursive+c(x)+as+(select+1+union+all+select+x%2b1+from+c)+select+count(*)+from+c)",
    "time",
    "not au",
  ),
  get("/?id=0+union+select+*+from+pragma_database_list--", "pragmas", "The database says"),
  get("/search?q=;$(touch%20FILE)`touch%20FILE`", "a shell", "You searched for ;$(touch"),
];

async function visit(port: number, { path, post }: Visit): Promise<string> {
  const headers = post === undefined ? {} : { "content-type": post.type };
  const reply = await send(
    port,
    { path, method: post === undefined ? "GET" : "POST", headers },
    post === undefined ? null : post.body,
  );
  return reply.body;
}

async function expectVisit(port: number, one: Visit): Promise<void> {
  const body = await visit(port, one);
  expect(body).toContain(one.shows);
  if (one.hides !== undefined) expect(body).not.toContain(one.hides);
}

describe("the shop", () => {
  test.each(VISITS)("$what: $path", async (one) => {
    await expectVisit(await startShop(), one);
  });

  test("answers the head of a page without its body", async () => {
    expect(await send(await startShop(), { path: "/", method: "HEAD" })).toMatchObject({ status: 200, body: "" });
  });

  test("keeps a bounded number of reviews, each of bounded length", async () => {
    const port = await startShop();
    const long = {
      ...VISITS[0],
      what: "",
      path: "/reviews",
      shows: "",
      post: { type: FORM, body: `text=${"a".repeat(60_000)}` },
    };
    let body = "";
    for (let i = 0; i < 60; i++) body = await visit(port, long);
    expect(body.match(/<li>/g)).toHaveLength(50);
    expect(Math.max(...body.split("<li>").map((item) => item.length))).toBeLessThan(2200);
  });

  test("answers a body that is longer than it reads", async () => {
    const post = { type: FORM, body: `text=${"a".repeat(1 << 20)}` };
    expect(await visit(await startShop(), { what: "", path: "/reviews", post, shows: "" })).toContain("<ul><li>aaa");
  });

  test("answers a target that is no path", async () => {
    const client = await connectRaw(await startShop());
    client.write("GET http://[ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(await client.end()).toContain("There is no such page");
  });

  test("shows a bounded number of rows, whatever the statement asks for", async () => {
    const path = "/?id=0+union+all+select+a.name,b.name,c.id+from+products+a,products+b,products+c,products+d--";
    const { body } = await send(await startShop(), { path });
    expect(body.match(/<li>/g)).toHaveLength(50);
  });
});

describe("the shop is weak", () => {
  test.each(WEAK_SPOTS)("$what: $path", async (one) => {
    await expectVisit(await startShop(), one);
  });
});

/** What may be read: the shop itself, and the manifest, by which Node knows the kind of a module. */
const READABLE = ["hosts/demo/shop.ts", "hosts/demo/package.json", "hosts/package.json", "package.json"];
const PROGRAM = `
import { createShop } from ${JSON.stringify(`file://${ROOT}/hosts/demo/shop.ts`)};
const server = createShop().listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

/** Starts the shop where Node itself refuses it all files, processes, threads and native code. */
async function startCagedShop(): Promise<number> {
  const readable = READABLE.map((path) => `--allow-fs-read=${join(ROOT, path)}`);
  const flags = ["--permission", ...readable, "--input-type=module", "--eval", PROGRAM];
  const child: ChildProcess = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  if (child.stdout === null) throw new Error("no stdout");
  for await (const line of createInterface(child.stdout)) return Number(line);
  throw new Error("the shop ended before it said its port");
}

describe("the shop touches nothing of the machine", () => {
  test("it does all of this without a right to files, processes, threads or native code", async () => {
    const port = await startCagedShop();
    for (const one of [...VISITS, ...WEAK_SPOTS]) await expectVisit(port, one);
  });

  test.each(REACHES)("an attack does not reach $what: $path", async (one) => {
    const folder = mkdtempSync(join(tmpdir(), "merlon-shop-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "reached");
    await expectVisit(await startShop(), { ...one, path: one.path.replaceAll("FILE", file) });
    expect(existsSync(file)).toBe(false);
  });
});
