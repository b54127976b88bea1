/** Exports: where records go on to. */
import type { SinkTerms } from "../../export/exports.ts";
import type { ApiParts, Handlers } from "../context.ts";
import { Problem } from "../problem.ts";

type ExportHandlers = Pick<Handlers, "exports" | "addExport" | "testExport" | "removeExport">;

const GONE = "there is no such export — it may have been removed already";

/** @returns a sink for the audit log, which hides secrets by their names; of an address the path may be one */
function shownSink(sink: SinkTerms): object {
  return "url" in sink ? { ...sink, url: new URL(sink.url).host } : sink;
}

/** The handlers. */
export function exportHandlers({ exports, checkSearch }: ApiParts): ExportHandlers {
  return {
    async exports() {
      return { items: [...(await exports.list())] };
    },

    async addExport({ body, note }) {
      const { problem } = checkSearch(body.where);
      if (problem !== null) throw new Problem("INVALID", `body.where: ${problem.message}`, { field: "body.where" });
      if (!(await exports.add(body.name, body.sink, body.where))) {
        throw new Problem("CONFLICT", "there is an export of this name — choose another", { field: "body.name" });
      }
      note({ object: body.name, after: { sink: shownSink(body.sink), where: body.where } });
      return { done: true };
    },

    async testExport({ path, note }) {
      const problem = await exports.test(path.id);
      if (problem === undefined) throw new Problem("NOT_FOUND", GONE);
      note({ object: path.id });
      return { delivered: problem === null, problem };
    },

    async removeExport({ path, note }) {
      const removed = await exports.remove(path.id);
      if (removed === null) throw new Problem("NOT_FOUND", GONE);
      note({ object: path.id, before: { kind: removed.kind, target: removed.target, where: removed.where } });
      return { done: true };
    },
  };
}
