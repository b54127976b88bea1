/** Signing in and out: password, one-time link, identity provider. */
import type { Identity, Way } from "../../access/identity.ts";
import type { Session } from "../../access/sessions.ts";
import type { User } from "../../access/users.ts";
import type { ApiParts, Call, Handlers } from "../context.ts";
import { cookieName, cookieOf, setCookie } from "../guard.ts";
import { Problem } from "../problem.ts";
import type { Answer } from "../routes.ts";
import { userNameSchema } from "../schema.ts";

type SessionHandlers = Pick<
  Handlers,
  "loginMethods" | "login" | "openLink" | "oidcStart" | "oidcReturn" | "session" | "logout" | "changePassword"
>;

const COOKIE_SECONDS = 400 * 86_400;
const OIDC_COOKIE = "merlon-login";
const OIDC_SECONDS = 600;

/** Sets the cookie of a new session; an old one of the same browser ends, so that none can be planted. */
async function begin(
  parts: ApiParts,
  { request, secure, header }: Pick<Call<"login">, "request" | "secure" | "header">,
  user: User,
  by: Way,
): Promise<Session> {
  const old = cookieOf(request, cookieName(secure));
  const before = old === "" ? null : await parts.sessions.find(old);
  if (before !== null) await parts.sessions.end(before.hash);
  const { token, session } = await parts.sessions.open(user.name, by);
  header("set-cookie", setCookie(cookieName(secure), token, COOKIE_SECONDS, secure));
  return session;
}

function answerOf({ version, policy }: ApiParts, who: Omit<Identity, "session">): Answer<"session"> {
  const { name, role, tenants, by, idleUntil, endsAt, mustChangePassword } = who;
  const shared = { name, role, tenants: tenants === null ? null : [...tenants], by, idleUntil, endsAt };
  return { ...shared, mustChangePassword, version, policyWrite: policy.write };
}

/** The page that ends a login elsewhere: a navigation of our own, which the strict cookie goes along with. */
function landing(target: string, words: string, status: number): Response {
  const refresh = status === 200 ? `<meta http-equiv="refresh" content="0;url=${target}">` : "";
  const shown = words.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Merlon</title>${refresh}
<p>${shown} <a href="${target}">Go on to the console</a></p></html>`;
  const headers = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };
  return new Response(html, { status, headers });
}

/** Where the provider sends browsers back to: the address that this one has used. */
function backAddress({ request, secure }: Pick<Call<"oidcStart">, "request" | "secure">): URL {
  return new URL(`${secure ? "https" : "http"}://${request.headers.get("host")}/api/v1/session/oidc/return`);
}

/** The handlers. */
export function sessionHandlers(parts: ApiParts): SessionHandlers {
  return { ...withUs(parts), ...elsewhere(parts), ...ofOneself(parts) };
}

function withUs(parts: ApiParts): Pick<Handlers, "loginMethods" | "login" | "openLink"> {
  const { users, logins, oidc, link } = parts;
  return {
    async loginMethods() {
      return { password: true, oidc: oidc === null ? null : { label: oidc.settings.label } };
    },

    async login(call) {
      const { name, password } = call.body;
      const shown = userNameSchema.safeParse(name).success ? name : "(no name)";
      const right = logins.enter(call.from, name);
      call.note({ object: shown });
      const user = await users.signIn(name, password);
      if (user === null) {
        throw new Problem(
          "LOGIN_FAILED",
          "name or password is wrong, or the user is locked — try again, or ask an admin",
        );
      }
      right();
      call.note({ object: shown, who: user.name });
      const session = await begin(parts, call, user, "password");
      return answerOf(parts, { ...user, ...session, by: "password" });
    },

    async openLink(call) {
      const right = logins.enter(call.from, "(link)");
      const user = link?.open(call.body.key) === true ? await users.find(parts.linkUser) : null;
      if (user === null || user.locked) {
        throw new Problem("LOGIN_FAILED", "this link was used already — take the new one that the terminal shows");
      }
      right();
      call.note({ object: user.name, who: user.name });
      const session = await begin(parts, call, user, "link");
      return answerOf(parts, { ...user, ...session, by: "link", mustChangePassword: false });
    },
  };
}

function elsewhere(parts: ApiParts): Pick<Handlers, "oidcStart" | "oidcReturn"> {
  const { users, logins, oidc } = parts;
  return {
    async oidcStart(call) {
      if (oidc === null) throw new Problem("NOT_FOUND", "no identity provider is set up — sign in with a password");
      logins.enter(call.from, "(oidc)")();
      const { address, state } = await oidc.depart(backAddress(call).href);
      const cookie = setCookie(OIDC_COOKIE, state, OIDC_SECONDS, call.secure, "Lax");
      return new Response(null, { status: 302, headers: { location: address, "set-cookie": cookie } });
    },

    async oidcReturn(call) {
      if (oidc === null) throw new Problem("NOT_FOUND", "no identity provider is set up — sign in with a password");
      const state = cookieOf(call.request, OIDC_COOKIE);
      const address = backAddress(call);
      address.search = new URL(call.request.url).search;
      const vouched = await oidc.arrive(address, state);
      call.header("set-cookie", setCookie(OIDC_COOKIE, "", 0, call.secure, "Lax"));
      if (typeof vouched === "string") return landing("/", `Not signed in: ${vouched}.`, 403);
      const user = await users.vouch(vouched.name, vouched.role, vouched.tenants);
      if (user === null) return landing("/", "Not signed in: this name belongs to a user with a password.", 403);
      if (user.locked) return landing("/", "Not signed in: this user is locked.", 403);
      call.note({ object: user.name, who: user.name });
      await users.noteLogin(user.name);
      await begin(parts, call, user, "oidc");
      return landing("/", "Signed in.", 200);
    },
  };
}

function ofOneself(parts: ApiParts): Pick<Handlers, "session" | "logout" | "changePassword"> {
  const { users, sessions, logins } = parts;
  return {
    async session({ who }) {
      return answerOf(parts, who);
    },

    async logout(call) {
      if (call.who.session === null) throw new Problem("CONFLICT", "a token has no session — remove the token instead");
      await sessions.end(call.who.session);
      call.note({ object: call.who.name });
      call.header("set-cookie", setCookie(cookieName(call.secure), "", 0, call.secure));
      call.header("clear-site-data", '"cache", "storage"');
      return { done: true };
    },

    async changePassword(call) {
      const { who, body } = call;
      if (who.session === null) throw new Problem("FORBIDDEN", "a token cannot change a password — sign in");
      const right = logins.enter(call.from, who.name);
      call.note({ object: who.name });
      if (body.next === body.current || body.next.toLowerCase() === who.name.toLowerCase()) {
        throw new Problem("INVALID", "body.next is the old one or your name — take another", { field: "body.next" });
      }
      if (!(await users.changePassword(who.name, body.current, body.next))) {
        throw new Problem("INVALID", "body.current is wrong — write the password of today", { field: "body.current" });
      }
      right();
      await sessions.endAllOf(who.name);
      const user = await users.find(who.name);
      if (user !== null) await begin(parts, call, user, who.by);
      return { done: true };
    },
  };
}
