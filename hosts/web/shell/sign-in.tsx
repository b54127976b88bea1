/** Signing in: by name and password, by an identity provider, and the first change of a password made by others. */
import { api, messageOf } from "./api.ts";
import { Loading, Problem } from "./notice.tsx";
import { useResource } from "./resource.ts";
import type { Session } from "./session.ts";
import { useSubmit } from "./submit.ts";

const KEY = /^#k=([\w-]{1,64})$/;

/**
 * Spends the key of a one-time link, if the address has one; it leaves the address first.
 * @returns why the link does not open; null where there was none or it did
 */
export async function spendLink(): Promise<string | null> {
  const [, key] = KEY.exec(location.hash) ?? [];
  if (key === undefined) return null;
  history.replaceState(null, "", location.pathname);
  try {
    await api.call("openLink", { body: { key } });
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** What the sign-in page needs. */
export interface SignInProps {
  /** Why somebody is here who was signed in, or had a link. */
  readonly reason: string | null;
  readonly onSignedIn: (session: Session) => void;
}

/** The sign-in page. */
export function SignIn({ reason, onSignedIn }: SignInProps) {
  const methods = useResource("methods", () => api.call("loginMethods", {}));
  const { isBusy, problem, onSubmit } = useSubmit(async (field) => {
    onSignedIn(await api.call("login", { body: { name: field("name"), password: field("password") } }));
    return false;
  });
  const { value } = methods;
  return (
    <main class="sign-in">
      <h1>
        <img src="/icon.svg" alt="" width="28" height="28" /> Merlon
      </h1>
      {reason !== null && <Problem error={new Error(reason)} />}
      {methods.error !== null && <Problem error={methods.error} retry={methods.reload} />}
      {value === null && methods.isLoading && <Loading lines={3} />}
      {value?.password === true && (
        <form onSubmit={onSubmit}>
          <label>
            Name <input name="name" autocomplete="username" required maxLength={128} />
          </label>
          <label>
            Password
            <input name="password" type="password" autocomplete="current-password" required maxLength={256} />
          </label>
          {problem !== null && <Problem error={problem} />}
          <button type="submit" class="primary" disabled={isBusy}>
            Sign in
          </button>
        </form>
      )}
      {value?.oidc !== null && value?.oidc !== undefined && (
        <a class="button" href="/api/v1/session/oidc">
          {value.oidc.label}
        </a>
      )}
      <p class="soft">
        The first start of the console prints the password of <code>admin</code> once.
      </p>
    </main>
  );
}

/** The page for those whose password somebody else has seen. */
export function FirstPassword({ onDone }: { readonly onDone: () => void }) {
  const { isBusy, problem, onSubmit } = useSubmit(async (field) => {
    if (field("next") !== field("again")) throw new Error("the two new passwords differ; type the same one twice");
    await api.call("changePassword", { body: { current: field("current"), next: field("next") } });
    onDone();
    return false;
  });
  return (
    <main class="sign-in">
      <h1>A password of your own</h1>
      <p>Somebody else has seen this one. Take at least 12 characters; four words will do.</p>
      <form onSubmit={onSubmit}>
        <label>
          Present password <input name="current" type="password" autocomplete="current-password" required />
        </label>
        <label>
          New password
          <input name="next" type="password" autocomplete="new-password" required minLength={12} maxLength={256} />
        </label>
        <label>
          Again <input name="again" type="password" autocomplete="new-password" required maxLength={256} />
        </label>
        {problem !== null && <Problem error={problem} />}
        <button type="submit" class="primary" disabled={isBusy}>
          Change it
        </button>
      </form>
    </main>
  );
}
