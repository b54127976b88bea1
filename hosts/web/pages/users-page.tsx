/** Who may do what: users with their roles and applications, and the tokens that programs use in their name. */
import { useState } from "preact/hooks";
import { ROLES, type Role } from "../../postanalytics/api/operations.ts";
import type { Answer } from "../../postanalytics/api/routes.ts";
import { visible } from "../record/bytes.ts";
import { api } from "../shell/api.ts";
import { agoText } from "../shell/format.ts";
import { Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { useSession } from "../shell/session.ts";
import { attempt, useSubmit } from "../shell/submit.ts";
import { ApiTokens } from "./api-tokens.tsx";
import { Once } from "./once.tsx";

const ROLE_SAYS: Readonly<Record<Role, string>> = {
  viewer: "viewer: reads",
  analyst: "analyst: also labels and weighs",
  editor: "editor: also changes what nodes do",
  admin: "admin: also users, tokens, exports",
};

type User = Answer<"users">["items"][number];

/** @returns the roles, for a choice */
export function isRole(name: string): name is Role {
  return ROLES.some((role) => role === name);
}

/** Names of applications as people write them; null for all. */
export function readTenants(text: string): string[] | null {
  const names = text.split(",").map((name) => name.trim());
  const kept = names.filter((name) => name !== "");
  return kept.length === 0 ? null : kept;
}

/** The page. */
export function UsersPage() {
  const users = useResource("users", () => api.call("users", {}));
  const [made, setMade] = useState<Answer<"addUser"> | null>(null);
  const { value, error } = users;
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>Users and tokens</h1>
      </header>
      {made !== null && <Once title={`Password of ${made.name}`} secret={made.password} onDone={() => setMade(null)} />}
      <AddUser
        onMade={(next) => {
          setMade(next);
          users.reload();
        }}
      />
      {error !== null && <Problem error={error} retry={users.reload} />}
      {value === null && error === null && <Loading />}
      {value !== null && (
        <div class="scroll">
          <table class="table">
            <thead>
              <tr>
                {["Name", "Role", "Applications", "Signs in by", "Last seen", ""].map((title) => (
                  <th key={title}>{title}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {value.items.map((user) => (
                <UserRow key={user.name} user={user} onChanged={users.reload} onPassword={setMade} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ApiTokens />
    </div>
  );
}

function AddUser({ onMade }: { readonly onMade: (made: Answer<"addUser">) => void }) {
  const { isBusy, problem, onSubmit } = useSubmit(async (field) => {
    const role = field("role");
    if (!isRole(role)) return false;
    const tenants = readTenants(field("tenants"));
    onMade(await api.call("addUser", { body: { name: field("name").trim(), role, tenants } }));
    return true;
  });
  return (
    <form class="card add-form" aria-label="add a user" onSubmit={onSubmit}>
      <label>
        Name <input name="name" required maxLength={128} autocomplete="off" />
      </label>
      <label>
        Role
        <select name="role">
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {ROLE_SAYS[role]}
            </option>
          ))}
        </select>
      </label>
      <label class="grow">
        Applications <input name="tenants" placeholder="all; or shop, blog" maxLength={2048} />
      </label>
      <button type="submit" class="primary" disabled={isBusy}>
        Add
      </button>
      {problem !== null && <Problem error={problem} />}
    </form>
  );
}

interface UserRowProps {
  readonly user: User;
  readonly onChanged: () => void;
  readonly onPassword: (made: Answer<"resetPassword">) => void;
}

function UserRow({ user, onChanged, onPassword }: UserRowProps) {
  const session = useSession();
  const { name, role, tenants, by, locked, lastLoginAt } = user;
  const isSelf = name === session.name;
  const [isSure, setIsSure] = useState(false);
  const change = (body: { role?: Role; locked?: boolean }): void => {
    void attempt(async () => {
      await api.call("changeUser", { path: { name }, body });
      onChanged();
    });
  };
  const remove = async (): Promise<void> => {
    await api.call("removeUser", { path: { name } });
    onChanged();
  };
  const reset = async (): Promise<void> => onPassword(await api.call("resetPassword", { path: { name } }));
  return (
    <tr class={locked ? "ended" : ""}>
      <td>
        <b>{visible(name)}</b> {locked && <span class="badge">locked</span>}
      </td>
      <td>
        <select
          value={role}
          disabled={isSelf}
          aria-label={`role of ${name}`}
          onChange={({ currentTarget: { value } }) => isRole(value) && change({ role: value })}
        >
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </td>
      <td>{tenants === null ? "all" : visible(tenants.join(", "))}</td>
      <td>{by === "oidc" ? "identity provider" : "password"}</td>
      <td>{lastLoginAt === null ? "never" : agoText(lastLoginAt, Date.now())}</td>
      <td class="row-actions">
        {by === "password" && (
          <button type="button" onClick={() => void attempt(reset)}>
            New password
          </button>
        )}
        <button type="button" disabled={isSelf} onClick={() => change({ locked: !locked })}>
          {locked ? "Unlock" : "Lock"}
        </button>
        <button type="button" disabled={isSelf} onClick={() => (isSure ? void attempt(remove) : setIsSure(true))}>
          {isSure ? "Really remove" : "Remove"}
        </button>
      </td>
    </tr>
  );
}
