/** Nodes, and the tokens with which they send records. */
import type { ApiParts, Handlers } from "../context.ts";
import { Problem } from "../problem.ts";

type NodeHandlers = Pick<Handlers, "nodes" | "nodeTokens" | "addNodeToken" | "removeNodeToken">;

const DAY_MS = 86_400_000;

/** The handlers. */
export function nodeHandlers({ nodes, nodeTokens }: ApiParts): NodeHandlers {
  return {
    async nodes() {
      return {
        items: nodes.list().map(({ traffic, ...node }) => {
          return { ...node, traffic: traffic === null ? null : { ...traffic, skipped: { ...traffic.skipped } } };
        }),
      };
    },

    async nodeTokens() {
      const items = (await nodeTokens.list(null)).map(({ id, name, user, createdAt, expiresAt, lastUsedAt }) => {
        return { id, node: name, createdBy: user, createdAt, expiresAt, lastUsedAt };
      });
      return { items };
    },

    async addNodeToken({ body, who, note }) {
      const lifeMs = body.days === null ? null : body.days * DAY_MS;
      const terms = { name: body.node, user: who.name, role: "viewer", tenants: null, lifeMs } as const;
      const added = await nodeTokens.add(terms);
      if (added === null) throw new Problem("CONFLICT", "there are too many tokens of nodes — remove those not used");
      note({ object: body.node, after: { id: added.info.id, expiresAt: added.info.expiresAt } });
      return { id: added.info.id, token: added.token, expiresAt: added.info.expiresAt };
    },

    async removeNodeToken({ path, note }) {
      const removed = await nodeTokens.remove(path.id, null);
      if (removed === null) throw new Problem("NOT_FOUND", "there is no such token — it may have been removed already");
      note({ object: removed.name, before: { id: removed.id } });
      return { done: true };
    },
  };
}
