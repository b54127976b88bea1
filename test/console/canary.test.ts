/**
 * S5: secrets that are told from everything else go into every place that takes one: what clients send, tokens of nodes
 * and operators, passwords, settings of exports. Then everything that Merlon has written, answered, sent or printed is
 * searched for them. Each may be in its home and nowhere else.
 */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test, vi } from "vitest";
import { OPERATIONS, type Operation, type OperationName } from "../../hosts/postanalytics/api/operations.ts";
import { run } from "../hosts/cli/stage.ts";
import { startReceiver } from "../hosts/postanalytics/export/stage.ts";
import { type Fleet, startFleet } from "./fleet.ts";

const WAIT = { timeout: 60_000, interval: 200 };
const INJECTION = "1 UNION SELECT password FROM users";
/** Files that are a secret's home: whoever started Merlon put it there, or is to read it there. */
const HOMES = [/^[\w-]+\.(?:token|records)$/, /^data\/console\.json$/];

/** A value that occurs nowhere by chance. */
function canary(name: string): string {
  return `canary${name}${randomBytes(8).toString("hex")}`;
}

/** A card number that is one by its check digit (ISO/IEC 7812). */
function cardNumber(): string {
  const body = `411111${randomBytes(5).readUIntBE(0, 5).toString().padStart(13, "0").slice(-9)}`;
  const sum = [...body].reduce((all, digit, at) => {
    const doubled = Number(digit) * (at % 2 === 0 ? 2 : 1);
    return all + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
}

/** Everything a client could send that is nobody else's business, each time beside an attack. */
async function attackWithSecrets(node: string): Promise<string[]> {
  const secret = {
    ...{ bearer: canary("bearer"), basic: canary("basic"), cookie: canary("cookie"), form: canary("form") },
    ...{
      json: canary("json"),
      query: canary("query"),
      key: canary("key"),
      part: canary("part"),
      referer: canary("ref"),
    },
    card: cardNumber(),
  };
  const attack = encodeURIComponent(INJECTION);
  const basic = Buffer.from(`user:${secret.basic}`).toString("base64");
  const send = async (path: string, init: RequestInit = {}): Promise<void> => {
    expect((await fetch(node + path, init)).status).toBe(403);
  };
  await send(`/a?id=${attack}`, { headers: { authorization: `Bearer ${secret.bearer}` } });
  await send(`/b?id=${attack}`, { headers: { authorization: `Basic ${basic}` } });
  await send(`/c?id=${attack}`, { headers: { cookie: `session=${secret.cookie}; id=${attack}` } });
  await send(`/d?password=${secret.query}&id=${attack}`);
  await send(`/e?id=${attack}`, { headers: { "x-api-key": secret.key } });
  await send(`/f?id=${attack}`, { headers: { referer: `https://shop.example/?access_token=${secret.referer}` } });
  const form = `password=${secret.form}&card=${secret.card}&id=${attack}`;
  const formType = { "content-type": "application/x-www-form-urlencoded" };
  await send("/g", { method: "POST", headers: formType, body: form });
  const json = JSON.stringify({ user: { password: secret.json, note: INJECTION }, id: INJECTION });
  await send("/h", { method: "POST", headers: { "content-type": "application/json" }, body: json });
  const parts = new FormData();
  parts.set("secret", secret.part);
  parts.set("id", INJECTION);
  await send("/i", { method: "POST", body: parts });
  return [...Object.values(secret), basic];
}

/** Adds an export of every kind that holds a secret. @returns the secrets */
async function addExports({ admin }: Fleet, receiver: string): Promise<string[]> {
  const secrets = { hook: canary("hook"), path: canary("path"), bearer: canary("otlp"), chat: canary("chat") };
  const sinks = {
    webhook: { kind: "webhook", url: `${receiver}/${secrets.path}`, secret: secrets.hook },
    otlp: { kind: "otlp", url: "http://127.0.0.1:9/v1/logs", bearer: secrets.bearer },
    slack: { kind: "slack", url: `http://127.0.0.1:9/${secrets.chat}` },
    file: { kind: "file" },
  };
  for (const [name, sink] of Object.entries(sinks)) {
    const answer = await admin.send("/api/v1/exports", { method: "POST", json: { name, sink, where: "" } });
    expect([name, answer.status]).toEqual([name, 200]);
    await admin.send(`/api/v1/exports/${name}/test`, { method: "POST" });
  }
  return Object.values(secrets);
}

/** Every answer of the API that needs no name, those of one record, and files of records. */
async function answersOf({ admin }: Fleet): Promise<[where: string, text: string][]> {
  const texts: [string, string][] = [];
  const ask = async (path: string): Promise<string> => {
    const text = await (await admin.send(path)).text();
    texts.push([`GET ${path}`, text]);
    return text;
  };
  for (const name of Object.keys(OPERATIONS) as OperationName[]) {
    const { method, path }: Operation = OPERATIONS[name];
    if (method === "GET" && !path.includes("{") && name !== "live") await ask(path);
  }
  const { items }: { items: { id: string }[] } = JSON.parse(await ask("/api/v1/records?limit=100"));
  expect(items.length).toBeGreaterThanOrEqual(9);
  for (const { id } of items) {
    await ask(`/api/v1/records/${id}`);
    const proposed = await admin.send("/api/v1/exceptions/propose", { method: "POST", json: { record: id } });
    texts.push([`propose ${id}`, await proposed.text()]);
  }
  for (const format of ["csv", "jsonl"]) await ask(`/api/v1/records/export?format=${format}`);
  return texts;
}

/** Files below a folder that are nobody's home. */
function filesOf(folder: string): [where: string, text: string][] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => statSync(join(folder, name)).isFile())
    .filter((name) => !HOMES.some((home) => home.test(relative(folder, join(folder, name)))))
    .map((name) => [`file ${name}`, readFileSync(join(folder, name), "latin1")]);
}

