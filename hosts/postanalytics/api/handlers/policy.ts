/** The policy in force, which nodes run it, what it says of a request, and its mode. */
import type { ApiParts, Handlers } from "../context.ts";

type PolicyHandlers = Pick<Handlers, "policy" | "policyState" | "explainPolicy" | "setMode">;

/** The handlers. */
export function policyHandlers({ policy, lens, now }: ApiParts): PolicyHandlers {
  return {
    async policy() {
      const { name, origin, text, additions, policy: inForce, generation, sha256, since } = policy.current();
      const yaml = `${text.trimEnd()}\n${additions}`;
      return { name, generation, sha256, mode: inForce.mode, source: origin, since, yaml };
    },

    async policyState({ who }) {
      const { nodes, ...progress } = await policy.progress();
      // Names of nodes are for those who see the whole site.
      const shown = who.tenants === null ? nodes.map((node) => ({ ...node })) : [];
      return { ...progress, nodes: shown };
    },

    async explainPolicy({ body }) {
      const { policy: inForce, overlay } = policy.current();
      const [path = "/"] = body.path.split(/[?#]/, 1);
      const said = lens.explain(inForce, overlay, { ...body, path }, Math.floor(now() / 1000));
      return { ...said, steps: [...said.steps], exceptions: [...said.exceptions] };
    },

    async setMode({ body, who, note }) {
      const before = policy.current().policy.mode;
      const change = { kind: "mode", mode: body.mode, reason: body.reason } as const;
      const { name, generation, since } = await policy.apply(change, who.name);
      note({ object: name, before: { mode: before }, after: { mode: body.mode, reason: body.reason } });
      return { name, generation, at: since };
    },
  };
}
