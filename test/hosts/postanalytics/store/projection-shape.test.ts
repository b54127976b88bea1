/** The projection's shape: from nothing, from what a version before had, and a second time. */
import { describe, expect, test } from "vitest";
import { migrate } from "../../../../hosts/postanalytics/store/migration.ts";
import { RECORD_MIGRATIONS } from "../../../../hosts/postanalytics/store/migrations/records.ts";
import { migrateProjection } from "../../../../hosts/postanalytics/store/projection-shape.ts";
import { DIALECTS, emptyDatabase, openDialect } from "./stage.ts";

describe.each(DIALECTS)("in %s", (dialect) => {
  test("records that were there before get an inventory beside them", async (context) => {
    const database = await openDialect(await emptyDatabase(context, dialect), dialect);
    await migrate(database, RECORD_MIGRATIONS);
    await database.query("insert into paths (key, path) values ('k', '/a')");
    await migrateProjection(database);
    await migrateProjection(database);
    expect(await database.query("select path from paths")).toEqual([{ path: "/a" }]);
    expect(await database.query("select key from api_endpoints")).toEqual([]);
    const subjects = await database.query("select distinct subject from merlon_migrations order by subject");
    expect(subjects).toHaveLength(2);
  });
});
