/**
 * What postanalytics keeps on disk: the log of records in the data folder, and the database beside it or on a
 * PostgreSQL server. The folder has one owner.
 */
import { join } from "node:path";
import { DATABASE_FILE } from "./store/data-folder.ts";
import type { Database } from "./store/database.ts";
import { openDatabase } from "./store/open-database.ts";
import { lockFolder } from "./store/owner-lock.ts";
import { SqlRecordStore } from "./store/record-store.ts";

const PRUNE_MS = 3_600_000;

/** An open data folder. */
export interface DataFolder {
  readonly database: Database;
  readonly store: SqlRecordStore;
  close(): Promise<void>;
}

/**
 * Locks and opens a data folder, which is made where it is missing.
 * @param databaseUrl PostgreSQL; an SQLite file in the folder where absent
 * @param say takes a line when what is too old cannot be removed
 * @throws MerlonError MERLON_STORE
 */
export async function openDataFolder(
  folder: string,
  databaseUrl: string | undefined,
  say: (line: string) => void,
): Promise<DataFolder> {
  const unlock = lockFolder(folder);
  let database: Database | undefined;
  try {
    const opened = await openDatabase(databaseUrl ?? join(folder, DATABASE_FILE));
    database = opened;
    const store = await SqlRecordStore.open(folder, opened);
    const pruning = setInterval(() => {
      store.prune().catch(() => say("records beyond their retention could not be removed; it is tried again"));
    }, PRUNE_MS);
    pruning.unref();
    const close = async (): Promise<void> => {
      clearInterval(pruning);
      await store.close();
      await opened.close();
      unlock();
    };
    return { database: opened, store, close };
  } catch (error) {
    await database?.close();
    unlock();
    throw error;
  }
}
