/** Brings the projection of the log to its newest shape, subject by subject. */
import type { Database } from "./database.ts";
import { migrate } from "./migration.ts";
import { INVENTORY_MIGRATIONS } from "./migrations/inventory.ts";
import { RECORD_MIGRATIONS } from "./migrations/records.ts";

/** @throws MerlonError MERLON_STORE */
export async function migrateProjection(database: Database): Promise<void> {
  await migrate(database, RECORD_MIGRATIONS);
  await migrate(database, INVENTORY_MIGRATIONS);
}
