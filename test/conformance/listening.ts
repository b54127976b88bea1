/** The core with its lines, which hosts do not ask for: read before a transaction is freed. */
import { type CoreTransaction, Engine } from "../../hosts/core/engine.ts";
import type { Inspector, Mode } from "../../hosts/core/verdict.ts";

/** An inspector that remembers what its hosts were told. */
export class Listening implements Inspector {
  readonly engine = Engine.load();
  readonly lines: string[] = [];
  readonly peers: string[] = [];
  /** Modes that routes have asked for. */
  readonly modes: (Mode | null)[] = [];

  begin(peer: string, nowSeconds: number): CoreTransaction {
    this.peers.push(peer);
    const transaction = this.engine.begin(peer, nowSeconds);
    const free = transaction.free.bind(transaction);
    transaction.free = () => {
      this.lines.push(transaction.line());
      free();
    };
    return transaction;
  }
}
