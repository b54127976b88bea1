/** The way from the log into the database: nothing stops it for ever, and what cannot pass is counted. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { recordEntry } from "../../../../hosts/postanalytics/store/log-entry.ts";
import { RecordLog } from "../../../../hosts/postanalytics/store/record-log.ts";
import { SegmentLog } from "../../../../hosts/postanalytics/store/segment-log.ts";
import { sampleRecord } from "../../records/sample.ts";
import { DIALECTS, emptyDatabase, openDialect, temporaryFolder } from "./stage.ts";

test.for(DIALECTS)("a record that the database refuses holds up no other, in %s", async (dialect, context) => {
  const folder = join(temporaryFolder(), "log");
  const segments = await SegmentLog.open(folder);
  const [one, other] = [sampleRecord(), sampleRecord()];
  // No node sends it and the intake refuses it; a count that no column holds stands for whatever may come.
  const odd = sampleRecord({ sampled: { kept: true, group: "g", count_since_last: 2 ** 60 } });
  const broken = Buffer.from(`R${sampleRecord().id}{"half`);
  await segments.append([recordEntry(one), recordEntry(odd), broken, recordEntry(other)]);
  await segments.close();
  const database = await openDialect(await emptyDatabase(context, dialect), dialect);
  const refused: string[] = [];
  const log = await RecordLog.open(folder, database, { events: { refused: (id) => refused.push(id) } });
  onTestFinished(() => log.close());
  await log.projection.settled();
  const rows = await database.query("select id from records order by id");
  expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining([one.id, other.id]));
  expect(log.projection.refused).toBe(2);
  expect(refused).toContain(broken.toString("latin1", 1, 27));
});
