/** The console around its views: who is signed in, the ways between views, keys, theme, and what is wrong right now. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { OperationName } from "../../postanalytics/api/operations.ts";
import { api, messageOf, SIGNED_OUT, useReachable } from "./api.ts";
import { Dialog } from "./dialog.tsx";
import { boundKeys, press, useKeys } from "./keys.ts";
import { Boundary, Empty, Loading, Problem } from "./notice.tsx";
import { goTo, hrefOf, type Route, useRoute } from "./route.ts";
import { refusalOf, type Session, SessionContext } from "./session.ts";
import { FirstPassword, SignIn, spendLink } from "./sign-in.tsx";
import { keptTheme, nextTheme, setTheme } from "./theme.ts";
import { Toasts, toast } from "./toasts.tsx";

const RETRY_MS = 5000;

/** One view of the console. */
export interface View {
  /** Its name in the address. */
  readonly page: string;
  /** Its name in the navigation; null for one that is reached from another. */
  readonly label: string | null;
  readonly group: string;
  /** What it cannot be without; who may not ask that is not shown the way. */
  readonly needs: OperationName;
  readonly show: (route: Route) => ComponentChildren;
}

type Standing = { readonly session: Session } | { readonly reason: string | null } | null;

/** @param views in the order of the navigation */
export function App({ views }: { readonly views: readonly View[] }) {
  const [standing, setStanding] = useState<Standing>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const ask = useCallback(async (): Promise<void> => {
    const spent = await spendLink();
    if (spent !== null) return setStanding({ reason: spent });
    try {
      setStanding({ session: await api.call("session", {}) });
      setFailure(null);
    } catch (error) {
      setFailure(error);
    }
  }, []);
  useEffect(() => {
    const out = (): void => {
      setFailure(null);
      setStanding((before) => {
        if (before !== null && "reason" in before) return before;
        return { reason: before === null ? null : "Your session is over: sign in again." };
      });
    };
    const keyed = (event: KeyboardEvent): void => void press(event);
    addEventListener(SIGNED_OUT, out);
    addEventListener("keydown", keyed);
    void ask();
    return () => {
      removeEventListener(SIGNED_OUT, out);
      removeEventListener("keydown", keyed);
    };
  }, [ask]);
  if (standing === null) {
    return (
      <main class="sign-in">
        {failure === null ? <Loading /> : <Problem error={failure} retry={() => void ask()} />}
      </main>
    );
  }
  if (!("session" in standing)) {
    return <SignIn reason={standing.reason} onSignedIn={(session) => setStanding({ session })} />;
  }
  if (standing.session.mustChangePassword) return <FirstPassword onDone={() => void ask()} />;
  return (
    <SessionContext.Provider value={standing.session}>
      <Shell views={views} session={standing.session} onSignedOut={() => setStanding({ reason: null })} />
    </SessionContext.Provider>
  );
}

interface ShellProps {
  readonly views: readonly View[];
  readonly session: Session;
  readonly onSignedOut: () => void;
}

