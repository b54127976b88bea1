/** Exports on a real store: at least once, in order, from where they were, whatever the receiver does. */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { CONSOLE_TABLES } from "../../../../hosts/postanalytics/access/tables.ts";
import { openDataFolder } from "../../../../hosts/postanalytics/data-folder.ts";
import { ExportBook } from "../../../../hosts/postanalytics/export/export-book.ts";
import { SecretBox } from "../../../../hosts/postanalytics/export/secret-box.ts";
import { migrate } from "../../../../hosts/postanalytics/store/migration.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { temporaryFolder } from "../store/stage.ts";
import { LOOPBACK, type Receiver, startReceiver } from "./stage.ts";

const TIMEOUT = { timeout: 60_000 };
const SECRET = "0123456789abcdef";

async function openBook(folder = join(temporaryFolder(), "data")) {
  const data = await openDataFolder(folder, undefined, () => {});
  await migrate(data.database, CONSOLE_TABLES);
  const box = await SecretBox.open(join(folder, "secrets.key"));
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const { database, store } = data;
  const book = await ExportBook.open({ database, store, folder, guard: LOOPBACK, box, say });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await book.close();
    await data.close();
  };
  onTestFinished(close);
  return { folder, store, database, book, said, close };
}

function idsAt({ received }: Receiver): string[] {
  return received.flatMap(({ body }) => JSON.parse(body).records.map(({ id }: { id: string }) => id));
}

describe("an export", TIMEOUT, () => {
  test("sends what comes after it began, in order, and what its search finds alone", async () => {
    const { book, store } = await openBook();
    const [all, some] = [await startReceiver(), await startReceiver()];
    await store.append([sampleRecord()]);
    await book.add("all", { kind: "webhook", url: all.url.href, secret: SECRET }, "");
    await book.add("some", { kind: "webhook", url: some.url.href, secret: SECRET }, "type:xss");
    expect(await book.add("all", { kind: "file" }, "")).toBe(false);
    const records = Array.from({ length: 250 }, (_, at) =>
      sampleRecord(at % 5 === 0 ? { hits: [sampleHit({ type: "xss" })] } : {}),
    );
    await store.append(records);
    await expect.poll(() => idsAt(all).length, { timeout: 20_000 }).toBe(250);
    expect(idsAt(all)).toEqual(records.map(({ id }) => id));
    await expect.poll(() => idsAt(some).length, { timeout: 20_000 }).toBe(50);
    await expect.poll(async () => (await book.list())[0]?.delivered).toBe(250);
    expect((await book.list()).map(({ id, failed, lagSeconds }) => [id, failed, lagSeconds])).toEqual([
      ["all", 0, 0],
      ["some", 0, 0],
    ]);
  });

  test("loses nothing while its receiver is away, nor at a restart", async () => {
    const first = await openBook();
    const receiver = await startReceiver();
    receiver.answer = { status: 503, body: "" };
    await first.book.add("siem", { kind: "webhook", url: receiver.url.href, secret: SECRET }, "");
    const records = Array.from({ length: 20 }, () => sampleRecord());
    await first.store.append(records);
    await expect
      .poll(async () => (await first.book.list())[0]?.lastError, { timeout: 20_000 })
      .toBe("the receiver answered 503");
    await first.close();
    receiver.received.length = 0;
    receiver.answer = { status: 200, body: "" };
    const second = await openBook(first.folder);
    await expect.poll(() => idsAt(receiver).length, { timeout: 20_000 }).toBe(20);
    expect(idsAt(receiver)).toEqual(records.map(({ id }) => id));
    await expect.poll(async () => (await second.book.list())[0]?.lastError).toBe(null);
    await second.close();
    const third = await openBook(first.folder);
    await third.store.append([sampleRecord()]);
    await expect.poll(() => idsAt(receiver).length, { timeout: 20_000 }).toBe(21);
  });

  test("is tried with a record that says it is none, and removed", async () => {
    const { book } = await openBook();
    const receiver = await startReceiver();
    await book.add("siem", { kind: "slack", url: receiver.url.href }, "");
    expect(await book.test("siem")).toBe(null);
    expect(receiver.received[0]?.body).toContain("test-of-an-export");
    receiver.answer = { status: 404, body: "" };
    expect(await book.test("siem")).toBe("the receiver answered 404");
    expect(await book.test("other")).toBe(undefined);
    expect(await book.remove("siem")).toMatchObject({ kind: "slack", target: receiver.url.host });
    expect([await book.remove("siem"), await book.list()]).toEqual([null, []]);
  });
});

describe("settings at rest", TIMEOUT, () => {
  const terms = {
    kind: "webhook",
    url: "http://127.0.0.1:9/path-that-is-secret",
    secret: "canary-0123456789",
  } as const;

  test("are sealed in the database, and the data folder does not show them", async () => {
    const first = await openBook();
    await first.book.add("siem", terms, "");
    const [row] = await first.database.query("select sink from console_exports");
    expect(String(row?.["sink"])).toMatch(/^v1\.[\w-]+$/);
    await first.close();
    for (const name of readdirSync(first.folder, { recursive: true, encoding: "utf8" })) {
      const path = join(first.folder, name);
      if (!statSync(path).isFile()) continue;
      expect([name, readFileSync(path, "latin1").match(/canary-|that-is-secret/)]).toEqual([name, null]);
    }
    const again = await openBook(first.folder);
    expect((await again.book.list()).map(({ id, kind, target }) => [id, kind, target])).toEqual([
      ["siem", "webhook", "127.0.0.1:9"],
    ]);
  });

  test("that were kept before there was a key are sealed at the next start", async () => {
    const first = await openBook();
    await first.database.query("insert into console_exports (id, sink, search) values (?, ?, ?)", [
      ...["old", JSON.stringify(terms), ""],
    ]);
    await first.close();
    const again = await openBook(first.folder);
    const [row] = await again.database.query("select sink from console_exports");
    expect(String(row?.["sink"])).toMatch(/^v1\./);
    expect((await again.book.list())[0]?.kind).toBe("webhook");
  });

  test("of another key do not run, are told, and can be removed; the others go on", async () => {
    const first = await openBook();
    await first.book.add("siem", terms, "type:xss");
    await first.close();
    rmSync(join(first.folder, "secrets.key"));
    const again = await openBook(first.folder);
    expect(again.said).toEqual([expect.stringContaining("the export siem does not run")]);
    expect(await again.book.list()).toMatchObject([{ id: "siem", kind: "sealed", where: "type:xss" }]);
    expect(await again.book.test("siem")).toContain("another key");
    expect(await again.book.add("siem", terms, "")).toBe(false);
    expect(await again.book.remove("siem")).toMatchObject({ id: "siem" });
    expect(await again.book.add("siem", terms, "")).toBe(true);
  });
});
