/**
 * Where the page is, kept in the address behind `#`, so that every view can be sent to a colleague:
 * `#/attacks?window=24h&where=type+%3D%3D+%22sqli%22`. The server sees none of it.
 */
import { useEffect, useState } from "preact/hooks";

/** Longest address that is read; what is beyond it is not of our making. */
const HASH_CHARACTERS_MAX = 8192;
const HOME = "attacks";

/** A place in the console. */
export interface Route {
  /** `attacks`, `record`, `exceptions` … */
  readonly page: string;
  /** What of that page, such as a record's id; empty for the page itself. */
  readonly id: string;
  readonly params: URLSearchParams;
}

/** Reads an address; what cannot be read is the home page. */
export function parseRoute(hash: string): Route {
  const [, path = "", query = ""] = /^#\/([^?]*)\??(.*)$/s.exec(hash.slice(0, HASH_CHARACTERS_MAX)) ?? [];
  const [page = "", ...rest] = path.split("/");
  return { page: page === "" ? HOME : page, id: decoded(rest.join("/")), params: new URLSearchParams(query) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** @param params those that are empty are left out */
export function hrefOf(page: string, id = "", params: Readonly<Record<string, string>> | URLSearchParams = {}): string {
  const entries = params instanceof URLSearchParams ? [...params] : Object.entries(params);
  const query = new URLSearchParams(entries.filter(([, value]) => value !== "")).toString();
  return `#/${page}${id === "" ? "" : `/${encodeURIComponent(id)}`}${query === "" ? "" : `?${query}`}`;
}

/** Goes to a place; the way back stays. */
export function goTo(href: string): void {
  location.hash = href;
}

/** Changes parameters of the place that the page is at. @param replace true for what is not worth a way back */
export function changeParams(changes: Readonly<Record<string, string>>, replace = false): void {
  const { page, id, params } = parseRoute(location.hash);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") params.delete(name);
    else params.set(name, value);
  }
  const href = hrefOf(page, id, params);
  if (href === location.hash) return;
  if (!replace) {
    location.hash = href;
    return;
  }
  history.replaceState(null, "", href);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The place that the page is at, kept up to date. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener("hashchange", follow);
    // The address may have changed before anybody listened.
    follow();
    return () => removeEventListener("hashchange", follow);
  }, []);
  return parseRoute(hash);
}