function Shell({ views, session, onSignedOut }: ShellProps) {
  const route = useRoute();
  const [isHelping, setIsHelping] = useState(false);
  const [isMenuOpen, setIsMenuOpen] = useState(false);
  const allowed = views.filter(({ needs }) => refusalOf(session, needs) === null);
  const view = views.find(({ page }) => page === route.page);
  const place = `${route.page}/${route.id}`;
  // A new place closes the menu.
  useEffect(() => setIsMenuOpen(false), [place]);
  useEffect(() => {
    document.title = view?.label === undefined || view.label === null ? "Merlon" : `${view.label} · Merlon`;
  }, [view]);
  useKeys("Everywhere", [{ key: "?", says: "show what the keys do", run: () => setIsHelping(true) }]);
  const leave = async (): Promise<void> => {
    try {
      await api.call("logout", {});
      onSignedOut();
    } catch (error) {
      toast({ tone: "bad", text: messageOf(error) });
    }
  };
  return (
    <div class={`shell ${isMenuOpen ? "menu-open" : ""}`}>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        to the content
      </button>
      <header class="bar">
        <button
          type="button"
          class="quiet menu-button"
          aria-label="menu"
          aria-expanded={isMenuOpen}
          onClick={() => setIsMenuOpen(!isMenuOpen)}
        >
          ☰
        </button>
        <a class="brand" href={hrefOf("attacks")}>
          <img src="/icon.svg" alt="" width="22" height="22" /> Merlon
        </a>
        <FindReference />
        <span class="grow" />
        <button type="button" class="quiet" title="what the keys do" onClick={() => setIsHelping(true)}>
          ?
        </button>
        <ThemeSwitch />
        <span class="who" title={session.tenants === null ? "all applications" : session.tenants.join(", ")}>
          {session.name} <small>{session.role}</small>
        </span>
        <button type="button" class="quiet" onClick={() => void leave()}>
          Sign out
        </button>
      </header>
      <Navigation views={allowed} page={route.page} version={session.version} />
      <main id="main" tabIndex={-1}>
        <Offline />
        <Boundary place={place}>
          {view === undefined || !allowed.includes(view) ? <Lost view={view} session={session} /> : view.show(route)}
        </Boundary>
      </main>
      <Toasts />
      {isHelping && <KeyHelp onClose={() => setIsHelping(false)} />}
    </div>
  );
}

function Lost({ view, session }: { readonly view: View | undefined; readonly session: Session }) {
  if (view === undefined) {
    return (
      <Empty title="There is no such view">
        <p>
          The address may be cut off. <a href={hrefOf("attacks")}>To the attacks</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="Not for your role">
      <p>{refusalOf(session, view.needs)}. An admin can change that.</p>
    </Empty>
  );
}

function Navigation(props: { readonly views: readonly View[]; readonly page: string; readonly version: string }) {
  const { views, page, version } = props;
  const groups = [...new Set(views.filter(({ label }) => label !== null).map(({ group }) => group))];
  return (
    <nav aria-label="views">
      {groups.map((group) => (
        <section key={group}>
          {group !== "" && <h2>{group}</h2>}
          {views
            .filter((view) => view.group === group && view.label !== null)
            .map((view) => (
              <a key={view.page} href={hrefOf(view.page)} aria-current={view.page === page ? "page" : undefined}>
                {view.label}
              </a>
            ))}
        </section>
      ))}
      <small class="version">{version}</small>
    </nav>
  );
}

/** What a blocked client was shown leads to its record. */
function FindReference() {
  const find = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    const ref = `${new FormData(form).get("ref") ?? ""}`.trim().toUpperCase();
    if (ref === "") return;
    form.reset();
    goTo(hrefOf("record", ref));
  };
  return (
    <form class="find" aria-label="reference" onSubmit={find}>
      <input name="ref" placeholder="reference of a blocked request" aria-label="reference" maxLength={26} />
    </form>
  );
}

const THEME_SIGNS = { system: "◐", light: "☀", dark: "☾" } as const;

function ThemeSwitch() {
  const [theme, setShown] = useState(keptTheme());
  const change = (): void => {
    const next = nextTheme(theme);
    setTheme(next);
    setShown(next);
  };
  return (
    <button type="button" class="quiet" title={`colours: ${theme}`} aria-label={`colours: ${theme}`} onClick={change}>
      {THEME_SIGNS[theme]}
    </button>
  );
}

/** Says that the server does not answer, and asks until it does. */
function Offline() {
  const isReachable = useReachable();
  useEffect(() => {
    if (isReachable) return undefined;
    const timer = setInterval(() => void api.call("session", {}).catch(() => {}), RETRY_MS);
    return () => clearInterval(timer);
  }, [isReachable]);
  if (isReachable) return null;
  return (
    <div class="offline" role="alert">
      The console does not answer: what you see may be old. It is asked again every {RETRY_MS / 1000} seconds.
    </div>
  );
}

function KeyHelp({ onClose }: { readonly onClose: () => void }) {
  const [groups] = useState(boundKeys);
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div class="key-help">
        {groups.map(({ title, bindings }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {bindings.map(({ key, says }) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{says}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
