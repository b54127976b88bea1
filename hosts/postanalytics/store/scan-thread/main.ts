/**
 * A thread that looks through blocks, so that a question about millions of records keeps nothing else waiting.
 * `../blocks/scanner.ts` starts several and hands all of them the same blocks, whose memory they share.
 */
import { parentPort } from "node:worker_threads";
import { decodeBlock } from "../blocks/block.ts";
import { RowPicker } from "../blocks/filter.ts";
import { groups } from "../blocks/group-scan.ts";
import { newest } from "../blocks/newest-scan.ts";
import { type Answers, GONE, type HeldBlock, type Told } from "../blocks/question.ts";
import { SmallTables } from "../blocks/small-tables.ts";
import { countRecords, tally } from "../blocks/tally-scan.ts";

const port = parentPort;
if (port === null) throw new Error("scan-thread runs only as a thread");

const held = new Map<number, HeldBlock>();
let tables = new SmallTables();

port.on("message", (told: Told) => {
  switch (told.tell) {
    case "hold":
      tables.add(told.entries);
      for (const block of told.blocks) held.set(block.id, block);
      return;
    case "drop":
      for (const id of told.ids) held.delete(id);
      return;
    case "forget":
      held.clear();
      tables = new SmallTables();
      return;
    default:
      respond(told);
  }
});

function respond(told: Told & { tell: "decode" | "ask" }): void {
  const { number } = told;
  try {
    const answer = told.tell === "ask" ? answerOf(told) : decoded(told);
    port?.postMessage({ number, answer });
  } catch (error) {
    port?.postMessage({ number, failure: error instanceof Error ? error.message : "an error" });
  }
}

function decoded({ blocks }: Told & { tell: "decode" }): unknown {
  return blocks.map(({ id, bytes }) => {
    const columns = decodeBlock(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const at of columns.at) {
      if (at < first) first = at;
      if (at > last) last = at;
    }
    const numbers = {
      findings: distinct(columns.finding),
      kinds: distinct(columns.kind),
      clients: distinct(columns.client),
    };
    return { block: { id, first, last, columns }, numbers, paths: columns.path.reduce((a, b) => Math.max(a, b), 0) };
  });
}

function distinct(numbers: Int32Array): Int32Array {
  return Int32Array.from(new Set(numbers));
}

function answerOf({ scope, question, sizes }: Told & { tell: "ask" }): Answers[keyof Answers] | typeof GONE | null {
  const blocks = scope.blocks.map((id) => held.get(id)).filter((block) => block !== undefined);
  if (blocks.length < scope.blocks.length) return GONE;
  const picker = new RowPicker(scope, sizes);
  switch (question.about) {
    case "count":
      return countRecords(question, blocks, picker);
    case "tally":
      return tally(question, blocks, picker, tables, sizes, scope.from);
    case "newest":
      return newest(question, blocks, picker);
    default:
      return groups(question, blocks, picker, tables, sizes);
  }
}

port.postMessage({ number: 0, answer: null });
