/** The console's additions to the policy, kept in the console's tables, so that a restart loses none. */
import { z } from "zod";
import { MODES } from "../../core/verdict.ts";
import { LISTS } from "../../policy/ip-list.ts";
import { numberOf, textOf } from "../access/tables.ts";
import type { Database, Row } from "../store/database.ts";
import type { Change } from "./door.ts";
import { type Added, keyOfSource, type Overlay } from "./overlay.ts";

const draftSchema = z.object({
  match: z.object({
    host: z.string().optional(),
    method: z.string().optional(),
    path: z.string().optional(),
    point: z.string().optional(),
  }),
  ignore: z.object({ stamps: z.array(z.string()), types: z.array(z.string()) }),
  reason: z.string(),
  expiresAt: z.string(),
});
const sourceSchema = z.object({
  list: z.enum(LISTS),
  source: z.string(),
  expiresAt: z.string().nullable(),
  reason: z.string(),
});
const modeSchema = z.object({ mode: z.enum(MODES), reason: z.string() });
const MODE = "mode";

function addedOf<T>(schema: z.ZodType<T>, row: Row): Added<T> {
  const item = schema.parse(JSON.parse(textOf(row, "body")));
  return { item, by: textOf(row, "created_by"), at: numberOf(row, "created_at") };
}

/** Reads all of them. */
export async function readOverlay(database: Database): Promise<Overlay> {
  const rows = await database.query("select * from console_changes order by created_at, name");
  const ofKind = (kind: Change["kind"]): readonly Row[] => rows.filter((row) => row["kind"] === kind);
  const [mode] = ofKind("mode");
  return {
    exceptions: new Map(ofKind("exception").map((row) => [textOf(row, "name"), addedOf(draftSchema, row)])),
    sources: new Map(ofKind("source").map((row) => [textOf(row, "name"), addedOf(sourceSchema, row)])),
    mode: mode === undefined ? null : addedOf(modeSchema, mode),
  };
}

/** Keeps one change. */
export async function keepChange(database: Database, change: Change, by: string, at: number): Promise<void> {
  const { name, body } = rowOf(change);
  await database.transaction(async (inside) => {
    await inside.query("delete from console_changes where kind = ? and name = ?", [change.kind, name]);
    if (body === null) return;
    await inside.query(
      "insert into console_changes (kind, name, created_by, created_at, body) values (?, ?, ?, ?, ?)",
      [change.kind, name, by, at, JSON.stringify(body)],
    );
  });
}

function rowOf(change: Change): { readonly name: string; readonly body: object | null } {
  switch (change.kind) {
    case "exception":
      return { name: change.name, body: change.draft };
    case "source":
      return { name: keyOfSource(change.list, change.source), body: change.entry };
    case "mode":
      return { name: MODE, body: { mode: change.mode, reason: change.reason } };
  }
}
