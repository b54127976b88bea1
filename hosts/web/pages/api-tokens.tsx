/** Tokens with which programs use the API: with a role, an end, and shown once. */
import { useState } from "preact/hooks";
import { ROLES } from "../../postanalytics/api/operations.ts";
import type { Answer } from "../../postanalytics/api/routes.ts";
import { visible } from "../record/bytes.ts";
import { api } from "../shell/api.ts";
import { agoText, dayText } from "../shell/format.ts";
import { Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { attempt, useSubmit } from "../shell/submit.ts";
import { Once } from "./once.tsx";
import { isRole } from "./users-page.tsx";

const DAYS_DEFAULT = 90;

/** The tokens, and a form for another. */
export function ApiTokens() {
  const tokens = useResource("tokens", () => api.call("tokens", {}));
  const [made, setMade] = useState<{ readonly name: string; readonly token: string } | null>(null);
  const { isBusy, problem, onSubmit } = useSubmit(async (field) => {
    const [name, role, days] = [field("name").trim(), field("role"), Number(field("days"))];
    if (!isRole(role)) return false;
    const { token } = await api.call("addToken", { body: { name, role, days } });
    setMade({ name, token });
    tokens.reload();
    return true;
  });
  const { value, error } = tokens;
  return (
    <section class="card" aria-label="tokens of programs">
      <h2>Tokens of programs</h2>
      {made !== null && <Once title={`Token ${made.name}`} secret={made.token} onDone={() => setMade(null)} />}
      <form class="add-form" onSubmit={onSubmit}>
        <label class="grow">
          For <input name="name" required maxLength={64} placeholder="nightly report" />
        </label>
        <label>
          Role
          <select name="role">
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {role}
              </option>
            ))}
          </select>
        </label>
        <label>
          Days <input name="days" type="number" min={1} max={365} defaultValue={String(DAYS_DEFAULT)} required />
        </label>
        <button type="submit" disabled={isBusy}>
          Make a token
        </button>
      </form>
      {problem !== null && <Problem error={problem} />}
      {error !== null && <Problem error={error} retry={tokens.reload} />}
      {value === null && error === null && <Loading lines={2} />}
      {value !== null && value.items.length > 0 && <TokenTable tokens={value.items} onChanged={tokens.reload} />}
    </section>
  );
}

interface TokenTableProps {
  readonly tokens: Answer<"tokens">["items"];
  readonly onChanged: () => void;
}

function TokenTable({ tokens, onChanged }: TokenTableProps) {
  const now = Date.now();
  const remove = async (id: string): Promise<void> => {
    await api.call("removeToken", { path: { id } });
    onChanged();
  };
  return (
    <table class="table">
      <thead>
        <tr>
          {["For", "Of", "Role", "Ends", "Last used", ""].map((title) => (
            <th key={title}>{title}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {tokens.map(({ id, name, user, role, expiresAt, lastUsedAt }) => (
          <tr key={id}>
            <td>{visible(name)}</td>
            <td>{visible(user)}</td>
            <td>{role}</td>
            <td>{expiresAt === null ? "never" : dayText(expiresAt)}</td>
            <td>{lastUsedAt === null ? "never" : agoText(lastUsedAt, now)}</td>
            <td>
              <button type="button" onClick={() => void attempt(() => remove(id))}>
                End
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
