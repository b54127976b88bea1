/**
 * Injection into the query languages of document, graph and key-value stores. A file a way in: operators in names
 * (operator.ts), pieces of query documents (fragment.ts), script (script.ts), Cypher (cypher.ts), commands behind line
 * breaks (command.ts). Each says on top what an attack is and what is none.
 */
import { commandGate, commandLex } from "./command";
import { cypherGate, cypherLex } from "./cypher";
import { fragmentGate, fragmentLex } from "./fragment";
import { operatorGate, operatorLex } from "./operator";
import { scriptGate, scriptLex } from "./script";

/** Whether the current layer can hold such an attack. */
export function nosqliGate(): bool {
  return operatorGate() || fragmentGate() || scriptGate() || cypherGate() || commandGate();
}

/** Looks for such attacks in the current layer. */
export function nosqliLex(): void {
  operatorLex();
  fragmentLex();
  scriptLex();
  cypherLex();
  commandLex();
}
