/** What the core looks at in a request, value by value, as its trace tells: for tests of parsers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Engine } from "../../hosts/core/engine.ts";
import { ROOT } from "../tools/component.ts";
import type { Asked } from "./requests.ts";

const engine = Engine.load({ wasm: readFileSync(join(ROOT, "build/merlon.checked.wasm")) });

/** One layer of a value that was looked at. */
export interface Looked {
  readonly point: string;
  readonly place: string;
  /** `raw`, `raw>form` … */
  readonly decoders: string;
  /** At most 128 bytes, one a character. */
  readonly text: string;
  readonly offset: number;
  readonly size: number;
}

/** Sends a request and tells every layer looked at, in order. */
export function lookedAt({
  method = "GET",
  target = "/",
  fields = [],
  type,
  body = "",
  trailers = [],
}: Asked): Looked[] {
  const trace = engine.trace(() => {
    const transaction = engine.begin("192.0.2.1", 0);
    const rawHeaders = [...fields.flat(), ...(type === undefined ? [] : ["content-type", type])];
    transaction.head({ method, target, authority: "shop.example", scheme: "http", rawHeaders });
    transaction.body(typeof body === "string" ? Buffer.from(body, "latin1") : body);
    if (trailers.length > 0) transaction.trailers(trailers.flat());
    transaction.end();
    transaction.free();
  });
  if (trace.dropped > 0 || engine.counters.traps > 0) throw new Error("the trace is not whole");
  return trace.entries.map(({ point, place, decoders, excerpt, offset, size }) => ({
    point,
    place,
    decoders: decoders.join(">"),
    text: Buffer.from(excerpt).toString("latin1"),
    offset,
    size,
  }));
}

/** The values found in some places, each in its first reading: `name=value` or `point=value`. */
export function valuesIn(looked: readonly Looked[], places: readonly string[], decoders: readonly string[]): string[] {
  return looked
    .filter((one) => places.includes(one.place) && decoders.includes(one.decoders))
    .map(({ point, text }) => `${point}=${text}`);
}
