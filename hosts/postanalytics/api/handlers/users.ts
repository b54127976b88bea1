/** Users, API tokens and the audit log. */
import { isAtLeast } from "../../access/identity.ts";
import type { User, UserRefusal } from "../../access/users.ts";
import type { ApiParts, Handlers } from "../context.ts";
import { Problem } from "../problem.ts";
import type { Answer } from "../routes.ts";

type UserHandlers = Pick<
  Handlers,
  | ("users" | "addUser" | "changeUser" | "resetPassword" | "removeUser")
  | ("tokens" | "addToken" | "removeToken" | "audit")
>;

const DAY_MS = 86_400_000;

const REFUSALS: Readonly<Record<UserRefusal, () => Problem>> = {
  exists: () => new Problem("CONFLICT", "there is a user of this name — choose another", { field: "body.name" }),
  unknown: () => new Problem("NOT_FOUND", "there is no such user — it may have been removed already"),
  "last admin": () => new Problem("CONFLICT", "nobody would be left to mend anything — make another admin first"),
  "too many": () => new Problem("CONFLICT", "there are too many users — remove those who are gone"),
  "no password": () => new Problem("CONFLICT", "an identity provider vouches for this user — change it there"),
};

/** @returns what is no refusal; @throws Problem */
function unlessRefused<T extends object>(outcome: T | UserRefusal): T {
  if (typeof outcome === "string") throw REFUSALS[outcome]();
  return outcome;
}

function shown({ mustChangePassword: _must, tenants, ...user }: User): Answer<"changeUser"> {
  return { ...user, tenants: tenants === null ? null : [...tenants] };
}

function auditable({ role, tenants, locked }: User): object {
  return { role, tenants, locked };
}

/** The handlers. */
export function userHandlers({ users, sessions, apiTokens, audit }: ApiParts): UserHandlers {
  return {
    async users() {
      return { items: (await users.list()).map(shown) };
    },

    async addUser({ body: { name, role, tenants }, note }) {
      const { password } = unlessRefused(await users.add(name, role, tenants));
      note({ object: name, after: { role, tenants } });
      return { name, password };
    },

    async changeUser({ path, body, note }) {
      const { before, after } = unlessRefused(await users.change(path.name, body));
      note({ object: path.name, before: auditable(before), after: auditable(after) });
      if (after.locked) await sessions.endAllOf(path.name);
      return shown(after);
    },

    async resetPassword({ path, note }) {
      const { password } = unlessRefused(await users.resetPassword(path.name));
      await sessions.endAllOf(path.name);
      note({ object: path.name });
      return { name: path.name, password };
    },

    async removeUser({ path, note }) {
      const removed = unlessRefused(await users.remove(path.name));
      note({ object: path.name, before: auditable(removed) });
      return { done: true };
    },

    async tokens({ who }) {
      const all = await apiTokens.list(who.role === "admin" && who.tenants === null ? null : who.name);
      const items = all.map(({ tenants, user, ...rest }) => {
        return { ...rest, user, createdBy: user, tenants: tenants === null ? null : [...tenants] };
      });
      return { items };
    },

    async addToken({ body: { name, role, tenants, days }, who, note }) {
      if (who.by === "token") throw new Problem("FORBIDDEN", "a token cannot make tokens — sign in");
      if (who.mustChangePassword) throw new Problem("PASSWORD_CHANGE", "change your password first");
      const isWithin = who.tenants === null || tenants?.every((one) => who.tenants?.includes(one)) === true;
      if (!isAtLeast(who.role, role) || !isWithin) {
        throw new Problem("FORBIDDEN", "a token can do no more than you — choose a weaker role or fewer applications");
      }
      const added = await apiTokens.add({ name, user: who.name, role, tenants, lifeMs: days * DAY_MS });
      if (added === null) throw new Problem("CONFLICT", "you have too many tokens — remove those not used");
      note({ object: name, after: { id: added.info.id, role, tenants, expiresAt: added.info.expiresAt } });
      return { id: added.info.id, token: added.token, expiresAt: added.info.expiresAt };
    },

    async removeToken({ path, who, note }) {
      const removed = await apiTokens.remove(path.id, who.role === "admin" && who.tenants === null ? null : who.name);
      if (removed === null) throw new Problem("NOT_FOUND", "there is no such token — it may have been removed already");
      note({ object: removed.name, before: { id: removed.id, user: removed.user, role: removed.role } });
      return { done: true };
    },

    async audit({ query: { who, action, limit, cursor } }) {
      const page = await audit.list({ who, action, limit, cursor });
      return { items: page.items.map((entry) => ({ ...entry, changes: [...entry.changes] })), next: page.next };
    },
  };
}