/** What Merlon's processes were started with, as everybody on the machine can read it. */
function processesOf({ nodesRunning, console, service }: Fleet): [where: string, text: string][] {
  return [...nodesRunning, console.running, service.running].flatMap(({ child, stdout, stderr }, index) => [
    [`arguments of process ${index}`, readFileSync(`/proc/${child.pid}/cmdline`, "latin1")],
    [`environment of process ${index}`, readFileSync(`/proc/${child.pid}/environ`, "latin1")],
    [`log of process ${index}`, stdout() + stderr()],
  ]);
}

/** A secret as it is, and as others would write it. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // The middle of a longer text in base64 depends on where it begins.
  const shifted = [0, 1, 2].map((at) =>
    Buffer.concat([Buffer.alloc(at), bytes])
      .toString("base64")
      .slice(4, -6),
  );
  return [secret, bytes.toString("hex"), ...shifted];
}

test("a secret is in its home and nowhere else", { timeout: 300_000 }, async () => {
  const metrics = ["--metrics", "127.0.0.1:0"];
  const allowed = ["--export-allow", "127.0.0.0/8"];
  const fleet = await startFleet(1, { console: [...metrics, ...allowed], node: metrics });
  const receiver = await startReceiver();
  const sent = await addExports(fleet, receiver.url.origin);
  // What is no secret is found by the same search, or the search is none.
  const ordinary = canary("ordinary");
  await fetch(`${fleet.nodes[0]}/j?colour=${ordinary}&id=${encodeURIComponent(INJECTION)}`);
  sent.push(...(await attackWithSecrets(fleet.nodes[0] ?? "")));
  await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThan(1), WAIT);
  const homes = ["console.token", "node-0.token", "node-0.records"].map((name) => {
    return readFileSync(join(fleet.folder, name), "utf8").trim();
  });
  const note: { token: string } = JSON.parse(readFileSync(join(fleet.folder, "data/console.json"), "utf8"));
  const secrets = [...sent, ...homes, note.token, ...fleet.admin.cookies.values()];
  await vi.waitFor(async () => {
    const { items }: { items: unknown[] } = await (await fleet.admin.send("/api/v1/records?limit=100")).json();
    expect(items.length).toBeGreaterThanOrEqual(9);
  }, WAIT);

  const pages = await Promise.all(
    [fleet.nodesRunning[0], fleet.console.running].map(async (running): Promise<[string, string]> => {
      const [, url = ""] = (await running?.saw(/metrics {4}(http:\S+)\n/)) ?? [];
      return [url, await (await fetch(url)).text()];
    }),
  );
  const shown = await run(["attacks", "export", "--data", join(fleet.folder, "data")]);
  const texts: [string, string][] = [
    ...(await answersOf(fleet)),
    ...pages,
    ...filesOf(fleet.folder),
    ...processesOf(fleet),
    ["merlon attacks export", shown.stdout + shown.stderr],
    // Its own secret is the address, which the receiver has.
    ...receiver.received.map(({ headers, body }): [string, string] => ["webhook", JSON.stringify(headers) + body]),
  ];
  expect(shown.stdout.split("\n").length).toBeGreaterThan(9);
  const placesOf = (secret: string): string[] => {
    const forms = formsOf(secret);
    return texts.filter(([, text]) => forms.some((form) => text.includes(form))).map(([where]) => where);
  };
  expect(placesOf(ordinary)).toEqual(
    expect.arrayContaining(["merlon attacks export", "webhook", "file data/log/0000000000000001.segment"]),
  );
  expect(secrets.flatMap((secret) => placesOf(secret).map((where) => `${secret.slice(0, 14)} in ${where}`))).toEqual(
    [],
  );
});
