/**
 * After a change: how far it has got. The message grows from "on its way" to "active on 12/12 nodes in 0.8 s", with the
 * way back beside it.
 */
import type { Answer } from "../../postanalytics/api/routes.ts";
import { api, messageOf } from "../shell/api.ts";
import { tookText } from "../shell/format.ts";
import { toast } from "../shell/toasts.tsx";

const ASK_MS = 250;
/** After this long a node that has not followed is a matter for the page of nodes. */
const FOLLOW_MS = 30_000;

/** What a change did. */
export type Change = Answer<"applyException">;
type State = Answer<"policyState">;

/** What to say of a change. */
export interface Following {
  /** What was done, as the beginning of a sentence: `Exception for query.id`. */
  readonly what: string;
  readonly change: Change;
  /** Takes it back; absent where there is no way back. */
  readonly undo?: () => Promise<Change>;
  /** The change, or its undoing, is in force. */
  readonly onSettled?: () => void;
}

/** In words, how far a change has got. */
export function stateText(what: string, state: State, change: Change): string {
  const nodes = `${state.active}/${state.total} ${state.total === 1 ? "node" : "nodes"}`;
  if (state.generation > change.generation) return `${what}: in force, and changed again since`;
  if (state.generation < change.generation || state.active < state.total) return `${what}: active on ${nodes} …`;
  const took = state.tookMs === null ? "" : ` in ${tookText(state.tookMs)}`;
  return `${what}: active on ${nodes}${took}`;
}

function isSettled(state: State, change: Change): boolean {
  return (
    state.generation > change.generation || (state.generation === change.generation && state.active >= state.total)
  );
}

/** Shows how far a change has got, until every node has it. */
export async function followChange(following: Following): Promise<void> {
  const { what, change, undo, onSettled } = following;
  const action = undo === undefined ? {} : { action: { label: "undo", run: () => void takeBack(following) } };
  const say = toast({ tone: "plain", text: `${what}: on its way …`, ...action });
  const until = Date.now() + FOLLOW_MS;
  try {
    for (;;) {
      const state = await api.call("policyState", {});
      const text = stateText(what, state, change);
      if (isSettled(state, change)) {
        say({ tone: "good", text, ...action });
        onSettled?.();
        return;
      }
      if (Date.now() > until) {
        const late = state.nodes.filter(({ active }) => !active).map(({ id }) => id);
        say({ tone: "bad", text: `${text} Not yet on ${late.slice(0, 5).join(", ")}: look at the nodes.`, ...action });
        return;
      }
      say({ tone: "plain", text, ...action });
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  } catch (error) {
    say({ tone: "bad", text: `${what}: done, but how far it has got is unknown: ${messageOf(error)}`, ...action });
  }
}

async function takeBack({ what, undo, onSettled }: Following): Promise<void> {
  if (undo === undefined) return;
  try {
    const change = await undo();
    await followChange({ what: `${what} taken back`, change, ...(onSettled === undefined ? {} : { onSettled }) });
  } catch (error) {
    toast({ tone: "bad", text: `It could not be taken back: ${messageOf(error)}` });
  }
}
