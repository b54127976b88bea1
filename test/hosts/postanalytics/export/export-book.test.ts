/** Exports on a real store: at least once, in order, from where they were, whatever the receiver does. */
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { CONSOLE_TABLES } from "../../../../hosts/postanalytics/access/tables.ts";
import { openDataFolder } from "../../../../hosts/postanalytics/data-folder.ts";
import { ExportBook } from "../../../../hosts/postanalytics/export/export-book.ts";
import { migrate } from "../../../../hosts/postanalytics/store/migration.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { temporaryFolder } from "../store/stage.ts";
import { LOOPBACK, type Receiver, startReceiver } from "./stage.ts";

const TIMEOUT = { timeout: 60_000 };
const SECRET = "0123456789abcdef";

async function openBook(folder = join(temporaryFolder(), "data")) {
  const data = await openDataFolder(folder, undefined, () => {});
  await migrate(data.database, CONSOLE_TABLES);
  const book = await ExportBook.open({ database: data.database, store: data.store, folder, guard: LOOPBACK });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await book.close();
    await data.close();
  };
  onTestFinished(close);
  return { folder, store: data.store, book, close };
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
