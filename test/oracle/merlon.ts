/** Merlon as the oracle's tests ask it: a value in a request, and whether mode `block` would stop that. */
import { judge } from "../../hosts/cli/evaluation/judge.ts";
import { Engine } from "../../hosts/core/engine.ts";

/** Tells which values Merlon stops. */
export class Merlon {
  readonly #engine = Engine.load();

  /** @returns whether a request with this value in its query is stopped */
  stops(value: string): boolean {
    return this.stopsQuery(`q=${encodeURIComponent(value.toWellFormed())}`);
  }

  /** @returns whether a request with this query is stopped, which stands there as it is */
  stopsQuery(query: string): boolean {
    return judge(this.#engine, Buffer.from(`GET /shop?${query} HTTP/1.1\r\nHost: shop.example\r\n\r\n`)).blocked;
  }
}
